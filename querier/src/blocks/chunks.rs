//! Rows of blocks as chunks, so that they are merged and counted like those of ingesters.

use mneme_block::Error;
use mneme_block::read::BlockSeries;
use mneme_model::TimestampMs;
use mneme_model::chunk::{FloatChunkBuilder, HistogramChunkBuilder, RawSamples, SeriesBatch};

/// Samples of a chunk of floats.
const CHUNK_SAMPLES: usize = 4096;

/// What of a series' samples is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// Inclusive.
    pub(super) start: TimestampMs,
    /// Inclusive.
    pub(super) end: TimestampMs,
    /// Of the floats only the last one.
    pub(super) newest_only: bool,
}

/// The series with their samples in the range; those without are left out.
pub(super) fn batch(series: &[BlockSeries], range: Range) -> Result<SeriesBatch, Error> {
    let mut batch = SeriesBatch::new();
    let mut samples = RawSamples::default();
    for one in series {
        samples.clear();
        // The counter reset hint of a histogram depends on those before it, as far as they were read.
        let start = if one.is_floats() { range.start } else { TimestampMs::MIN };
        one.read_raw(start, range.end, &mut samples)?;
        let in_range = samples.t.last().is_some_and(|t| *t >= range.start)
            || samples.histograms.last().is_some_and(|sample| sample.t >= range.start);
        if in_range {
            batch.begin(one.labels.clone(), one.labels.view().identity());
            push_floats(&samples, range, &mut batch);
            push_histograms(&samples, &mut batch);
        }
    }
    Ok(batch)
}

/// All samples, behind those that the last series of the batch has.
pub(super) fn push_samples(samples: &RawSamples, batch: &mut SeriesBatch) {
    let range = Range { start: TimestampMs::MIN, end: TimestampMs::MAX, newest_only: false };
    push_floats(samples, range, batch);
    push_histograms(samples, batch);
}

fn push_floats(samples: &RawSamples, range: Range, batch: &mut SeriesBatch) {
    let first = samples.t.partition_point(|t| *t < range.start);
    let from = if range.newest_only { first.max(samples.t.len().saturating_sub(1)) } else { first };
    let with_st = !samples.st.is_empty();
    let mut builder = FloatChunkBuilder::new(with_st);
    for at in from..samples.t.len() {
        builder.push(samples.t[at], samples.v[at], samples.st.get(at).copied().unwrap_or(0));
        if builder.count() as usize >= CHUNK_SAMPLES {
            batch.push(builder.chunk());
            builder = FloatChunkBuilder::new(with_st);
        }
    }
    if builder.count() > 0 {
        batch.push(builder.chunk());
    }
}

fn push_histograms(samples: &RawSamples, batch: &mut SeriesBatch) {
    let mut builder = HistogramChunkBuilder::new();
    for sample in &samples.histograms {
        if !builder.fits(&sample.histogram) {
            batch.push(std::mem::take(&mut builder).chunk());
        }
        builder.push(sample.t, &sample.histogram, sample.st);
    }
    if !samples.histograms.is_empty() {
        batch.push(builder.chunk());
    }
}
