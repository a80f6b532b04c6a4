//! Series that lie as chunks in memory, as a head exports them.

use mneme_model::chunk::{Chunk, RawSamples, merge_raw};
use mneme_model::{Exemplar, Labels, TimestampMs};

use super::{MetadataRow, Source};
use crate::Error;
use crate::meta::SeriesKey;

/// A series with its chunks, which may overlap and repeat samples.
#[derive(Clone, Debug)]
pub struct ChunkSeries {
    /// Its labels.
    pub labels: Labels,
    /// Its chunks, in any order.
    pub chunks: Vec<Chunk>,
    /// Its exemplars, in any order.
    pub exemplars: Vec<Exemplar>,
}

/// Series in memory.
#[derive(Debug, Default)]
pub struct ChunkSource {
    series: Vec<ChunkSeries>,
    metadata: Vec<MetadataRow>,
}

impl ChunkSource {
    /// Sorts `series`; those with the same labels become one.
    #[must_use]
    pub fn new(mut series: Vec<ChunkSeries>, metadata: Vec<MetadataRow>) -> Self {
        series.sort_by(|a, b| SeriesKey::order(a.labels.view(), b.labels.view()));
        series.dedup_by(|next, kept| {
            let same = next.labels == kept.labels;
            if same {
                kept.chunks.append(&mut next.chunks);
                kept.exemplars.append(&mut next.exemplars);
            }
            same
        });
        Self { series, metadata }
    }
}

impl Source for ChunkSource {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, series: usize) -> Labels {
        self.series[series].labels.clone()
    }

    fn bytes(&self, series: usize) -> u64 {
        self.series[series].chunks.iter().map(|chunk| chunk.data.len() as u64).sum()
    }

    fn windows(&mut self, series: usize, window_ms: i64, out: &mut Vec<TimestampMs>) -> Result<(), Error> {
        let start = |t: TimestampMs| window_start(t, window_ms);
        for chunk in self.series[series].chunks.iter().filter(|chunk| chunk.count > 0) {
            let (first, last) = (start(chunk.min_time), start(chunk.max_time));
            out.push(first);
            if last != first {
                out.push(last);
            }
            if last.saturating_sub(first) > window_ms {
                let broken = |error: mneme_model::chunk::Error| Error::Source(error.to_string());
                for sample in chunk.floats() {
                    out.push(start(sample.map_err(broken)?.t));
                }
                for sample in chunk.histograms() {
                    out.push(start(sample.map_err(broken)?.t));
                }
                out.dedup();
            }
        }
        Ok(())
    }

    fn read(
        &mut self,
        series: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut RawSamples,
    ) -> Result<(), Error> {
        let series = &self.series[series];
        merge_raw(&series.chunks, start, end, out)
            .map_err(|error| Error::Source(format!("{}: {error}", series.labels)))
    }

    fn exemplars(&mut self, series: usize, out: &mut Vec<Exemplar>) -> Result<(), Error> {
        out.extend_from_slice(&self.series[series].exemplars);
        Ok(())
    }

    fn metadata(&mut self) -> Result<Vec<MetadataRow>, Error> {
        Ok(self.metadata.clone())
    }
}

/// The start of the window that `t` lies in; the first window of all time is cut short.
pub(crate) fn window_start(t: TimestampMs, window_ms: i64) -> TimestampMs {
    t.checked_sub(t.rem_euclid(window_ms)).unwrap_or(TimestampMs::MIN)
}
