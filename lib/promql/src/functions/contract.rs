//! What functions are given and what they give back. The engine feeds them; they know nothing of plans, stores or steps.

use std::sync::Arc;

use mneme_model::{FloatHistogram, HistogramPoint, LabelsRef, TimestampMs};

use crate::annotations::Notes;
use crate::ast::RangeModifier;

/// A sample's value inside the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A float. Never the stale marker.
    Float(f64),
    /// A native histogram, shared until somebody changes it (`Arc::make_mut`).
    Histogram(Arc<FloatHistogram>),
}

/// The samples of one series that a range function sees at one step. Stale markers are gone already; there is at least one sample.
///
/// Plain ranges hold the samples of `start < t <= end`. `anchored` adds those of the lookback before `start`, `smoothed` also those of
/// the lookback after `end`.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The series, with its metric name if it still has one.
    pub labels: LabelsRef<'a>,
    /// Timestamps of the floats, ascending.
    pub t: &'a [TimestampMs],
    /// Values of the floats, as long as `t`.
    pub v: &'a [f64],
    /// Start timestamps of the floats: as long as `t`, or empty where none is known or the feature is off.
    pub st: &'a [TimestampMs],
    /// Native histograms, ascending. Their `st` counts only if `use_start_timestamps`.
    pub histograms: &'a [HistogramPoint],
    /// The step's time, before `offset` and `@`.
    pub eval_t: TimestampMs,
    /// Start of the range, exclusive; after `offset` and `@`.
    pub start: TimestampMs,
    /// End of the range, inclusive; after `offset` and `@`.
    pub end: TimestampMs,
    /// The range as written (`end - start`), without the extension of `anchored` and `smoothed`.
    pub range_ms: i64,
    /// `anchored`, `smoothed` or none.
    pub modifier: RangeModifier,
    /// Whether `st` of samples may be used (feature `use-start-timestamps`).
    pub use_start_timestamps: bool,
}

impl Window<'_> {
    /// The metric name, `""` if the series has none (any more).
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.labels.get(mneme_model::labels::METRIC_NAME).unwrap_or("")
    }

    /// How many samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.t.len() + self.histograms.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Computes one step's value of one series from a window. `args` are the values of the call's scalar arguments at this step, in order,
/// without the range vector. `None` = no sample. An error fails the whole query with that text (e.g. `invalid smoothing factor ..`).
pub type RangeFn =
    fn(window: &Window<'_>, args: &[f64], notes: &mut Notes<'_>) -> Result<Option<Value>, String>;

/// Computes a float from a float; `args` are the values of the call's scalar arguments at this step, in order.
pub type FloatFn = fn(value: f64, args: &[f64]) -> f64;

/// Computes a float from a native histogram (`histogram_count` ..).
pub type HistogramFn = fn(histogram: &FloatHistogram) -> f64;

/// One bucket of a classic histogram: the series' `le` and value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The inclusive upper bound.
    pub upper_bound: f64,
    /// The cumulative count.
    pub count: f64,
}
