//! Compressed samples of one series: what heads keep and what ingesters answer with.

use bytes::Bytes;

use crate::TimestampMs;

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
