//! Native histograms: sparse exponential buckets (schema -4..=8) and custom buckets (schema -53).
//!
//! Shapes and arithmetic follow Prometheus' `model/histogram` (native histogram specification, 2024-2026).

mod float;
mod integer;

pub use float::FloatHistogram;
pub use integer::Histogram;

/// The schema number of histograms with custom bucket boundaries (NHCB).
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;

/// A run of consecutive buckets: `offset` is the gap to the end of the previous span (for the first: the index of its
/// first bucket), `length` how many buckets follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Gap to the previous span, or start of the first.
    pub offset: i32,
    /// Number of consecutive buckets.
    pub length: u32,
}

/// What is known of a counter reset between this histogram and the one before it in its series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CounterResetHint {
    /// Must be found out by comparing.
    #[default]
    Unknown = 0,
    /// There was a reset.
    CounterReset = 1,
    /// There was none.
    NotCounterReset = 2,
    /// A gauge histogram: resets mean nothing.
    Gauge = 3,
}

/// A native histogram as it was sent: with integer or with float counts.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyHistogram {
    /// Integer counts.
    Integer(Histogram),
    /// Float counts, e.g. from a recording rule.
    Float(FloatHistogram),
}
