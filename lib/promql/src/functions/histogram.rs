//! The mathematics of `histogram_*`: quantiles and fractions of classic and native histograms, their averages and deviations.
//!
//! Grouping classic buckets into histograms, and telling classic from native, is `eval`'s job.

use mneme_model::{FloatHistogram, TimestampMs};

use super::contract::{Bucket, HistogramFn};
use crate::annotations::Notes;

/// `histogram_count sum avg stddev stdvar`.
pub(super) fn lookup(_name: &str) -> Option<HistogramFn> {
    None
}

/// The quantile `q` of a native histogram. Infos are added for argument number `arg`.
pub(crate) fn native_quantile(
    _q: f64,
    _h: &FloatHistogram,
    _metric_name: &str,
    _arg: usize,
    _notes: &mut Notes<'_>,
) -> f64 {
    f64::NAN
}

/// The quantile `q` of classic buckets in any order, not empty. Where they had to be made monotonic, the info is added for argument
/// number `arg` at time `t`.
pub(crate) fn classic_quantile(
    _q: f64,
    _buckets: &mut Vec<Bucket>,
    _metric_name: &str,
    _t: TimestampMs,
    _arg: usize,
    _notes: &mut Notes<'_>,
) -> f64 {
    f64::NAN
}

/// The share of observations between `lower` and `upper` of a native histogram.
pub(crate) fn native_fraction(
    _lower: f64,
    _upper: f64,
    _h: &FloatHistogram,
    _metric_name: &str,
    _arg: usize,
    _notes: &mut Notes<'_>,
) -> f64 {
    f64::NAN
}

/// The share of observations between `lower` and `upper` of classic buckets in any order, not empty.
pub(crate) fn classic_fraction(_lower: f64, _upper: f64, _buckets: &mut Vec<Bucket>) -> f64 {
    f64::NAN
}
