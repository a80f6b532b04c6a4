//! A query's answer.

use std::sync::Arc;

use mneme_model::{FloatHistogram, Labels, TimestampMs};

use crate::functions::contract::Value;

/// What a query evaluates to, with what has to be said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryResult {
    /// The value.
    pub value: ResultValue,
    /// Texts of warnings, each with its place in the query.
    pub warnings: Vec<String>,
    /// Texts of infos, each with its place in the query.
    pub infos: Vec<String>,
    /// What the evaluation cost.
    pub stats: QueryStats,
}

/// A value of one of PromQL's types.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultValue {
    /// A number at a time.
    Scalar {
        /// The evaluation time.
        t: TimestampMs,
        /// The number.
        v: f64,
    },
    /// A text at a time.
    String {
        /// The evaluation time.
        t: TimestampMs,
        /// The text.
        s: String,
    },
    /// One sample per series, in the order of the expression (`sort`, `topk`).
    Vector(Vec<VectorSample>),
    /// Samples of series over time, sorted by labels.
    Matrix(Vec<ResultSeries>),
}

/// One series' sample in an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSample {
    /// The series.
    pub labels: Labels,
    /// The evaluation time.
    pub t: TimestampMs,
    /// The value.
    pub value: Value,
}

/// One series of a matrix. Never without samples.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultSeries {
    /// The series.
    pub labels: Labels,
    /// Times and values of the floats, ascending, of equal length.
    pub floats: (Vec<TimestampMs>, Vec<f64>),
    /// The native histograms, ascending.
    pub histograms: Vec<(TimestampMs, Arc<FloatHistogram>)>,
}

/// What an evaluation cost, as far as it is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryStats {
    /// Samples that were looked at, summed over steps (Prometheus `totalQueryableSamples`).
    pub total_queryable_samples: u64,
    /// Most samples held at one time.
    pub peak_samples: u64,
    /// Most bytes held at one time, estimated.
    pub peak_bytes: u64,
    /// Series that the store answered with.
    pub series: u64,
}
