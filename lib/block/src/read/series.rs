//! A series of a block: its labels, and its samples as they lie in the pages.

use std::mem::take;
use std::sync::Arc;

use mneme_model::chunk::{Chunk, RawSamples};
use mneme_model::{Labels, Samples, TimestampMs};

use super::group::Row;
use super::holes::Holes;
use crate::Error;
use crate::codec::Bad;
use crate::rows::{Counts, assemble};

/// A series with its rows: floats as chunks, which lie in memory that is shared with other series of the read; histograms in their pages.
/// They are decoded when asked for.
#[derive(Clone, Debug, Default)]
pub struct BlockSeries {
    /// The labels that were asked for.
    pub labels: Labels,
    /// The file that the floats are of.
    pub(crate) file: Arc<str>,
    /// Without what is deleted, in the order of time.
    pub(crate) floats: Vec<Chunk>,
    pub(crate) histograms: Vec<Row>,
    /// When histograms are deleted.
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
        let histograms = self.histograms.iter().map(|row| row.head.n);
        self.floats.iter().map(|chunk| chunk.count).chain(histograms).map(u64::from).sum()
    }

    /// Appends the samples of `start..=end` to `out`, whose samples must be before `start`. Hints of histograms are those that the
    /// samples show ([`mneme_model::chunk::set_counter_resets`]). On an error `out` may hold some of the samples.
    pub fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), Error> {
        if self.is_floats() {
            return self.read_floats(start, end, out);
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
        let (t, v, st) = (take(&mut out.t), take(&mut out.v), take(&mut out.st));
        let mut floats = Samples { t, v, st, histograms: Vec::new() };
        let read = self.read_floats(start, end, &mut floats);
        (out.t, out.v, out.st) = (floats.t, floats.v, floats.st);
        read?;
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

    /// A row of floats alone.
    pub(crate) fn of_floats(chunk: Chunk) -> Self {
        Self { floats: vec![chunk], ..Self::default() }
    }

    /// A row of histograms alone.
    pub(crate) fn of_histograms(row: Row, holes: Holes) -> Self {
        Self { histograms: vec![row], holes, ..Self::default() }
    }

    /// Whether there is a sample in `start..=end` that is not deleted.
    pub(crate) fn has_samples(&self, (start, end): (TimestampMs, TimestampMs)) -> Result<bool, Error> {
        let mut samples = RawSamples::default();
        self.read_raw(start, end, &mut samples)?;
        Ok(!samples.t.is_empty() || !samples.histograms.is_empty())
    }

    fn read_floats(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), Error> {
        for chunk in &self.floats {
            let from = out.t.len();
            chunk.read(start, end, out).map_err(|error| self.bad(chunk, error.into()))?;
            if from > 0 && out.t.get(from).is_some_and(|first| *first <= out.t[from - 1]) {
                return Err(self.bad(chunk, Bad("rows of a series overlap")));
            }
        }
        Ok(())
    }

    /// An error in a row of floats.
    fn bad(&self, chunk: &Chunk, bad: Bad) -> Error {
        Error::Corrupt {
            key: self.file.to_string(),
            column: format!("row of series {} at {}", self.labels, chunk.min_time),
            offset: 0,
            reason: bad.0.to_owned(),
        }
    }
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
