//! Quantiles and fractions of cumulative buckets with upper bounds.

use super::super::contract::Bucket;

/// Relative differences below this are rounding, not observations.
const SMALL_DELTA: f64 = 1e-12;

/// Where counts had to be raised to those of the bucket before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Forced {
    /// The lowest upper bound of a raised bucket.
    pub(super) min_bucket: f64,
    /// The highest one.
    pub(super) max_bucket: f64,
    /// By how much at most.
    pub(super) max_diff: f64,
}

/// The quantile `q`, interpolated linearly: from 0 in the lowest bucket if its bound is positive; the second highest bound
/// in the `+Inf` bucket. NaN without `+Inf` bucket, with fewer than 2 buckets or without observations.
pub(super) fn quantile(q: f64, buckets: &mut Vec<Bucket>) -> (f64, Option<Forced>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    if !sort_and_merge(buckets) {
        return (f64::NAN, None);
    }
    let forced = make_monotonic(buckets);
    let &[.., before_last, last] = &buckets[..] else {
        return (f64::NAN, forced);
    };
    if last.count == 0.0 {
        return (f64::NAN, forced);
    }
    let rank = q * last.count;
    // Not `partition_point(count < rank)`: a NaN must fall to the last bucket as it does upstream.
    let at = first_reaching(&buckets[..buckets.len() - 1], rank);
    let value = if at == buckets.len() - 1 {
        before_last.upper_bound
    } else if at == 0 && buckets[0].upper_bound <= 0.0 {
        buckets[0].upper_bound
    } else {
        let end = buckets[at].upper_bound;
        let (start, before) = at
            .checked_sub(1)
            .map_or((0.0, 0.0), |before| (buckets[before].upper_bound, buckets[before].count));
        start + (end - start) * ((rank - before) / (buckets[at].count - before))
    };
    (value, forced)
}

/// The first bucket with at least `rank` observations, by bisection.
fn first_reaching(buckets: &[Bucket], rank: f64) -> usize {
    let (mut low, mut high) = (0, buckets.len());
    while low < high {
        let middle = low.midpoint(high);
        if buckets[middle].count >= rank { high = middle } else { low = middle + 1 }
    }
    low
}

/// The share of observations between two values, interpolated as in [`quantile`].
pub(super) fn fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !sort_and_merge(buckets) {
        return f64::NAN;
    }
    let count = buckets.last().map_or(0.0, |last| last.count);
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let mut start = if buckets[0].upper_bound <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
    let mut before = 0.0;
    let (mut lower_rank, mut upper_rank) = (None, None);
    for bucket in buckets.iter() {
        let rank = |v: f64| rank_in(bucket, start, before, v);
        lower_rank = lower_rank.or_else(|| rank(lower));
        upper_rank = upper_rank.or_else(|| rank(upper));
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        start = bucket.upper_bound;
        before = bucket.count;
    }
    let at_most_all =
        |rank: Option<f64>| rank.filter(|rank| *rank <= count || rank.is_nan()).unwrap_or(count);
    (at_most_all(upper_rank) - at_most_all(lower_rank)) / count
}

/// How many observations lie below `v`, if it is at the start of the bucket or in it; `before` lie in earlier buckets.
fn rank_in(bucket: &Bucket, start: f64, before: f64, v: f64) -> Option<f64> {
    if start >= v {
        return Some(before);
    }
    if !(start < v && bucket.upper_bound > v) {
        return None;
    }
    // Nothing can be interpolated from minus infinity on.
    if start == f64::NEG_INFINITY {
        return Some(bucket.count);
    }
    Some(before + (bucket.count - before) * (v - start) / (bucket.upper_bound - start))
}

/// Sorts, and adds up buckets of one bound. False if there is no `+Inf` bucket; then only sorted.
fn sort_and_merge(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|a, b| a.upper_bound.total_cmp(&b.upper_bound));
    if buckets.last().is_none_or(|last| last.upper_bound != f64::INFINITY) {
        return false;
    }
    buckets.dedup_by(|next, kept| {
        let same = next.upper_bound == kept.upper_bound;
        if same {
            kept.count += next.count;
        }
        same
    });
    true
}

/// Raises counts below that of the bucket before; tiny differences in either direction are levelled without a word.
fn make_monotonic(buckets: &mut [Bucket]) -> Option<Forced> {
    let mut forced: Option<Forced> = None;
    let mut before = buckets.first()?.count;
    for bucket in buckets.iter_mut().skip(1) {
        let count = bucket.count;
        if count == before {
            continue;
        }
        if almost_equal(before, count) {
            bucket.count = before;
        } else if count < before {
            bucket.count = before;
            let bound = bucket.upper_bound;
            let so_far = forced.unwrap_or(Forced {
                min_bucket: f64::INFINITY,
                max_bucket: f64::NEG_INFINITY,
                max_diff: 0.0,
            });
            forced = Some(Forced {
                min_bucket: so_far.min_bucket.min(bound),
                max_bucket: so_far.max_bucket.max(bound),
                max_diff: so_far.max_diff.max(before - count),
            });
        } else {
            before = count;
        }
    }
    forced
}

/// Equal but for rounding; all NaN are equal.
fn almost_equal(a: f64, b: f64) -> bool {
    if (a.is_nan() && b.is_nan()) || a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < SMALL_DELTA * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < SMALL_DELTA
}
