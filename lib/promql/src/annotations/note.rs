//! The kinds of annotations and their texts.

use mneme_model::TimestampMs;

use crate::format::{go_g, go_g_precision, quote, rfc3339};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "self-explaining")]
pub enum Severity {
    Warning,
    Info,
}

/// What was being done to two histograms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "self-explaining")]
pub enum HistogramOperation {
    Addition,
    Subtraction,
    Aggregation,
}

/// One annotation, without its place. Metric names may be `""` where the text has none.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is named like its constructor in Prometheus' util/annotations")]
pub enum Note {
    InvalidQuantile {
        q: f64,
    },
    InvalidRatio {
        ratio: f64,
        capped_to: f64,
    },
    BadBucketLabel {
        metric: String,
        label: String,
    },
    MixedFloatsHistograms {
        metric: String,
    },
    MixedFloatsHistogramsAggregation,
    MixedClassicNativeHistograms {
        metric: String,
    },
    NativeHistogramNotCounter {
        metric: String,
    },
    NativeHistogramNotGauge {
        metric: String,
    },
    MixedExponentialCustomHistograms {
        metric: String,
    },
    IncompatibleBucketLayoutInBinaryOperator {
        operator: &'static str,
    },
    SortInRangeQuery,
    HistogramCounterResetCollision {
        operation: HistogramOperation,
    },
    /// `count` starts at 1.
    StartTimeOverlap {
        metric: String,
        count: usize,
    },
    PossibleNonCounter {
        metric: String,
    },
    PossibleNonCounterLabel {
        metric: String,
        type_label: String,
    },
    /// Merges with others of its metric: the extremes win, `samples` (1 at first) add up.
    ForcedMonotonicity {
        metric: String,
        min_t: TimestampMs,
        max_t: TimestampMs,
        min_bucket: f64,
        max_bucket: f64,
        max_diff: f64,
        samples: usize,
    },
    IncompatibleTypesInBinaryOperator {
        lhs: &'static str,
        operator: &'static str,
        rhs: &'static str,
    },
    HistogramIgnoredInAggregation {
        aggregation: &'static str,
    },
    HistogramIgnoredInMixedRange {
        metric: String,
    },
    NativeHistogramQuantileNanResult {
        metric: String,
    },
    NativeHistogramQuantileNanSkew {
        metric: String,
    },
    NativeHistogramFractionNans {
        metric: String,
    },
    MismatchedCustomBuckets {
        operation: HistogramOperation,
    },
}

impl HistogramOperation {
    fn name(self) -> &'static str {
        match self {
            Self::Addition => "addition",
            Self::Subtraction => "subtraction",
            Self::Aggregation => "aggregation",
        }
    }
}

impl Note {
    /// Warning or info.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::PossibleNonCounter { .. }
            | Self::PossibleNonCounterLabel { .. }
            | Self::ForcedMonotonicity { .. }
            | Self::IncompatibleTypesInBinaryOperator { .. }
            | Self::HistogramIgnoredInAggregation { .. }
            | Self::HistogramIgnoredInMixedRange { .. }
            | Self::NativeHistogramQuantileNanResult { .. }
            | Self::NativeHistogramQuantileNanSkew { .. }
            | Self::NativeHistogramFractionNans { .. }
            | Self::MismatchedCustomBuckets { .. } => Severity::Info,
            _ => Severity::Warning,
        }
    }

    /// What makes two notes the same.
    pub(super) fn key(&self) -> String {
        match self {
            Self::ForcedMonotonicity { metric, .. } => {
                format!("PromQL info: {FORCED_MONOTONICITY}{}", for_metric(metric))
            }
            Self::StartTimeOverlap { metric, .. } => {
                Self::StartTimeOverlap { metric: metric.clone(), count: 1 }.text()
            }
            other => other.text(),
        }
    }

    /// Both in one; only called for notes of one key.
    pub(super) fn merge(self, old: &Self) -> Self {
        match (self, old) {
            (Self::StartTimeOverlap { metric, count }, Self::StartTimeOverlap { count: before, .. }) => {
                Self::StartTimeOverlap { metric, count: count + before }
            }
            (
                Self::ForcedMonotonicity { metric, min_t, max_t, min_bucket, max_bucket, max_diff, samples },
                Self::ForcedMonotonicity {
                    min_t: t0,
                    max_t: t1,
                    min_bucket: b0,
                    max_bucket: b1,
                    max_diff: diff,
                    samples: before,
                    ..
                },
            ) => Self::ForcedMonotonicity {
                metric,
                min_t: min_t.min(*t0),
                max_t: max_t.max(*t1),
                min_bucket: min_bucket.min(*b0),
                max_bucket: max_bucket.max(*b1),
                max_diff: max_diff.max(*diff),
                samples: samples + before,
            },
            (new, _) => new,
        }
    }

    /// The text without the place.
    #[must_use]
    pub fn text(&self) -> String {
        let kind = match self.severity() {
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        format!("PromQL {kind}: {}", self.message())
    }

    fn message(&self) -> String {
        match self {
            Self::InvalidQuantile { q } => {
                format!("quantile value should be between 0 and 1, got {}", go_g(*q))
            }
            Self::InvalidRatio { ratio, capped_to } => {
                format!(
                    "ratio value should be between -1 and 1, got {}, capping to {}",
                    go_g(*ratio),
                    go_g(*capped_to)
                )
            }
            Self::BadBucketLabel { metric, label } => {
                format!(
                    "bucket label \"le\" is missing or has a malformed value of {}{}",
                    quote(label),
                    for_metric(metric)
                )
            }
            Self::MixedFloatsHistograms { metric } => {
                format!("encountered a mix of histograms and floats for metric name {}", quote(metric))
            }
            Self::MixedFloatsHistogramsAggregation => {
                "encountered a mix of histograms and floats for aggregation".to_owned()
            }
            Self::MixedClassicNativeHistograms { metric } => {
                format!("vector contains a mix of classic and native histograms{}", for_metric(metric))
            }
            Self::NativeHistogramNotCounter { metric } => {
                format!("this native histogram metric is not a counter: {}", quote(metric))
            }
            Self::NativeHistogramNotGauge { metric } => {
                format!("this native histogram metric is not a gauge: {}", quote(metric))
            }
            Self::MixedExponentialCustomHistograms { metric } => format!(
                "vector contains a mix of histograms with exponential and custom buckets schemas for metric name {}",
                quote(metric)
            ),
            Self::IncompatibleBucketLayoutInBinaryOperator { operator } => {
                format!("incompatible bucket layout encountered for binary operator {operator}")
            }
            Self::SortInRangeQuery => {
                "sort is ineffective for range queries since results are always ordered by labels".to_owned()
            }
            Self::HistogramCounterResetCollision { operation } => {
                format!("conflicting counter resets during histogram {}", operation.name())
            }
            Self::StartTimeOverlap { metric, count } => {
                let times = if *count > 1 { format!(" ({count} occurrences)") } else { String::new() };
                format!(
                    "sample has start time that overlaps with previous sample timestamp for metric {}{times}",
                    quote(metric)
                )
            }
            Self::PossibleNonCounter { metric } => {
                format!(
                    "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                    quote(metric)
                )
            }
            Self::PossibleNonCounterLabel { metric, type_label } => format!(
                "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got {}: {}",
                quote(type_label),
                quote(metric)
            ),
            Self::ForcedMonotonicity { metric, min_t, max_t, min_bucket, max_bucket, max_diff, samples } => {
                format!(
                    "{FORCED_MONOTONICITY}{}, from buckets {} to {}, with a max diff of {}, over {samples} samples from {} to {}",
                    for_metric(metric),
                    go_g(*min_bucket),
                    go_g(*max_bucket),
                    go_g_precision(*max_diff, 2),
                    rfc3339(*min_t),
                    rfc3339(*max_t)
                )
            }
            Self::IncompatibleTypesInBinaryOperator { lhs, operator, rhs } => {
                format!(
                    "incompatible sample types encountered for binary operator \"{operator}\": {lhs} {operator} {rhs}"
                )
            }
            Self::HistogramIgnoredInAggregation { aggregation } => {
                format!("ignored histogram in {aggregation} aggregation")
            }
            Self::HistogramIgnoredInMixedRange { metric } => {
                format!(
                    "ignored histograms in a range containing both floats and histograms for metric name {}",
                    quote(metric)
                )
            }
            Self::NativeHistogramQuantileNanResult { metric } => {
                format!(
                    "input to histogram_quantile has NaN observations, result is NaN{}",
                    for_metric(metric)
                )
            }
            Self::NativeHistogramQuantileNanSkew { metric } => {
                format!(
                    "input to histogram_quantile has NaN observations, result is skewed higher{}",
                    for_metric(metric)
                )
            }
            Self::NativeHistogramFractionNans { metric } => format!(
                "input to histogram_fraction has NaN observations, which are excluded from all fractions{}",
                for_metric(metric)
            ),
            Self::MismatchedCustomBuckets { operation } => {
                format!("mismatched custom buckets were reconciled during {}", operation.name())
            }
        }
    }
}

const FORCED_MONOTONICITY: &str = "input to histogram_quantile needed to be fixed for monotonicity \
    (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

fn for_metric(metric: &str) -> String {
    if metric.is_empty() { String::new() } else { format!(" for metric name {}", quote(metric)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_upstreams() {
        let note = Note::InvalidQuantile { q: -1.5 };
        assert_eq!(note.text(), "PromQL warning: quantile value should be between 0 and 1, got -1.5");
        let note = Note::BadBucketLabel { metric: String::new(), label: String::new() };
        assert_eq!(
            note.text(),
            "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"\""
        );
    }

    #[test]
    fn equal_overlaps_are_counted() {
        let one = |count| Note::StartTimeOverlap { metric: "m".to_owned(), count };
        assert_eq!(one(1).key(), one(3).key());
        assert!(one(1).merge(&one(2)).text().ends_with("for metric \"m\" (3 occurrences)"));
    }
}
