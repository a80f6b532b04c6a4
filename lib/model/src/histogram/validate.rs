//! Whether a histogram agrees with itself.

use super::bounds::{is_custom_schema, is_exponential_schema};
use super::iter::absolute;
use super::{Error, FloatHistogram, Histogram, Place, Side, Span};

impl FloatHistogram {
    /// Checks schema, spans, bounds and that nothing is negative. That the count is the sum of the buckets is not
    /// checked: floats need not add up.
    pub fn validate(&self) -> Result<(), Error> {
        check_layout(&Layout {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_is_empty: self.zero_count == 0.0,
            positive: (&self.positive_spans, self.positive_buckets.len()),
            negative: (&self.negative_spans, self.negative_buckets.len()),
            custom_values: &self.custom_values,
        })?;
        if !self.uses_custom_buckets() {
            check_counts(self.negative_buckets.iter().copied(), Side::Negative)?;
            if self.zero_count < 0.0 {
                return Err(Error::NegativeZeroCount { count: self.zero_count });
            }
        }
        if self.count < 0.0 {
            return Err(Error::NegativeCount { count: self.count });
        }
        check_counts(self.positive_buckets.iter().copied(), Side::Positive)
    }
}

impl Histogram {
    /// Checks schema, spans, bounds, that no bucket is negative, and that the count is the sum of the buckets (at least
    /// that, if the sum is NaN: observations of NaN are in no bucket).
    pub fn validate(&self) -> Result<(), Error> {
        check_layout(&Layout {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_is_empty: self.zero_count == 0,
            positive: (&self.positive_spans, self.positive_deltas.len()),
            negative: (&self.negative_spans, self.negative_deltas.len()),
            custom_values: &self.custom_values,
        })?;
        let negative = total(&self.negative_deltas, Side::Negative)?;
        let positive = total(&self.positive_deltas, Side::Positive)?;
        let in_buckets = negative.saturating_add(positive).saturating_add(self.zero_count);
        if self.sum.is_nan() {
            if in_buckets > self.count {
                return Err(Error::CountNotBigEnough { in_buckets, count: self.count });
            }
        } else if in_buckets != self.count {
            return Err(Error::CountMismatch { in_buckets, count: self.count });
        }
        Ok(())
    }
}

/// What both kinds of histogram have in common.
struct Layout<'a> {
    schema: i32,
    zero_threshold: f64,
    zero_is_empty: bool,
    positive: (&'a [Span], usize),
    negative: (&'a [Span], usize),
    custom_values: &'a [f64],
}

fn check_layout(layout: &Layout<'_>) -> Result<(), Error> {
    if is_custom_schema(layout.schema) {
        return check_custom(layout);
    }
    if !is_exponential_schema(layout.schema) {
        return Err(Error::InvalidSchema(layout.schema));
    }
    check_spans(layout.positive, Place::Exponential(Side::Positive))?;
    check_spans(layout.negative, Place::Exponential(Side::Negative))?;
    if layout.custom_values.is_empty() { Ok(()) } else { Err(Error::ExponentialCustomBounds) }
}

fn check_custom(layout: &Layout<'_>) -> Result<(), Error> {
    check_custom_bounds(layout.custom_values)?;
    let (spans, buckets) = layout.positive;
    if let Some(at) = spans.iter().position(|span| span.offset < 0) {
        return Err(Error::SpanNegativeOffset {
            side: Place::Custom,
            number: at + 1,
            offset: spans[at].offset,
        });
    }
    check_spans((spans, buckets), Place::Custom)?;
    let span_length = spans
        .iter()
        .fold(0u64, |sum, s| sum.saturating_add(u64::from(s.length) + u64::from(s.offset.unsigned_abs())));
    let bounds = layout.custom_values.len();
    if (bounds as u64) + 1 < span_length {
        return Err(Error::CustomBoundsTooFew { bounds, span_length });
    }
    if !layout.zero_is_empty {
        return Err(Error::CustomZeroCount);
    }
    if layout.zero_threshold != 0.0 {
        return Err(Error::CustomZeroThreshold);
    }
    if !layout.negative.0.is_empty() {
        return Err(Error::CustomNegativeSpans);
    }
    if layout.negative.1 != 0 {
        return Err(Error::CustomNegativeBuckets);
    }
    Ok(())
}

fn check_custom_bounds(bounds: &[f64]) -> Result<(), Error> {
    if let Some(pair) = bounds.windows(2).find(|pair| pair[1] <= pair[0]) {
        return Err(Error::CustomBoundsOrder { previous: pair[0], current: pair[1] });
    }
    if bounds.iter().any(|bound| bound.is_nan()) {
        return Err(Error::CustomBoundsNan);
    }
    if bounds.last() == Some(&f64::INFINITY) { Err(Error::CustomBoundsInfinite) } else { Ok(()) }
}

/// Only the first span may start below zero, and the spans must describe as many buckets as there are.
pub(super) fn check_spans((spans, have): (&[Span], usize), side: Place) -> Result<(), Error> {
    if let Some(at) = spans.iter().skip(1).position(|span| span.offset < 0) {
        return Err(Error::SpanNegativeOffset { side, number: at + 2, offset: spans[at + 1].offset });
    }
    let need = spans.iter().fold(0u64, |sum, span| sum.saturating_add(u64::from(span.length)));
    if need == have as u64 { Ok(()) } else { Err(Error::SpansBucketsMismatch { side, need, have }) }
}

fn check_counts(counts: impl Iterator<Item = f64>, side: Side) -> Result<(), Error> {
    for (at, count) in counts.enumerate() {
        if count < 0.0 {
            return Err(Error::NegativeBucketCount { side, number: at + 1, count });
        }
    }
    Ok(())
}

fn total(deltas: &[i64], side: Side) -> Result<u64, Error> {
    let mut total = 0u64;
    for (at, count) in absolute(deltas).enumerate() {
        let Ok(positive) = u64::try_from(count) else {
            return Err(Error::NegativeBucketCount { side, number: at + 1, count: count as f64 });
        };
        total = total.saturating_add(positive);
    }
    Ok(total)
}
