//! Integer and float histograms under one view: counts as 64-bit words, so that both are coded and compared by their bits.

use crate::histogram::{AnyHistogram, CounterResetHint, Span};

/// The parts of a histogram; `float` says how its counts and buckets are meant.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) float: bool,
    pub(super) hint: CounterResetHint,
    pub(super) schema: i32,
    pub(super) zero_threshold: u64,
    pub(super) spans: [&'a [Span]; 2],
    pub(super) custom_values: &'a [f64],
    pub(super) zero_count: u64,
    pub(super) count: u64,
    pub(super) sum: u64,
    /// Positive, negative.
    pub(super) buckets: [Buckets<'a>; 2],
}

/// Bucket deltas or counts.
#[derive(Clone, Copy)]
pub(super) enum Buckets<'a> {
    Integer(&'a [i64]),
    Float(&'a [f64]),
}

impl<'a> From<&'a AnyHistogram> for View<'a> {
    fn from(histogram: &'a AnyHistogram) -> Self {
        match histogram {
            AnyHistogram::Integer(h) => Self {
                float: false,
                hint: h.counter_reset_hint,
                schema: h.schema,
                zero_threshold: h.zero_threshold.to_bits(),
                spans: [&h.positive_spans, &h.negative_spans],
                custom_values: &h.custom_values,
                zero_count: h.zero_count,
                count: h.count,
                sum: h.sum.to_bits(),
                buckets: [Buckets::Integer(&h.positive_deltas), Buckets::Integer(&h.negative_deltas)],
            },
            AnyHistogram::Float(h) => Self {
                float: true,
                hint: h.counter_reset_hint,
                schema: h.schema,
                zero_threshold: h.zero_threshold.to_bits(),
                spans: [&h.positive_spans, &h.negative_spans],
                custom_values: &h.custom_values,
                zero_count: h.zero_count.to_bits(),
                count: h.count.to_bits(),
                sum: h.sum.to_bits(),
                buckets: [Buckets::Float(&h.positive_buckets), Buckets::Float(&h.negative_buckets)],
            },
        }
    }
}

impl View<'_> {
    /// Whether both have the same kind, schema, spans, bounds and numbers of buckets.
    pub(super) fn same_layout(&self, other: &View<'_>) -> bool {
        self.float == other.float
            && self.schema == other.schema
            && self.zero_threshold == other.zero_threshold
            && self.spans == other.spans
            && same_bits(self.custom_values, other.custom_values)
            && self.buckets[0].len() == other.buckets[0].len()
            && self.buckets[1].len() == other.buckets[1].len()
    }

    /// Whether both are the same bit by bit.
    pub(super) fn same(&self, other: &View<'_>) -> bool {
        self.same_layout(other)
            && self.hint == other.hint
            && (self.zero_count, self.count, self.sum) == (other.zero_count, other.count, other.sum)
            && (0..2).all(|side| self.buckets[side].words().eq(other.buckets[side].words()))
    }

    /// Spans, bounds and buckets: what decoding it allocates.
    pub(super) fn elements(&self) -> usize {
        let sides = (0..2).map(|side| self.spans[side].len() + self.buckets[side].len()).sum::<usize>();
        sides + self.custom_values.len() + 8
    }
}

impl<'a> Buckets<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Integer(values) => values.len(),
            Self::Float(values) => values.len(),
        }
    }

    /// The buckets as words.
    pub(super) fn words(self) -> impl Iterator<Item = u64> + 'a {
        (0..self.len()).map(move |i| match self {
            Self::Integer(values) => values[i] as u64,
            Self::Float(values) => values[i].to_bits(),
        })
    }
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}
