//! Native histograms: sparse exponential buckets (schema -4..=8) and custom buckets (schema -53).
//!
//! Shapes and arithmetic follow Prometheus' `model/histogram` (native histogram specification, 2024-2026).

mod add;
mod bounds;
mod bucket;
mod classic;
mod compact;
mod custom;
mod display;
mod error;
mod exponential;
mod float;
mod go_float;
mod integer;
mod iter;
mod kahan;
mod layout;
mod quantile;
mod reduce;
mod reset;
mod reuse;
#[cfg(test)]
mod tests;
mod trim;
mod validate;
mod zero;

pub use add::Added;
pub use bounds::{
    EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MAX_RESERVED, EXPONENTIAL_SCHEMA_MIN,
    EXPONENTIAL_SCHEMA_MIN_RESERVED, bound, exponential_bound, is_custom_schema, is_exponential_schema,
    is_exponential_schema_reserved,
};
pub use bucket::{Bucket, PrintCount};
pub use classic::{ClassicError, ClassicHistogram, ClassicPart, classic_part};
pub use error::{Error, Place, Side};
pub use float::FloatHistogram;
pub use integer::Histogram;
pub use kahan::{KahanSum, kahan_add};
pub use quantile::NanObservations;

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
#[derive(Debug, PartialEq)]
pub enum AnyHistogram {
    /// Integer counts.
    Integer(Histogram),
    /// Float counts, e.g. from a recording rule.
    Float(FloatHistogram),
}

impl AnyHistogram {
    /// See [`FloatHistogram::validate`] and [`Histogram::validate`].
    ///
    /// # Errors
    /// The same.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Integer(h) => h.validate(),
            Self::Float(h) => h.validate(),
        }
    }

    /// The same with float counts.
    #[must_use]
    pub fn into_float(self) -> FloatHistogram {
        match self {
            Self::Integer(h) => h.to_float(),
            Self::Float(h) => h,
        }
    }

    /// See [`FloatHistogram::reduce_resolution`].
    ///
    /// # Errors
    /// The same.
    pub fn reduce_resolution(&mut self, target: i32) -> Result<(), Error> {
        match self {
            Self::Integer(h) => h.reduce_resolution(target),
            Self::Float(h) => h.reduce_resolution(target),
        }
    }

    /// See [`FloatHistogram::reduce_to_max_buckets`].
    ///
    /// # Errors
    /// The same.
    pub fn reduce_to_max_buckets(&mut self, limit: usize) -> Result<(), Error> {
        match self {
            Self::Integer(h) => h.reduce_to_max_buckets(limit),
            Self::Float(h) => h.reduce_to_max_buckets(limit),
        }
    }

    /// The schema: the resolution of exponential buckets, or [`CUSTOM_BUCKETS_SCHEMA`].
    #[must_use]
    pub fn schema(&self) -> i32 {
        match self {
            Self::Integer(h) => h.schema,
            Self::Float(h) => h.schema,
        }
    }

    /// Number of buckets stored, without the zero bucket.
    #[must_use]
    pub fn bucket_count(&self) -> usize {
        match self {
            Self::Integer(h) => h.bucket_count(),
            Self::Float(h) => h.bucket_count(),
        }
    }

    /// Whether this is the marker that the series ended here.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        match self {
            Self::Integer(h) => h.is_stale(),
            Self::Float(h) => h.is_stale(),
        }
    }
}
