//! A native histogram whose counts are integers: what instrumented programs send.

use super::{CounterResetHint, Span};

/// A native histogram with integer counts; buckets are deltas to the previous bucket (the first one absolute), as on the wire.
#[derive(Clone, Debug, Default, PartialEq)]
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
