//! Custom buckets with different bounds.

use super::kahan::KahanSum;
use super::layout::{Positions, SpanBuilder};
use super::{FloatHistogram, Span};

/// The bounds that both ascending lists have.
pub(super) fn intersect(a: &[f64], b: &[f64]) -> Vec<f64> {
    let (mut i, mut j) = (0, 0);
    let mut both = Vec::new();
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        if x == y {
            both.push(*x);
        }
        let (step_a, step_b) = (x <= y, x >= y);
        i += usize::from(step_a);
        // Bounds that cannot be compared (NaN) are passed over.
        j += usize::from(step_b || !step_a);
    }
    both
}

/// Buckets of an addition over common bounds, the empty ones left out.
pub(super) struct Mapped {
    pub(super) spans: Vec<Span>,
    pub(super) sums: Vec<f64>,
    pub(super) compensations: Vec<f64>,
}

/// Adds (or subtracts) the custom buckets of `b` to those of `a` with its `compensations`, each in the bucket of
/// `bounds` that it lies in.
pub(super) fn add_mapped(
    a: &FloatHistogram,
    compensations: &[f64],
    b: &FloatHistogram,
    negative: bool,
    bounds: &[f64],
) -> Mapped {
    let mut target = vec![KahanSum::default(); bounds.len() + 1];
    for (to, at) in destinations(a, bounds) {
        target[to].add(a.positive_buckets[at]);
        if let Some(c) = compensations.get(at) {
            target[to].add(*c);
        }
    }
    for (to, at) in destinations(b, bounds) {
        let count = b.positive_buckets[at];
        target[to].add(if negative { -count } else { count });
    }
    let mut spans = SpanBuilder::default();
    let mut out = Mapped { spans: Vec::new(), sums: Vec::new(), compensations: Vec::new() };
    for (index, bucket) in target.iter().enumerate().filter(|(_, b)| b.sum != 0.0 || b.compensation != 0.0) {
        spans.push(index as i64);
        out.sums.push(bucket.sum);
        out.compensations.push(bucket.compensation);
    }
    out.spans = spans.finish();
    out
}

/// (bucket among `bounds`, position in `h`) for each bucket of `h`.
fn destinations<'a>(h: &'a FloatHistogram, bounds: &'a [f64]) -> impl Iterator<Item = (usize, usize)> + 'a {
    let mut reached = 0;
    Positions::new(&h.positive_spans, h.positive_buckets.len()).map(move |(index, at)| {
        let Some(upper) = usize::try_from(index).ok().and_then(|index| h.custom_values.get(index)) else {
            return (bounds.len(), at);
        };
        while bounds.get(reached).is_some_and(|bound| bound < upper) {
            reached += 1;
        }
        (reached, at)
    })
}
