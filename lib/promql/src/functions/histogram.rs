//! The mathematics of `histogram_*`: quantiles and fractions of classic and native histograms, their averages and deviations.
//!
//! Grouping classic buckets into histograms, and telling classic from native, is `eval`'s job.

mod classic;
#[cfg(test)]
mod tests;

use mneme_model::histogram::NanObservations;
use mneme_model::{FloatHistogram, TimestampMs};

use super::contract::{Bucket, HistogramFn};
use crate::annotations::{Note, Notes};

/// `histogram_count sum avg stddev stdvar`.
pub(super) fn lookup(name: &str) -> Option<HistogramFn> {
    Some(match name {
        "histogram_count" => |h| h.count,
        "histogram_sum" => |h| h.sum,
        "histogram_avg" => |h| h.sum / h.count,
        "histogram_stddev" => FloatHistogram::standard_deviation,
        "histogram_stdvar" => FloatHistogram::variance,
        _ => return None,
    })
}

/// The quantile `q` of a native histogram. Infos are added for argument number `arg`.
pub(crate) fn native_quantile(
    q: f64,
    h: &FloatHistogram,
    metric_name: &str,
    arg: usize,
    notes: &mut Notes<'_>,
) -> f64 {
    let (quantile, nan) = h.quantile(q);
    let metric = || metric_name.to_owned();
    match nan {
        None => {}
        Some(NanObservations::Result) => {
            notes.add(arg, Note::NativeHistogramQuantileNanResult { metric: metric() });
        }
        Some(NanObservations::Skew) => {
            notes.add(arg, Note::NativeHistogramQuantileNanSkew { metric: metric() });
        }
    }
    quantile
}

/// The quantile `q` of classic buckets in any order, not empty. Where they had to be made monotonic, the info is added for argument
/// number `arg` at time `t`.
pub(crate) fn classic_quantile(
    q: f64,
    buckets: &mut Vec<Bucket>,
    metric_name: &str,
    t: TimestampMs,
    arg: usize,
    notes: &mut Notes<'_>,
) -> f64 {
    let (quantile, forced) = classic::quantile(q, buckets);
    if let Some(forced) = forced {
        let note = Note::ForcedMonotonicity {
            metric: metric_name.to_owned(),
            min_t: t,
            max_t: t,
            min_bucket: forced.min_bucket,
            max_bucket: forced.max_bucket,
            max_diff: forced.max_diff,
            samples: 1,
        };
        notes.add(arg, note);
    }
    quantile
}

/// The share of observations between `lower` and `upper` of a native histogram.
pub(crate) fn native_fraction(
    lower: f64,
    upper: f64,
    h: &FloatHistogram,
    metric_name: &str,
    arg: usize,
    notes: &mut Notes<'_>,
) -> f64 {
    let (fraction, has_nan) = h.fraction(lower, upper);
    if has_nan {
        notes.add(arg, Note::NativeHistogramFractionNans { metric: metric_name.to_owned() });
    }
    fraction
}

/// The share of observations between `lower` and `upper` of classic buckets in any order, not empty.
pub(crate) fn classic_fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    classic::fraction(lower, upper, buckets)
}
