//! Buckets one after the other, with their bounds.

use super::bounds::{bound, exponential_bound, is_custom_schema, is_exponential_schema, target_index};
use super::layout::Positions;
use super::{Bucket, FloatHistogram, Histogram, Span};

/// Gives a bucket its bounds.
fn bucket<C>(index: i64, count: C, schema: i32, positive: bool, custom_values: &[f64]) -> Bucket<C> {
    let (far, near) = (bound(index, schema, custom_values), bound(index - 1, schema, custom_values));
    let (lower, upper) = if positive { (near, far) } else { (-far, -near) };
    let (lower_inclusive, upper_inclusive) =
        if is_custom_schema(schema) { (index == 0, true) } else { (lower < 0.0, upper > 0.0) };
    Bucket { lower, upper, lower_inclusive, upper_inclusive, count, index }
}

impl FloatHistogram {
    /// The buckets above zero, or all custom buckets, ascending.
    pub fn positive(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        Positions::new(&self.positive_spans, self.positive_buckets.len()).map(|(index, at)| {
            bucket(index, self.positive_buckets[at], self.schema, true, &self.custom_values)
        })
    }

    /// The buckets below zero, from zero downwards.
    pub fn negative(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        Positions::new(&self.negative_spans, self.negative_buckets.len())
            .map(|(index, at)| bucket(index, self.negative_buckets[at], self.schema, false, &[]))
    }

    /// All buckets, ascending (`rev()`: descending), the zero bucket only if it holds anything. Buckets that reach into
    /// the zero bucket are cut at its end.
    pub fn buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        let zero = (self.zero_count > 0.0).then(|| self.zero_bucket());
        self.negative()
            .rev()
            .map(|b| self.outside_zero(b))
            .chain(zero)
            .chain(self.positive().map(|b| self.outside_zero(b)))
    }

    /// What Prometheus' HTTP API lists: [`Self::buckets`] that are not empty.
    pub fn populated_buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        self.buckets().filter(|b| b.count != 0.0)
    }

    /// The bucket around zero.
    #[must_use]
    pub fn zero_bucket(&self) -> Bucket {
        Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
            index: 0,
        }
    }

    fn outside_zero(&self, mut bucket: Bucket) -> Bucket {
        if bucket.upper < 0.0 && bucket.upper > -self.zero_threshold {
            bucket.upper = -self.zero_threshold;
        } else if bucket.lower > 0.0 && bucket.lower < self.zero_threshold {
            bucket.lower = self.zero_threshold;
        }
        bucket
    }

    /// The buckets of one side as (index, count) in the coarser schema `target`, without the first ones that end at or
    /// below `start` (absolute; of exponential buckets only).
    pub(super) fn merged(&self, positive: bool, start: f64, target: i32) -> Merged<'_> {
        let (spans, counts) = if positive {
            (&self.positive_spans, &self.positive_buckets)
        } else {
            (&self.negative_spans, &self.negative_buckets)
        };
        let skip_to = (start != 0.0 && is_exponential_schema(target)).then_some(start);
        Merged {
            positions: Positions::new(spans, counts.len()),
            counts,
            origin: self.schema,
            target,
            held: None,
            skip_to,
        }
    }
}

/// See [`FloatHistogram::merged`].
pub(super) struct Merged<'a> {
    positions: Positions<'a>,
    counts: &'a [f64],
    origin: i32,
    target: i32,
    /// The first bucket of the next group.
    held: Option<(i64, f64)>,
    skip_to: Option<f64>,
}

impl Merged<'_> {
    fn step(&mut self) -> Option<(i64, f64)> {
        let (index, at) = self.positions.next()?;
        let index =
            if self.origin == self.target { index } else { target_index(index, self.origin, self.target) };
        Some((index, self.counts[at]))
    }
}

impl Iterator for Merged<'_> {
    type Item = (i64, f64);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (index, mut count) = match self.held.take() {
                Some(held) => held,
                None => self.step()?,
            };
            if self.origin != self.target {
                while let Some((next, more)) = self.step() {
                    if next != index {
                        self.held = Some((next, more));
                        break;
                    }
                    count += more;
                }
            }
            if self.skip_to.is_some_and(|start| exponential_bound(index, self.target) <= start) {
                continue;
            }
            self.skip_to = None;
            return Some((index, count));
        }
    }
}

/// Absolute counts of delta-coded buckets, ascending in position; wrapping, because validation is another's job.
pub(super) fn absolute(deltas: &[i64]) -> impl Iterator<Item = i64> + '_ {
    deltas.iter().scan(0i64, |count, delta| {
        *count = count.wrapping_add(*delta);
        Some(*count)
    })
}

impl Histogram {
    /// The buckets above zero, or all custom buckets, ascending.
    pub fn positive(&self) -> impl Iterator<Item = Bucket<u64>> + '_ {
        Self::side(&self.positive_spans, &self.positive_deltas)
            .map(|(index, count)| bucket(index, count, self.schema, true, &self.custom_values))
    }

    /// The buckets below zero, from zero downwards.
    pub fn negative(&self) -> impl Iterator<Item = Bucket<u64>> + '_ {
        Self::side(&self.negative_spans, &self.negative_deltas)
            .map(|(index, count)| bucket(index, count, self.schema, false, &[]))
    }

    /// The bucket around zero.
    #[must_use]
    pub fn zero_bucket(&self) -> Bucket<u64> {
        Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
            index: 0,
        }
    }

    fn side<'a>(spans: &'a [Span], deltas: &'a [i64]) -> impl Iterator<Item = (i64, u64)> + 'a {
        Positions::new(spans, deltas.len())
            .zip(absolute(deltas))
            .map(|((index, _), count)| (index, count as u64))
    }
}
