//! A native histogram whose counts are integers: what instrumented programs send.

use super::bounds::is_custom_schema;
use super::iter::absolute;
use super::layout::spans_match;
use super::{AnyHistogram, CounterResetHint, FloatHistogram, Span};
use crate::is_stale_nan;

/// A native histogram with integer counts; buckets are deltas to the previous bucket (the first one absolute), as on the wire.
#[derive(Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of Prometheus' Histogram, documented at FloatHistogram")]
pub struct Histogram {
    pub counter_reset_hint: CounterResetHint,
    pub schema: i32,
    pub zero_threshold: f64,
    pub zero_count: u64,
    pub count: u64,
    pub sum: f64,
    pub positive_spans: Vec<Span>,
    pub negative_spans: Vec<Span>,
    pub positive_deltas: Vec<i64>,
    pub negative_deltas: Vec<i64>,
    pub custom_values: Vec<f64>,
}

impl Histogram {
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

    /// Equal as data: the same layout (spans of length 0 make no difference) and counts, the sum by its bits; hints are
    /// not compared.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.count == other.count
            && self.sum.to_bits() == other.sum.to_bits()
            && (!self.uses_custom_buckets() || self.custom_values == other.custom_values)
            && self.zero_threshold == other.zero_threshold
            && self.zero_count == other.zero_count
            && spans_match(&self.negative_spans, &other.negative_spans)
            && self.negative_deltas == other.negative_deltas
            && spans_match(&self.positive_spans, &other.positive_spans)
            && self.positive_deltas == other.positive_deltas
    }

    /// Number of buckets stored, without the zero bucket.
    #[must_use]
    pub fn bucket_count(&self) -> usize {
        self.positive_deltas.len() + self.negative_deltas.len()
    }

    /// The same with float counts. Exact up to 2^53.
    #[must_use]
    pub fn to_float(&self) -> FloatHistogram {
        let mut out = FloatHistogram {
            counter_reset_hint: self.counter_reset_hint,
            schema: self.schema,
            count: self.count as f64,
            sum: self.sum,
            positive_spans: self.positive_spans.clone(),
            positive_buckets: float_counts(&self.positive_deltas),
            ..FloatHistogram::default()
        };
        if self.uses_custom_buckets() {
            out.custom_values.clone_from(&self.custom_values);
        } else {
            out.zero_threshold = self.zero_threshold;
            out.zero_count = self.zero_count as f64;
            out.negative_spans.clone_from(&self.negative_spans);
            out.negative_buckets = float_counts(&self.negative_deltas);
        }
        out
    }
}

impl From<&Histogram> for FloatHistogram {
    fn from(h: &Histogram) -> Self {
        h.to_float()
    }
}

impl From<AnyHistogram> for FloatHistogram {
    fn from(h: AnyHistogram) -> Self {
        h.into_float()
    }
}

fn float_counts(deltas: &[i64]) -> Vec<f64> {
    absolute(deltas).map(|count| count as f64).collect()
}
