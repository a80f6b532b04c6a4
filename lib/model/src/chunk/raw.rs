//! Chunks read as they were written: integer histograms stay integer, hints are those that senders said.

use std::cmp::Ordering;
use std::mem::take;

use super::merge::compare_histograms;
use super::{Chunk, Encoding, Error, FloatSample, HistogramSample, to_float};
use crate::{Samples, TimestampMs, is_stale_nan, prefer_value};

/// Samples of one series as they were sent: floats as columns and histograms, each ascending in time without equal timestamps; a
/// time has a float or a histogram, never both. What is moved from store to store; queries read [`crate::Samples`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawSamples {
    /// Timestamps of the floats.
    pub t: Vec<TimestampMs>,
    /// Values of the floats, as long as `t`.
    pub v: Vec<f64>,
    /// Start timestamps of the floats: empty if none is known, else as long as `t`, 0 where unknown.
    pub st: Vec<TimestampMs>,
    /// Histograms.
    pub histograms: Vec<HistogramSample>,
}

impl RawSamples {
    /// Whether there is no sample at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.t.is_empty() && self.histograms.is_empty()
    }

    /// Forgets the samples, keeps the memory.
    pub fn clear(&mut self) {
        self.t.clear();
        self.v.clear();
        self.st.clear();
        self.histograms.clear();
    }

    /// Appends a float whose time is after every earlier float's. `st` is 0 if unknown.
    pub fn push_float(&mut self, t: TimestampMs, v: f64, st: TimestampMs) {
        if st != 0 && self.st.is_empty() {
            self.st.resize(self.t.len(), 0);
        }
        self.t.push(t);
        self.v.push(v);
        if st != 0 || !self.st.is_empty() {
            self.st.push(st);
        }
    }

    /// Appends samples in any order and with equal times; of several at one time one is kept by the rule of [`super::merge`].
    pub fn push_unordered(&mut self, mut floats: Vec<FloatSample>, mut histograms: Vec<HistogramSample>) {
        floats.sort_by(|a, b| a.t.cmp(&b.t).then_with(|| compare_floats(b, a)));
        floats.dedup_by_key(|sample| sample.t);
        histograms.sort_by(|a, b| a.t.cmp(&b.t).then_with(|| compare_samples(b, a)));
        histograms.dedup_by_key(|sample| sample.t);
        let mut floats = floats.into_iter().peekable();
        for histogram in histograms {
            while let Some(float) = floats.next_if(|float| float.t < histogram.t) {
                self.push_float(float.t, float.v, float.st);
            }
            match floats.next_if(|float| float.t == histogram.t) {
                Some(float) if histogram.histogram.is_stale() && !is_stale_nan(float.v) => {
                    self.push_float(float.t, float.v, float.st);
                }
                _ => self.histograms.push(histogram),
            }
        }
        for float in floats {
            self.push_float(float.t, float.v, float.st);
        }
    }

    /// The same for queries: histograms with float counts and with the hints that the samples show.
    #[must_use]
    pub fn into_samples(self) -> Samples {
        let histograms = self.histograms.into_iter().map(|sample| crate::HistogramPoint {
            t: sample.t,
            h: std::sync::Arc::new(to_float(&sample.histogram)),
            st: sample.st,
        });
        let mut samples = Samples { t: self.t, v: self.v, st: self.st, histograms: histograms.collect() };
        super::set_counter_resets(&mut samples);
        samples
    }
}

/// Appends the samples of `start..=end` of all `chunks` of one series to `out` as one ascending series, by the rule of
/// [`super::merge`]. `out`'s samples must be before `start`; on an error it may hold some of the samples.
pub fn merge_raw(
    chunks: &[Chunk],
    start: TimestampMs,
    end: TimestampMs,
    out: &mut RawSamples,
) -> Result<(), Error> {
    let wanted = || chunks.iter().filter(|chunk| chunk.count > 0 && chunk.overlaps(start, end));
    let in_columns = wanted().all(|chunk| chunk.encoding != Encoding::Histogram)
        && wanted().is_sorted_by(|a, b| a.max_time < b.min_time);
    if in_columns {
        return read_columns(wanted(), start, end, out);
    }
    let (mut floats, mut histograms) = (Vec::new(), Vec::new());
    for chunk in wanted() {
        for sample in chunk.floats() {
            let sample = sample?;
            if sample.t > end {
                break;
            }
            if sample.t >= start {
                floats.push(sample);
            }
        }
        for sample in chunk.histograms() {
            let sample = sample?;
            if sample.t > end {
                break;
            }
            if sample.t >= start {
                histograms.push(sample);
            }
        }
    }
    out.push_unordered(floats, histograms);
    Ok(())
}

/// Chunks of floats one after the other.
fn read_columns<'a>(
    mut chunks: impl Iterator<Item = &'a Chunk>,
    start: TimestampMs,
    end: TimestampMs,
    out: &mut RawSamples,
) -> Result<(), Error> {
    let (t, v, st) = (take(&mut out.t), take(&mut out.v), take(&mut out.st));
    let mut columns = Samples { t, v, st, histograms: Vec::new() };
    let result = chunks.try_for_each(|chunk| chunk.read(start, end, &mut columns));
    (out.t, out.v, out.st) = (columns.t, columns.v, columns.st);
    result
}

/// The greater is kept.
fn compare_floats(a: &FloatSample, b: &FloatSample) -> Ordering {
    if a.v.to_bits() == b.v.to_bits() {
        a.st.cmp(&b.st)
    } else if prefer_value(a.v, b.v) {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// The greater is kept.
fn compare_samples(a: &HistogramSample, b: &HistogramSample) -> Ordering {
    compare_histograms(&a.histogram, &b.histogram).then(a.st.cmp(&b.st))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{FloatChunkBuilder, HistogramChunkBuilder, merge};
    use crate::histogram::{AnyHistogram, FloatHistogram};
    use crate::stale_nan;

    fn floats(samples: &[(i64, f64)]) -> Chunk {
        let mut builder = FloatChunkBuilder::new(false);
        samples.iter().for_each(|(t, v)| builder.push(*t, *v, 0));
        builder.chunk()
    }

    fn histograms(samples: &[(i64, f64)]) -> Chunk {
        let mut builder = HistogramChunkBuilder::new();
        for (t, sum) in samples {
            let h = FloatHistogram { sum: *sum, count: 1.0, zero_count: 1.0, ..FloatHistogram::default() };
            builder.push(*t, &AnyHistogram::Float(h), 0);
        }
        builder.chunk()
    }

    #[test]
    fn what_is_merged_raw_is_what_is_merged_for_queries() {
        let chunks = [
            floats(&[(1, 1.0), (2, stale_nan()), (4, 7.0), (5, 1.0)]),
            floats(&[(2, -0.0), (3, 2.0), (4, 6.0)]),
            histograms(&[(3, stale_nan()), (4, 9.0), (6, 1.0)]),
            histograms(&[(3, stale_nan()), (4, 8.0), (6, 2.0), (7, stale_nan())]),
        ];
        for (start, end) in [(0, 10), (2, 4), (4, 6), (8, 9)] {
            let (mut raw, mut want) = (RawSamples::default(), Samples::default());
            merge_raw(&chunks, start, end, &mut raw).unwrap();
            merge(&chunks, start, end, &mut want).unwrap();
            let times: Vec<_> = raw.histograms.iter().map(|sample| sample.t).collect();
            let wanted: Vec<_> = want.histograms.iter().map(|sample| sample.t).collect();
            assert_eq!((raw.t.clone(), times), (want.t, wanted), "{start}..={end}");
            let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&raw.v), bits(&want.v));
        }
    }
}
