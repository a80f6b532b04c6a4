//! Samples as they travel.

use mneme_model::{AnyHistogram, TimestampMs};

/// A float at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// When.
    pub t: TimestampMs,
    /// What, with all its bits.
    pub v: f64,
    /// The start timestamp, 0 if unknown; only 2.0 has them.
    pub st: TimestampMs,
}

/// A native histogram at a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistogramSample {
    /// When.
    pub t: TimestampMs,
    /// What.
    pub h: AnyHistogram,
    /// The start timestamp, 0 if unknown; only 2.0 has them.
    pub st: TimestampMs,
}
