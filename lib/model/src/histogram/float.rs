//! A native histogram whose counts are floats: what PromQL computes with.

use super::{CounterResetHint, Span};

/// A native histogram with absolute bucket counts as floats.
///
/// `positive_buckets` has one count per bucket of `positive_spans`, in order; likewise negative. With custom buckets
/// (schema -53) `custom_values` are the upper bounds, ascending, without the implied `+Inf`; zero and negative buckets are unused.
#[derive(Clone, Debug, Default, PartialEq)]
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
