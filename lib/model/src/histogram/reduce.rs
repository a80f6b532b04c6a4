//! Less resolution: buckets merged two by two until the schema is the one wished for.

use super::bounds::{EXPONENTIAL_SCHEMA_MIN, is_custom_schema, is_exponential_schema_reserved, target_index};
use super::compact::to_deltas;
use super::iter::absolute;
use super::kahan::kahan_add;
use super::layout::{Positions, SpanBuilder};
use super::validate::check_spans;
use super::{Error, FloatHistogram, Histogram, Place, Side, Span};

impl FloatHistogram {
    /// Reduces to the coarser schema `target`.
    ///
    /// # Errors
    /// Custom buckets, a schema that is not coarser, spans that go back or do not fit the buckets; then nothing changes.
    pub fn reduce_resolution(&mut self, target: i32) -> Result<(), Error> {
        check_reduction(self.schema, target)?;
        check_spans((&self.positive_spans, self.positive_buckets.len()), Place::Exponential(Side::Positive))?;
        check_spans((&self.negative_spans, self.negative_buckets.len()), Place::Exponential(Side::Negative))?;
        self.reduce_to(target);
        Ok(())
    }

    /// A copy in the coarser or equal schema `target`. Where there is nothing to reduce (custom buckets, a finer target)
    /// the copy is as it is. A reduced copy's hint is unknown, as in Prometheus.
    #[must_use]
    pub fn copy_to_schema(&self, target: i32) -> Self {
        let mut copy = self.clone();
        if target != self.schema && check_reduction(self.schema, target).is_ok() {
            copy.reduce_to(target);
            copy.counter_reset_hint = super::CounterResetHint::Unknown;
        }
        copy
    }

    /// Reduces step by step until there are at most `limit` buckets.
    ///
    /// # Errors
    /// Custom buckets cannot be reduced, and no schema is coarser than the coarsest.
    pub fn reduce_to_max_buckets(&mut self, limit: usize) -> Result<(), Error> {
        while self.bucket_count() > limit {
            if self.uses_custom_buckets() || self.schema <= EXPONENTIAL_SCHEMA_MIN {
                return Err(Error::TooManyBuckets { buckets: self.bucket_count(), limit });
            }
            self.reduce_resolution(self.schema - 1)?;
        }
        Ok(())
    }

    /// Reduces without a look at the spans' sanity.
    pub(super) fn reduce_to(&mut self, target: i32) {
        let origin = self.schema;
        (self.positive_spans, self.positive_buckets) =
            reduce(&self.positive_spans, &self.positive_buckets, origin, target);
        (self.negative_spans, self.negative_buckets) =
            reduce(&self.negative_spans, &self.negative_buckets, origin, target);
        self.schema = target;
    }
}

impl Histogram {
    /// See [`FloatHistogram::reduce_resolution`].
    ///
    /// # Errors
    /// The same.
    pub fn reduce_resolution(&mut self, target: i32) -> Result<(), Error> {
        check_reduction(self.schema, target)?;
        let origin = self.schema;
        for (side, spans, deltas) in [
            (Side::Positive, &self.positive_spans, &self.positive_deltas),
            (Side::Negative, &self.negative_spans, &self.negative_deltas),
        ] {
            check_spans((spans, deltas.len()), Place::Exponential(side))?;
        }
        for (spans, deltas) in [
            (&mut self.positive_spans, &mut self.positive_deltas),
            (&mut self.negative_spans, &mut self.negative_deltas),
        ] {
            let counts: Vec<i64> = absolute(deltas).collect();
            let (reduced, counts) = reduce_with(spans, &counts, origin, target, |sum: &mut i64, count| {
                *sum = sum.wrapping_add(count);
            });
            *spans = reduced;
            *deltas = to_deltas(counts.into_iter());
        }
        self.schema = target;
        Ok(())
    }

    /// See [`FloatHistogram::reduce_to_max_buckets`].
    ///
    /// # Errors
    /// The same.
    pub fn reduce_to_max_buckets(&mut self, limit: usize) -> Result<(), Error> {
        while self.bucket_count() > limit {
            if self.uses_custom_buckets() || self.schema <= EXPONENTIAL_SCHEMA_MIN {
                return Err(Error::TooManyBuckets { buckets: self.bucket_count(), limit });
            }
            self.reduce_resolution(self.schema - 1)?;
        }
        Ok(())
    }
}

fn check_reduction(from: i32, to: i32) -> Result<(), Error> {
    if is_custom_schema(from) || is_custom_schema(to) || to >= from {
        return Err(Error::CannotReduce { from, to });
    }
    for schema in [from, to] {
        if !is_exponential_schema_reserved(schema) {
            return Err(Error::UnknownSchema(schema));
        }
    }
    Ok(())
}

/// The buckets of `origin` merged into those of the coarser `target`, added in ascending order.
pub(super) fn reduce(spans: &[Span], counts: &[f64], origin: i32, target: i32) -> (Vec<Span>, Vec<f64>) {
    reduce_with(spans, counts, origin, target, |sum, count| *sum += count)
}

/// [`reduce`] with compensation: (spans, sums, compensations).
pub(super) fn reduce_kahan(
    spans: &[Span],
    counts: &[f64],
    compensations: &[f64],
    origin: i32,
    target: i32,
) -> (Vec<Span>, Vec<f64>, Vec<f64>) {
    let pairs: Vec<(f64, f64)> = counts
        .iter()
        .enumerate()
        .map(|(at, count)| (*count, compensations.get(at).copied().unwrap_or(0.0)))
        .collect();
    let (spans, pairs) =
        reduce_with(spans, &pairs, origin, target, |(sum, c): &mut (f64, f64), (count, more)| {
            kahan_add(count, sum, c);
            kahan_add(more, sum, c);
        });
    let (sums, compensations) = pairs.into_iter().unzip();
    (spans, sums, compensations)
}

fn reduce_with<T: Copy>(
    spans: &[Span],
    counts: &[T],
    origin: i32,
    target: i32,
    add: impl Fn(&mut T, T),
) -> (Vec<Span>, Vec<T>) {
    let (mut out, mut sums) = (SpanBuilder::default(), Vec::with_capacity(counts.len()));
    let mut last = None;
    for (index, at) in Positions::new(spans, counts.len()) {
        let index = target_index(index, origin, target);
        match sums.last_mut() {
            Some(sum) if last == Some(index) => add(sum, counts[at]),
            _ => {
                out.push(index);
                sums.push(counts[at]);
                last = Some(index);
            }
        }
    }
    (out.finish(), sums)
}
