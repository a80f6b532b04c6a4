//! A series of a block: its labels, and its samples as they lie in the pages.

use mneme_model::chunk::RawSamples;
use mneme_model::{Labels, Samples, TimestampMs};

use super::group::Row;
use super::holes::Holes;
use crate::Error;
use crate::codec::Bad;
use crate::meta::FileKind;
use crate::rows::{Counts, assemble};

/// A series with its rows. The pages behind them are shared with the other series of the read; they are decoded when asked for.
#[derive(Clone, Debug)]
pub struct BlockSeries {
    /// The labels that were asked for.
    pub labels: Labels,
    pub(crate) floats: Vec<Row>,
    pub(crate) histograms: Vec<Row>,
    pub(crate) holes: Holes,
}

impl BlockSeries {
    /// Whether all samples are floats.
    #[must_use]
    pub fn is_floats(&self) -> bool {
        self.histograms.is_empty()
    }

    /// Samples in the rows that were read: somewhat more than those in the range.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.floats.iter().chain(&self.histograms).map(|row| u64::from(row.head.n)).sum()
    }

    /// Appends the samples of `start..=end` to `out`, whose samples must be before `start`. Hints of histograms are those that the
    /// samples show ([`mneme_model::chunk::set_counter_resets`]). On an error `out` may hold some of the samples.
    pub fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), Error> {
        if self.is_floats() {
            return self.read_floats(start, end, (&mut out.t, &mut out.v, &mut out.st));
        }
        // The hint of a histogram depends on the one before it.
        let mut raw = RawSamples::default();
        self.read_raw(TimestampMs::MIN, end, &mut raw)?;
        let samples = raw.into_samples();
        let range = start..=end;
        for (i, t) in samples.t.iter().enumerate().filter(|(_, t)| range.contains(t)) {
            out.push_float(*t, samples.v[i], samples.st.get(i).copied().unwrap_or(0));
        }
        out.histograms.extend(samples.histograms.into_iter().filter(|point| range.contains(&point.t)));
        Ok(())
    }

    /// Appends the samples of `start..=end` as they were sent. `out`'s samples must be before `start`.
    pub fn read_raw(&self, start: TimestampMs, end: TimestampMs, out: &mut RawSamples) -> Result<(), Error> {
        self.read_floats(start, end, (&mut out.t, &mut out.v, &mut out.st))?;
        let mut samples = Vec::new();
        for row in self.histograms.iter().filter(|row| row.head.t0 <= end) {
            samples.clear();
            read_histograms(row, &mut samples).map_err(|bad| row.bad(bad))?;
            let wanted = |t| (start..=end).contains(&t) && !self.holes.contain(t);
            for sample in samples.drain(..).filter(|sample| wanted(sample.t)) {
                if out.histograms.last().is_some_and(|last| last.t >= sample.t) {
                    return Err(row.bad(Bad("rows of a series overlap")));
                }
                out.histograms.push(sample);
            }
        }
        Ok(())
    }

    /// Whether a row has a sample in `start..=end` that is not deleted.
    pub(crate) fn has_samples(
        row: Row,
        kind: FileKind,
        holes: Holes,
        (start, end): (TimestampMs, TimestampMs),
    ) -> Result<bool, Error> {
        let mut one = Self { labels: Labels::default(), floats: Vec::new(), histograms: Vec::new(), holes };
        if kind == FileKind::Histograms {
            one.histograms.push(row);
        } else {
            one.floats.push(row);
        }
        let mut samples = RawSamples::default();
        one.read_raw(start, end, &mut samples)?;
        Ok(!samples.t.is_empty() || !samples.histograms.is_empty())
    }

    fn read_floats(
        &self,
        start: TimestampMs,
        end: TimestampMs,
        (t, v, st): (&mut Vec<TimestampMs>, &mut Vec<f64>, &mut Vec<TimestampMs>),
    ) -> Result<(), Error> {
        for row in self.floats.iter().filter(|row| row.head.t0 <= end) {
            let from = t.len();
            let columns = row.columns().map_err(|bad| row.bad(bad))?;
            columns.append((start, end), t, v, st).map_err(|error| row.bad(error.into()))?;
            if let (Some(first), Some(last)) = (t.get(from), t.last())
                && self.holes.overlap(*first, *last)
            {
                let keep: Vec<bool> = t[from..].iter().map(|t| !self.holes.contain(*t)).collect();
                retain(t, from, &keep);
                retain(v, from, &keep);
                if !st.is_empty() {
                    retain(st, from, &keep);
                }
            }
            if from > 0 && t.get(from).is_some_and(|first| *first <= t[from - 1]) {
                return Err(row.bad(Bad("rows of a series overlap")));
            }
        }
        Ok(())
    }
}

/// Keeps of the elements from `from` on those that are marked.
fn retain<T: Copy>(values: &mut Vec<T>, from: usize, keep: &[bool]) {
    let mut to = from;
    for (at, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
        values[to] = values[from + at];
        to += 1;
    }
    values.truncate(to);
}

fn read_histograms(row: &Row, out: &mut Vec<mneme_model::chunk::HistogramSample>) -> Result<(), Bad> {
    let layout = row.layout()?;
    let (mut t, mut sums, mut st) = (Vec::new(), Vec::new(), Vec::new());
    row.columns()?.append((TimestampMs::MIN, TimestampMs::MAX), &mut t, &mut sums, &mut st)?;
    st.resize(t.len(), 0);
    let mut counts = Counts::default();
    row.i64s(10, &mut counts.count)?;
    row.i64s(11, &mut counts.zero)?;
    row.i64s(12, &mut counts.bucket)?;
    row.f64s(13, &mut counts.count_f)?;
    row.f64s(14, &mut counts.zero_f)?;
    row.f64s(15, &mut counts.bucket_f)?;
    assemble(&layout, (&t, &sums, &st), counts, out)
}
