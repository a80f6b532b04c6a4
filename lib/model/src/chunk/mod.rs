//! Compressed samples of one series: what heads keep, what ingesters answer with, what checkpoints hold.
//!
//! [`FloatChunkBuilder`] and [`HistogramChunkBuilder`] make [`Chunk`]s; [`Chunk::read`] decodes one, [`merge`] several that may
//! overlap. The bytes are described in `docs/formats/chunk.md`. Every reader treats the bytes as foreign: they are never
//! trusted, a broken chunk is an [`Error`].

mod batch;
mod bits;
mod columns;
mod counter_resets;
mod float_builder;
mod float_columns;
mod float_reader;
mod histogram_builder;
mod histogram_reader;
mod histogram_view;
mod merge;
mod planes;
mod point;
mod raw;
mod value;

use bytes::Bytes;

pub use batch::{BatchMark, BatchSize, SeriesBatch, SeriesView};
pub use columns::{Columns, MAX_COLUMN_SAMPLES, Values};
pub use counter_resets::set_counter_resets;
pub use float_builder::FloatChunkBuilder;
pub use float_reader::{FloatReader, FloatSample};
pub use histogram_builder::HistogramChunkBuilder;
pub use histogram_reader::{HistogramReader, HistogramSample, to_float};
pub use merge::{merge, merge_each, prefer_histogram};
pub use planes::Planes;
pub use point::Point;
pub use raw::{RawSamples, merge_raw};

use crate::{HistogramPoint, Samples, TimestampMs};

/// How a chunk's bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Encoding {
    /// Floats without start timestamps.
    Float = 1,
    /// Native histograms.
    Histogram = 2,
    /// Floats with start timestamps.
    FloatSt = 3,
    /// Floats as columns, with or without start timestamps ([`Columns`]): in answers only, never stored.
    Columns = 4,
}

impl Encoding {
    /// The encoding with this number on the wire; `None` for one that this version does not know.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Float),
            2 => Some(Self::Histogram),
            3 => Some(Self::FloatSt),
            4 => Some(Self::Columns),
            _ => None,
        }
    }

    /// Its number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Some samples of one series, ascending in time, compressed. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// How to read `data`.
    pub encoding: Encoding,
    /// Time of the first sample.
    pub min_time: TimestampMs,
    /// Time of the last sample.
    pub max_time: TimestampMs,
    /// How many samples.
    pub count: u32,
    /// The compressed samples.
    pub data: Bytes,
}

/// Why a chunk cannot be read: its bytes are not what a builder made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer bytes than the samples need.
    #[error("chunk ends before its last sample")]
    Truncated,
    /// Times do not ascend, or do not end at the chunk's `max_time`.
    #[error("chunk's timestamps are out of order or out of its bounds")]
    Time,
    /// A field with a value that no builder writes.
    #[error("chunk has an invalid {0}")]
    Invalid(&'static str),
    /// More histogram elements than any builder puts into one chunk.
    #[error("chunk's histograms are larger than a chunk may hold")]
    TooLarge,
}

impl Chunk {
    /// Appends the samples of `start..=end` to `out`, whose times must all be before `start` (or `out` empty).
    ///
    /// On an error `out` may already hold some of the samples.
    pub fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), Error> {
        if self.count == 0 || !self.overlaps(start, end) {
            return Ok(());
        }
        match self.encoding {
            // Columns are made in blocks, which is too much for one sample.
            Encoding::Float if self.count == 1 => self.read_floats(start, end, out),
            Encoding::Float => float_columns::read(self, start, end, out),
            Encoding::FloatSt => self.read_floats(start, end, out),
            Encoding::Columns => {
                Columns::parse(self)?.append((start, end), &mut out.t, &mut out.v, &mut out.st)
            }
            Encoding::Histogram => self.read_histograms(start, end, out),
        }
    }

    /// Whether the chunk's time range meets `start..=end`.
    #[must_use]
    pub fn overlaps(&self, start: TimestampMs, end: TimestampMs) -> bool {
        self.min_time <= end && start <= self.max_time
    }

    /// The float samples one by one; none where the chunk holds histograms.
    #[must_use]
    pub fn floats(&self) -> FloatReader<'_> {
        FloatReader::new(self)
    }

    /// The histograms one by one, as they were sent; none where the chunk holds floats.
    #[must_use]
    pub fn histograms(&self) -> HistogramReader<'_> {
        let count = if self.encoding == Encoding::Histogram { self.count } else { 0 };
        HistogramReader::new(self.min_time, self.max_time, count, &self.data)
    }

    fn read_floats(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), Error> {
        if start <= self.min_time && self.max_time <= end {
            // A sample takes at least two bits, so that a false count cannot make this reserve more than 64 times the bytes.
            let samples = (self.count as usize).min(self.data.len().saturating_mul(4).saturating_add(1));
            out.t.reserve(samples);
            out.v.reserve(samples);
        }
        for sample in self.floats() {
            let sample = sample?;
            if sample.t > end {
                break;
            }
            if sample.t >= start {
                out.push_float(sample.t, sample.v, sample.st);
            }
        }
        Ok(())
    }

    fn read_histograms(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), Error> {
        let mut reader = self.histograms();
        while let Some(t) = reader.next_time()? {
            if t > end {
                break;
            }
            if t >= start {
                out.histograms.push(HistogramPoint { t, h: reader.float()?, st: reader.st() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
