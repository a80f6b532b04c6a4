//! The part of a histogram below or above a value: the operators `</` and `>/`.

use super::{Bucket, FloatHistogram};

/// Which observations survive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Below,
    Above,
}

/// What is left of a bucket.
struct Left {
    count: f64,
    /// Where the observations are taken to be, for the estimate of the sum.
    at: f64,
}

impl FloatHistogram {
    /// Keeps the observations below `bound` (`</`). Buckets that hold the bound are split by interpolation. If anything
    /// was cut away, count and sum are estimated from the rest, and empty buckets are dropped.
    pub fn trim_upper(&mut self, bound: f64) {
        self.trim(bound, Keep::Below);
    }

    /// Keeps the observations above `bound` (`>/`); the rest as in [`Self::trim_upper`].
    pub fn trim_lower(&mut self, bound: f64) {
        self.trim(bound, Keep::Above);
    }

    fn trim(&mut self, bound: f64, keep: Keep) {
        let linear = self.uses_custom_buckets();
        let (mut count, mut sum, mut trimmed) = (0.0, 0.0, false);
        let positive: Vec<Left> = self.positive().map(|b| keep.of_bucket(&b, bound, true, linear)).collect();
        let negative: Vec<Left> = self.negative().map(|b| keep.of_bucket(&b, bound, false, linear)).collect();
        let has = |buckets: &[f64], left: &[Left]| buckets.iter().take(left.len()).any(|count| *count != 0.0);
        let has_positive = has(&self.positive_buckets, &positive);
        let has_negative = has(&self.negative_buckets, &negative);
        for (buckets, lefts) in
            [(&mut self.positive_buckets, positive), (&mut self.negative_buckets, negative)]
        {
            for (bucket, left) in buckets.iter_mut().zip(lefts).filter(|(bucket, _)| **bucket != 0.0) {
                if left.count != 0.0 {
                    count += left.count;
                    sum += left.at * left.count;
                }
                trimmed |= *bucket != left.count;
                *bucket = left.count;
            }
        }
        if self.zero_count > 0.0 {
            let left = keep.of_zero(&self.zero_bucket(), bound, has_negative, has_positive);
            trimmed |= self.zero_count != left.count;
            self.zero_count = left.count;
            sum += left.at * left.count;
            count += left.count;
        }
        if trimmed {
            self.count = count;
            self.sum = sum;
            self.compact(0);
        }
    }
}

impl Keep {
    fn of_bucket(self, bucket: &Bucket, bound: f64, positive: bool, linear: bool) -> Left {
        let (whole, part) = match self {
            Self::Below => (bucket.upper <= bound, bucket.lower < bound),
            Self::Above => (bucket.lower >= bound, bucket.upper > bound),
        };
        if whole {
            return Left { count: bucket.count, at: midpoint(bucket.lower, bucket.upper, positive, linear) };
        }
        if !part {
            return Left { count: 0.0, at: 0.0 };
        }
        if bucket.lower == f64::NEG_INFINITY || bucket.upper == f64::INFINITY {
            return self.of_infinite(bucket, bound);
        }
        let below = if bound <= bucket.lower {
            0.0
        } else if bound >= bucket.upper {
            bucket.count
        } else {
            bucket.count * bucket.fraction_below(bound, linear)
        };
        match self {
            Self::Below => Left { count: below, at: midpoint(bucket.lower, bound, positive, linear) },
            Self::Above => {
                Left { count: bucket.count - below, at: midpoint(bound, bucket.upper, positive, linear) }
            }
        }
    }

    /// A bucket without an end: nobody knows where in it the observations are. With a finite positive upper bound the
    /// lower one is taken as 0, as quantiles do; else the bucket goes as a whole, or stays where that is certain.
    fn of_infinite(self, bucket: &Bucket, bound: f64) -> Left {
        let finite = |x: f64| if x.is_infinite() { 0.0 } else { x };
        let (count, upper) = (bucket.count, bucket.upper);
        let left = |count, at| Left { count, at };
        if bucket.lower == f64::NEG_INFINITY {
            return match self {
                Self::Below if bound >= upper => left(count, 0.0),
                Self::Below if bound > 0.0 && upper > 0.0 && upper.is_finite() => {
                    left(count * bound / upper, bound / 2.0)
                }
                Self::Below if upper <= 0.0 => left(count, bound),
                Self::Above if bound <= bucket.lower => left(count, 0.0),
                Self::Above if bound >= 0.0 && upper > bound && upper.is_finite() => {
                    left(count * (1.0 - bound / upper), (bound + upper) / 2.0)
                }
                _ => left(0.0, finite(upper)),
            };
        }
        match self {
            Self::Above if bound >= bucket.lower => left(count, bound),
            _ => left(0.0, finite(bucket.lower)),
        }
    }

    /// The zero bucket, taken as one-sided if the histogram is.
    fn of_zero(self, zero: &Bucket, bound: f64, has_negative: bool, has_positive: bool) -> Left {
        let upper = if has_negative && !has_positive { 0.0 } else { zero.upper };
        let lower = if has_positive && !has_negative { 0.0 } else { zero.lower };
        let all = Left { count: zero.count, at: (lower + upper) / 2.0 };
        let none = Left { count: 0.0, at: 0.0 };
        match self {
            Self::Below if bound <= lower => none,
            Self::Below if bound >= upper => all,
            Self::Below => {
                Left { count: zero.count * ((bound - lower) / (upper - lower)), at: (lower + bound) / 2.0 }
            }
            Self::Above if bound <= lower => all,
            Self::Above if bound >= upper => none,
            Self::Above => {
                Left { count: zero.count * ((upper - bound) / (upper - lower)), at: (bound + upper) / 2.0 }
            }
        }
    }
}

/// Where observations between two bounds are taken to be.
fn midpoint(lower: f64, upper: f64, positive: bool, linear: bool) -> f64 {
    match (lower.is_infinite(), upper.is_infinite()) {
        (true, true) => 0.0,
        (true, false) if upper > 0.0 => upper / 2.0,
        (true, false) => upper,
        (false, true) => lower,
        (false, false) if linear => (lower + upper) / 2.0,
        (false, false) => {
            let mean = (lower * upper).abs().sqrt();
            if positive { mean } else { -mean }
        }
    }
}
