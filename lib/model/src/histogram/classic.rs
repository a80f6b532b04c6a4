//! Classic histograms (one series per `le`) as native histograms with custom buckets (NHCB).

use super::go_float::g;
use super::{AnyHistogram, CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, Span};

/// The samples of one classic histogram at one time, collected until they can be converted.
///
/// ```
/// use mneme_model::histogram::ClassicHistogram;
/// let mut classic = ClassicHistogram::default();
/// classic.set_bucket(0.5, 1.0).unwrap();
/// classic.set_bucket(f64::INFINITY, 3.0).unwrap();
/// classic.set_sum(4.25);
/// assert_eq!(classic.to_native().unwrap().to_string(), "{count:3, sum:4.25, [-Inf,0.5]:1, (0.5,+Inf]:2}");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicHistogram {
    /// (upper bound, cumulative count), ascending in both.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// Why a classic histogram cannot be converted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ClassicError {
    /// A bucket with less than nothing in it.
    #[error("bucket count must be non-negative: le={}, count={}", g(*.le), g(*.count))]
    NegativeBucketCount {
        /// The bound.
        le: f64,
        /// The count.
        count: f64,
    },
    /// A bound that is no number.
    #[error("bucket boundary must not be NaN")]
    NanBound,
    /// A negative number of observations.
    #[error("count must be non-negative: count={}", g(*.0))]
    NegativeCount(f64),
    /// A count that is not that of the last bucket.
    #[error("count mismatch: count={} != le={} count={}", g(*.count), g(*.le), g(*.bucket))]
    CountMismatch {
        /// The count.
        count: f64,
        /// The last bucket's bound.
        le: f64,
        /// The last bucket's count.
        bucket: f64,
    },
    /// A bucket that holds less than one within it.
    #[error("count is not cumulative: {} {} {}", g(*.count), if *.count < *.neighbour { '<' } else { '>' }, g(*.neighbour))]
    NotCumulative {
        /// The count.
        count: f64,
        /// The count of the bucket before or after.
        neighbour: f64,
    },
}

impl ClassicHistogram {
    /// Sets the cumulative count of the bucket up to `le`; of equal bounds the first one stays.
    ///
    /// # Errors
    /// A count that is negative or not cumulative, a NaN bound. The histogram is then unusable.
    pub fn set_bucket(&mut self, le: f64, count: f64) -> Result<(), ClassicError> {
        if le.is_nan() {
            return Err(ClassicError::NanBound);
        }
        if count < 0.0 {
            return Err(ClassicError::NegativeBucketCount { le, count });
        }
        let at = self.buckets.partition_point(|(bound, _)| *bound < le);
        if self.buckets.get(at).is_some_and(|(bound, _)| *bound == le) {
            return Ok(());
        }
        let before =
            at.checked_sub(1).and_then(|before| self.buckets.get(before)).filter(|(_, c)| count < *c);
        let after = self.buckets.get(at).filter(|(_, c)| count > *c);
        if let Some((_, neighbour)) = before.or(after) {
            return Err(ClassicError::NotCumulative { count, neighbour: *neighbour });
        }
        self.buckets.insert(at, (le, count));
        Ok(())
    }

    /// Sets the number of observations; without it, that of the last bucket.
    ///
    /// # Errors
    /// A negative count.
    pub fn set_count(&mut self, count: f64) -> Result<(), ClassicError> {
        if count < 0.0 {
            return Err(ClassicError::NegativeCount(count));
        }
        self.count = Some(count);
        Ok(())
    }

    /// Sets the sum of the observations.
    pub fn set_sum(&mut self, sum: f64) {
        self.sum = sum;
    }

    /// The native histogram: with integer counts if all counts are, else with floats.
    ///
    /// # Errors
    /// The count is not that of the `+Inf` bucket.
    pub fn to_native(&self) -> Result<AnyHistogram, ClassicError> {
        let mut buckets = self.buckets.clone();
        let count = self.count.or(buckets.last().map(|(_, count)| *count)).unwrap_or(0.0);
        if buckets.last().is_none_or(|(le, _)| *le != f64::INFINITY) {
            buckets.push((f64::INFINITY, count));
        }
        let (le, last) = buckets.last().copied().unwrap_or((f64::INFINITY, count));
        if count != last {
            return Err(ClassicError::CountMismatch { count, le, bucket: last });
        }
        let whole = |count: f64| count.fract() == 0.0 && count < i64::MAX as f64;
        let native = if buckets.iter().all(|(_, count)| whole(*count)) {
            AnyHistogram::Integer(self.integer(&buckets, count))
        } else {
            AnyHistogram::Float(self.float(&buckets, count))
        };
        Ok(native)
    }

    fn integer(&self, buckets: &[(f64, f64)], count: f64) -> Histogram {
        let (mut before, mut before_delta) = (0i64, 0i64);
        let delta = |(_, count): &(f64, f64)| {
            let in_bucket = (*count as i64) - std::mem::replace(&mut before, *count as i64);
            in_bucket - std::mem::replace(&mut before_delta, in_bucket)
        };
        let mut h = Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: count as u64,
            sum: self.sum,
            positive_spans: spans(buckets),
            positive_deltas: buckets.iter().map(delta).collect(),
            custom_values: bounds(buckets),
            ..Histogram::default()
        };
        h.compact(2);
        h
    }

    fn float(&self, buckets: &[(f64, f64)], count: f64) -> FloatHistogram {
        let mut before = 0.0;
        let mut h = FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count,
            sum: self.sum,
            positive_spans: spans(buckets),
            positive_buckets: buckets
                .iter()
                .map(|(_, count)| count - std::mem::replace(&mut before, *count))
                .collect(),
            custom_values: bounds(buckets),
            ..FloatHistogram::default()
        };
        h.compact(0);
        h
    }
}

fn spans(buckets: &[(f64, f64)]) -> Vec<Span> {
    vec![Span { offset: 0, length: u32::try_from(buckets.len()).unwrap_or(u32::MAX) }]
}

fn bounds(buckets: &[(f64, f64)]) -> Vec<f64> {
    buckets.iter().map(|(le, _)| *le).filter(|le| *le != f64::INFINITY).collect()
}

/// Which part of a classic histogram a series is, by its metric name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassicPart {
    /// `.._bucket`.
    Bucket,
    /// `.._sum`.
    Sum,
    /// `.._count`.
    Count,
}

/// The part and the name without its ending; `None` for another name.
#[must_use]
pub fn classic_part(metric_name: &str) -> Option<(ClassicPart, &str)> {
    [("_bucket", ClassicPart::Bucket), ("_sum", ClassicPart::Sum), ("_count", ClassicPart::Count)]
        .into_iter()
        .find_map(|(suffix, part)| metric_name.strip_suffix(suffix).map(|base| (part, base)))
}
