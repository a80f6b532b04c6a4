//! One bucket, with its bounds.

use std::fmt;

use super::go_float::g;

/// A bucket with absolute count and bounds. `C` is `f64` or `u64`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bucket<C = f64> {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Whether an observation at `lower` is in it.
    pub lower_inclusive: bool,
    /// Whether an observation at `upper` is in it.
    pub upper_inclusive: bool,
    /// Observations.
    pub count: C,
    /// Index within schema and sign; meaningless for the zero bucket.
    pub index: i64,
}

impl<C> Bucket<C> {
    /// How Prometheus' HTTP API writes which bounds are inclusive: 0 the upper, 1 the lower, 2 none, 3 both.
    #[must_use]
    pub fn boundary_rule(&self) -> u8 {
        match (self.lower_inclusive, self.upper_inclusive) {
            (false, true) => 0,
            (true, false) => 1,
            (false, false) => 2,
            (true, true) => 3,
        }
    }

    /// The share of the bucket's width that lies below `v`, which is strictly inside finite bounds: linear, or on a
    /// logarithmic scale as fits exponential buckets.
    #[must_use]
    pub fn fraction_below(&self, v: f64, linear: bool) -> f64 {
        if linear {
            return (v - self.lower) / (self.upper - self.lower);
        }
        let (lower, upper, at) = (self.lower.abs().log2(), self.upper.abs().log2(), v.abs().log2());
        if v > 0.0 { (at - lower) / (upper - lower) } else { 1.0 - (at - upper) / (lower - upper) }
    }
}

/// Counts as Go's `%v` prints them.
pub trait PrintCount: Copy {
    /// Writes the count.
    fn print(self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl PrintCount for f64 {
    fn print(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", g(self))
    }
}

impl PrintCount for u64 {
    fn print(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<C: PrintCount> fmt::Display for Bucket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.lower_inclusive { '[' } else { '(' };
        let close = if self.upper_inclusive { ']' } else { ')' };
        write!(f, "{open}{},{}{close}:", g(self.lower), g(self.upper))?;
        self.count.print(f)
    }
}
