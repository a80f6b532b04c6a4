//! Quantiles, fractions and deviations of native histograms.

use super::kahan::KahanSum;
use super::{Bucket, FloatHistogram};

/// What a caller may want to tell the user of a [`FloatHistogram::quantile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NanObservations {
    /// NaN was observed so often that the quantile lies among them: the result is NaN.
    Result,
    /// NaN was observed, which counts as more than any number: the result is skewed upwards.
    Skew,
}

impl FloatHistogram {
    /// The value below which the share `q` of the observations lies, interpolated within its bucket: linearly with custom
    /// buckets and in the zero bucket, else exponentially.
    ///
    /// NaN without observations or for a NaN `q`, -Inf for `q < 0`, +Inf for `q > 1`.
    #[must_use]
    pub fn quantile(&self, q: f64) -> (f64, Option<NanObservations>) {
        if q < 0.0 {
            return (f64::NEG_INFINITY, None);
        }
        if q > 1.0 {
            return (f64::INFINITY, None);
        }
        if self.count == 0.0 || q.is_nan() {
            return (f64::NAN, None);
        }
        // From the nearer end; but NaN observations are only in the count, so with them from below.
        if self.sum.is_nan() || q < 0.5 {
            self.quantile_at(q * self.count, true, self.buckets())
        } else {
            self.quantile_at((1.0 - q) * self.count, false, self.buckets().rev())
        }
    }

    fn quantile_at(
        &self,
        rank: f64,
        ascending: bool,
        mut buckets: impl Iterator<Item = Bucket>,
    ) -> (f64, Option<NanObservations>) {
        let (mut bucket, mut count) = (Bucket::default(), 0.0);
        for next in buckets.by_ref() {
            bucket = next;
            if bucket.count == 0.0 {
                continue;
            }
            count += bucket.count;
            if count >= rank {
                break;
            }
        }
        if let Some(end) = self.bound_to_known_side(&mut bucket) {
            return (end, None);
        }
        // Rounding may have counted more than there is.
        if count > self.count {
            count = self.count;
        }
        if count < rank {
            return if self.sum.is_nan() {
                (f64::NAN, Some(NanObservations::Result))
            } else {
                (bucket.upper, None)
            };
        }
        let rank = if ascending { rank - (count - bucket.count) } else { count - rank };
        let mut note = None;
        if self.sum.is_nan() {
            for next in buckets {
                // As Prometheus does: the interpolation below then works on the last bucket.
                bucket = next;
                count += bucket.count;
            }
            // Otherwise both infinities were observed, which makes the sum NaN too.
            if count < self.count {
                note = Some(NanObservations::Skew);
            }
        }
        (self.interpolate(&bucket, rank / bucket.count), note)
    }

    /// Cuts the zero bucket to the side that the histogram has, and gives custom end buckets an end; `Some` is the answer
    /// where the bucket has none.
    fn bound_to_known_side(&self, bucket: &mut Bucket) -> Option<f64> {
        if self.uses_custom_buckets() {
            if bucket.lower == f64::NEG_INFINITY {
                if bucket.upper <= 0.0 {
                    return Some(bucket.upper);
                }
                bucket.lower = 0.0;
            } else if bucket.upper == f64::INFINITY {
                return Some(bucket.lower);
            }
        } else if bucket.lower < 0.0 && bucket.upper > 0.0 {
            self.cut_to_known_side(bucket);
        }
        None
    }

    /// A histogram without negative buckets has a zero bucket that starts at 0; without positive ones it ends there.
    fn cut_to_known_side(&self, zero: &mut Bucket) {
        match (self.negative_buckets.is_empty(), self.positive_buckets.is_empty()) {
            (true, false) => zero.lower = 0.0,
            (false, true) => zero.upper = 0.0,
            _ => {}
        }
    }

    fn interpolate(&self, bucket: &Bucket, fraction: f64) -> f64 {
        if self.uses_custom_buckets() || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
            return bucket.lower + (bucket.upper - bucket.lower) * fraction;
        }
        let (lower, upper) = (bucket.lower.abs().log2(), bucket.upper.abs().log2());
        if bucket.lower > 0.0 {
            (lower + (upper - lower) * fraction).exp2()
        } else {
            -(upper + (lower - upper) * (1.0 - fraction)).exp2()
        }
    }

    /// The share of the observations between `lower` and `upper`, interpolated as in [`Self::quantile`]. The second value
    /// says whether there are NaN observations, which lie in no range.
    ///
    /// NaN without observations or for a NaN bound.
    #[must_use]
    pub fn fraction(&self, lower: f64, upper: f64) -> (f64, bool) {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return (f64::NAN, false);
        }
        if lower >= upper {
            return (0.0, false);
        }
        let (mut count, mut rank) = (0.0, 0.0);
        let (mut lower_rank, mut upper_rank) = (None, None);
        let mut buckets = self.buckets();
        for mut bucket in buckets.by_ref() {
            count += bucket.count;
            let zero = bucket.lower <= 0.0 && bucket.upper >= 0.0;
            if zero {
                self.cut_to_known_side(&mut bucket);
            }
            let linear = self.uses_custom_buckets() || zero;
            lower_rank = lower_rank.or_else(|| rank_in(&bucket, lower, rank, linear));
            upper_rank = upper_rank.or_else(|| rank_in(&bucket, upper, rank, linear));
            if lower_rank.is_some() && upper_rank.is_some() {
                break;
            }
            rank += bucket.count;
        }
        let mut has_nan = false;
        if self.sum.is_nan() {
            count += buckets.map(|bucket| bucket.count).fold(0.0, |sum, c| sum + c);
            has_nan = count < self.count;
        } else {
            count = self.count;
        }
        let at_most_all =
            |rank: Option<f64>| rank.filter(|rank| *rank <= count || rank.is_nan()).unwrap_or(count);
        ((at_most_all(upper_rank) - at_most_all(lower_rank)) / self.count, has_nan)
    }

    /// The variance, each bucket's observations taken to be at its middle: the arithmetic mean of custom bounds, the
    /// geometric one of exponential bounds, 0 for the zero bucket.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let mean = self.sum / self.count;
        let mut variance = KahanSum::default();
        for bucket in self.buckets().filter(|b| b.count != 0.0) {
            let middle = if self.uses_custom_buckets() {
                (bucket.upper + bucket.lower) / 2.0
            } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
                0.0
            } else {
                (bucket.upper * bucket.lower).sqrt().copysign(bucket.upper)
            };
            let delta = middle - mean;
            variance.add(bucket.count * delta * delta);
        }
        variance.total() / self.count
    }

    /// The root of [`Self::variance`].
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        self.variance().sqrt()
    }
}

/// How many observations lie below `v`, if `v` is at the start of `bucket` or in it; `before` lie in earlier buckets.
fn rank_in(bucket: &Bucket, v: f64, before: f64, linear: bool) -> Option<f64> {
    if bucket.lower >= v {
        return Some(before);
    }
    if !(bucket.lower < v && bucket.upper > v) {
        return None;
    }
    // Nothing can be interpolated from minus infinity on.
    if linear && bucket.lower == f64::NEG_INFINITY {
        return Some(bucket.count);
    }
    Some(before + bucket.count * bucket.fraction_below(v, linear))
}
