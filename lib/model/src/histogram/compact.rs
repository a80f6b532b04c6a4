//! Getting rid of empty buckets.

use super::iter::absolute;
use super::layout::{Positions, SpanBuilder};
use super::{FloatHistogram, Histogram, Span};

/// Buckets that compaction may add at most to fill gaps, whatever width of gap the caller accepts.
const MAX_FILL: u64 = 1 << 16;

impl FloatHistogram {
    /// Drops empty buckets and spans; gaps of at most `max_empty` buckets are filled with empty buckets rather than
    /// described by a new span.
    pub fn compact(&mut self, max_empty: u32) {
        compact_floats(&mut self.positive_spans, &mut self.positive_buckets, &mut Vec::new(), max_empty);
        compact_floats(&mut self.negative_spans, &mut self.negative_buckets, &mut Vec::new(), max_empty);
    }

    /// [`Self::compact`] of a sum and its compensation, which share their layout; a bucket is empty if both are.
    pub(super) fn compact_with(&mut self, compensation: &mut Self, max_empty: u32) {
        let (sum, c) = (self, compensation);
        compact_floats(
            &mut sum.positive_spans,
            &mut sum.positive_buckets,
            &mut c.positive_buckets,
            max_empty,
        );
        compact_floats(
            &mut sum.negative_spans,
            &mut sum.negative_buckets,
            &mut c.negative_buckets,
            max_empty,
        );
        c.positive_spans.clone_from(&sum.positive_spans);
        c.negative_spans.clone_from(&sum.negative_spans);
    }
}

impl Histogram {
    /// See [`FloatHistogram::compact`].
    pub fn compact(&mut self, max_empty: u32) {
        compact_deltas(&mut self.positive_spans, &mut self.positive_deltas, max_empty);
        compact_deltas(&mut self.negative_spans, &mut self.negative_deltas, max_empty);
    }
}

/// Where each bucket of the compacted layout comes from: `None` = an empty bucket that fills a gap.
fn plan(
    spans: &[Span],
    buckets: usize,
    keep: impl Fn(usize) -> bool,
    max_empty: u32,
) -> (Vec<Span>, Vec<Option<usize>>) {
    let (mut out, mut sources) = (SpanBuilder::default(), Vec::with_capacity(buckets));
    let mut may_fill = MAX_FILL;
    for (index, at) in Positions::new(spans, buckets).filter(|&(_, at)| keep(at)) {
        if let Some(gap @ 1..) = out.gap(index)
            && gap <= u64::from(max_empty).min(may_fill)
        {
            may_fill -= gap;
            for empty in out.next()..index {
                out.push(empty);
                sources.push(None);
            }
        }
        out.push(index);
        sources.push(Some(at));
    }
    (out.finish(), sources)
}

fn is_compact(spans: &[Span], max_empty: u32) -> bool {
    spans
        .iter()
        .enumerate()
        .all(|(at, span)| span.length > 0 && (at == 0 || i64::from(span.offset) > i64::from(max_empty)))
}

fn compact_floats(
    spans: &mut Vec<Span>,
    buckets: &mut Vec<f64>,
    compensation: &mut Vec<f64>,
    max_empty: u32,
) {
    if is_compact(spans, max_empty) && buckets.iter().all(|count| *count != 0.0) {
        return;
    }
    let keep = |at: usize| buckets[at] != 0.0 || compensation.get(at).is_some_and(|c| *c != 0.0);
    let (new_spans, sources) = plan(spans, buckets.len(), keep, max_empty);
    let pick = |from: &[f64]| {
        sources.iter().map(|at| at.and_then(|at| from.get(at)).copied().unwrap_or(0.0)).collect()
    };
    if !compensation.is_empty() {
        *compensation = pick(compensation);
    }
    *buckets = pick(buckets);
    *spans = new_spans;
}

fn compact_deltas(spans: &mut Vec<Span>, deltas: &mut Vec<i64>, max_empty: u32) {
    let counts: Vec<i64> = absolute(deltas).collect();
    if is_compact(spans, max_empty) && counts.iter().all(|count| *count != 0) {
        return;
    }
    let (new_spans, sources) = plan(spans, counts.len(), |at| counts[at] != 0, max_empty);
    *deltas = to_deltas(sources.into_iter().map(|at| at.map_or(0, |at| counts[at])));
    *spans = new_spans;
}

/// Absolute counts as deltas to the bucket before.
pub(super) fn to_deltas(counts: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut before = 0i64;
    counts.map(|count| count.wrapping_sub(std::mem::replace(&mut before, count))).collect()
}
