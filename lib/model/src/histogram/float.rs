//! A native histogram whose counts are floats: what PromQL computes with.

use super::bounds::is_custom_schema;
use super::layout::spans_match;
use super::{CounterResetHint, Span};
use crate::is_stale_nan;

/// A native histogram with absolute bucket counts as floats.
///
/// `positive_buckets` has one count per bucket of `positive_spans`, in order; likewise negative. With custom buckets
/// (schema -53) `custom_values` are the upper bounds, ascending, without the implied `+Inf`; zero and negative buckets are unused.
#[derive(Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of Prometheus' FloatHistogram, documented above")]
pub struct FloatHistogram {
    pub counter_reset_hint: CounterResetHint,
    pub schema: i32,
    pub zero_threshold: f64,
    pub zero_count: f64,
    pub count: f64,
    pub sum: f64,
    pub positive_spans: Vec<Span>,
    pub negative_spans: Vec<Span>,
    pub positive_buckets: Vec<f64>,
    pub negative_buckets: Vec<f64>,
    pub custom_values: Vec<f64>,
}

impl FloatHistogram {
    /// Whether the bounds are custom ones.
    #[must_use]
    pub fn uses_custom_buckets(&self) -> bool {
        is_custom_schema(self.schema)
    }

    /// Whether this is the marker that the series ended here: its sum is the staleness NaN.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        is_stale_nan(self.sum)
    }

    /// Equal as data: the same layout (spans of length 0 make no difference) and the same bits; hints are not compared.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.count.to_bits() == other.count.to_bits()
            && self.sum.to_bits() == other.sum.to_bits()
            && (!self.uses_custom_buckets() || self.custom_values == other.custom_values)
            && self.zero_threshold == other.zero_threshold
            && self.zero_count.to_bits() == other.zero_count.to_bits()
            && spans_match(&self.negative_spans, &other.negative_spans)
            && same_bits(&self.negative_buckets, &other.negative_buckets)
            && spans_match(&self.positive_spans, &other.positive_spans)
            && same_bits(&self.positive_buckets, &other.positive_buckets)
    }

    /// Whether a count, the sum or a bound has become infinite.
    #[must_use]
    pub fn has_overflow(&self) -> bool {
        [self.zero_count, self.count, self.sum].iter().any(|v| v.is_infinite())
            || self.positive_buckets.iter().any(|v| v.is_infinite())
            || self.negative_buckets.iter().any(|v| v.is_infinite())
            || self.custom_values.iter().any(|v| v.is_infinite())
    }

    /// Bytes as Prometheus counts them for its limits: the structure and all elements.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let spans = self.positive_spans.len() + self.negative_spans.len();
        let counts = self.positive_buckets.len() + self.negative_buckets.len() + self.custom_values.len();
        168 + 8 * (spans + counts)
    }

    /// How many samples' worth of memory and work it is (Prometheus: its size in units of a float sample's 16 bytes).
    #[must_use]
    pub fn samples_worth(&self) -> usize {
        self.size_bytes() / 16
    }

    /// Number of buckets stored, without the zero bucket.
    #[must_use]
    pub fn bucket_count(&self) -> usize {
        self.positive_buckets.len() + self.negative_buckets.len()
    }

    /// Multiplies all counts and the sum. A negative factor makes it a gauge.
    pub fn mul(&mut self, factor: f64) {
        self.scale(|v| *v *= factor);
        if factor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }

    /// Divides all counts and the sum. Division by zero leaves no bucket; a negative divisor makes it a gauge.
    pub fn div(&mut self, divisor: f64) {
        if divisor == 0.0 {
            self.positive_spans.clear();
            self.positive_buckets.clear();
            self.negative_spans.clear();
            self.negative_buckets.clear();
        }
        self.scale(|v| *v /= divisor);
        if divisor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }

    fn scale(&mut self, scale: impl Fn(&mut f64)) {
        scale(&mut self.zero_count);
        scale(&mut self.count);
        scale(&mut self.sum);
        self.positive_buckets.iter_mut().for_each(&scale);
        self.negative_buckets.iter_mut().for_each(&scale);
    }
}

impl std::ops::Neg for FloatHistogram {
    type Output = Self;

    fn neg(mut self) -> Self {
        self.mul(-1.0);
        self
    }
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}
