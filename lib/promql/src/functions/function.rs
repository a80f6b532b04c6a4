//! Which implementation a name stands for.

use super::contract::{FloatFn, HistogramFn};
use super::{DateFn, date, histogram_function, math};

/// A function without a range vector among its arguments, by the way it is evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    /// Float by float; histograms drop out.
    Float(FloatFn),
    /// Histogram by histogram; floats drop out.
    OfHistogram(HistogramFn),
    /// Of seconds since 1970, by default the evaluation time.
    Date(DateFn),
    Time,
    Pi,
    MinOf,
    MaxOf,
    Scalar,
    Vector,
    Absent,
    Sort {
        descending: bool,
    },
    SortByLabel {
        descending: bool,
    },
    LabelReplace,
    LabelJoin,
    HistogramQuantile,
    HistogramQuantiles,
    HistogramFraction,
    /// Of an expression's values: the evaluation time.
    Timestamp,
    /// Of a selector's samples: their own times.
    TimestampOfSelector,
    /// Of an expression's values: nothing is known.
    StartTimestamp,
    StartTimestampOfSelector,
    Info,
}

impl Function {
    /// Whether the result is a number per step rather than an instant vector.
    pub(crate) fn returns_scalar(&self) -> bool {
        matches!(self, Self::Time | Self::Pi | Self::MinOf | Self::MaxOf | Self::Scalar)
    }

    /// Whether the result changes over time though the arguments do not.
    pub(crate) fn uses_evaluation_time(&self) -> bool {
        matches!(self, Self::Date(_) | Self::Time | Self::Timestamp | Self::TimestampOfSelector)
    }
}

/// The function called `name`; range functions are found by [`super::range_function`].
pub(crate) fn function(name: &str) -> Option<Function> {
    let found = match name {
        "time" => Function::Time,
        "pi" => Function::Pi,
        "min_of" => Function::MinOf,
        "max_of" => Function::MaxOf,
        "scalar" => Function::Scalar,
        "vector" => Function::Vector,
        "absent" => Function::Absent,
        "sort" => Function::Sort { descending: false },
        "sort_desc" => Function::Sort { descending: true },
        "sort_by_label" => Function::SortByLabel { descending: false },
        "sort_by_label_desc" => Function::SortByLabel { descending: true },
        "label_replace" => Function::LabelReplace,
        "label_join" => Function::LabelJoin,
        "histogram_quantile" => Function::HistogramQuantile,
        "histogram_quantiles" => Function::HistogramQuantiles,
        "histogram_fraction" => Function::HistogramFraction,
        "timestamp" => Function::Timestamp,
        "start_timestamp" => Function::StartTimestamp,
        "info" => Function::Info,
        name => {
            let float = math::lookup(name).map(Function::Float);
            let date = || date::lookup(name).map(Function::Date);
            return float.or_else(date).or_else(|| histogram_function(name).map(Function::OfHistogram));
        }
    };
    Some(found)
}
