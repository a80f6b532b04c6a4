//! Walking over spans, and building them.

use super::Span;

/// The buckets that spans describe: (index, position in the bucket column), in the order of the spans, from both ends.
///
/// Ends with the buckets or with the spans, whichever are fewer; no span layout makes it longer than the buckets.
#[derive(Clone, Debug)]
pub(super) struct Positions<'a> {
    spans: &'a [Span],
    /// Front: the span, how far in it, and the index there.
    span: usize,
    in_span: u32,
    index: i64,
    /// Back: the span, how far in it (exclusive), and the index there (exclusive).
    back_span: usize,
    back_in_span: u32,
    back_index: i64,
    /// Positions left: `position..back_position`.
    position: usize,
    back_position: usize,
}

impl<'a> Positions<'a> {
    pub(super) fn new(spans: &'a [Span], buckets: usize) -> Self {
        let mut back = Self {
            spans,
            span: 0,
            in_span: 0,
            index: spans.first().map_or(0, |s| i64::from(s.offset)),
            back_span: 0,
            back_in_span: 0,
            back_index: 0,
            position: 0,
            back_position: 0,
        };
        for (at, span) in spans.iter().enumerate() {
            let left = buckets - back.back_position;
            let taken = usize::try_from(span.length).map_or(left, |length| length.min(left));
            back.back_span = at;
            back.back_in_span = u32::try_from(taken).unwrap_or(u32::MAX);
            back.back_index += i64::from(span.offset) + taken as i64;
            back.back_position += taken;
            if back.back_position == buckets {
                break;
            }
        }
        back
    }
}

impl Iterator for Positions<'_> {
    type Item = (i64, usize);

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.back_position {
            return None;
        }
        while self.in_span >= self.spans.get(self.span)?.length {
            self.span += 1;
            self.in_span = 0;
            self.index += i64::from(self.spans.get(self.span)?.offset);
        }
        let item = (self.index, self.position);
        self.index += 1;
        self.in_span += 1;
        self.position += 1;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.back_position - self.position;
        (left, Some(left))
    }
}

impl DoubleEndedIterator for Positions<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.position >= self.back_position {
            return None;
        }
        while self.back_in_span == 0 {
            self.back_index -= i64::from(self.spans.get(self.back_span)?.offset);
            self.back_span = self.back_span.checked_sub(1)?;
            self.back_in_span = self.spans.get(self.back_span)?.length;
        }
        self.back_in_span -= 1;
        self.back_index -= 1;
        self.back_position -= 1;
        Some((self.back_index, self.back_position))
    }
}

/// Spans that grow by one bucket at a time.
#[derive(Debug, Default)]
pub(super) struct SpanBuilder {
    spans: Vec<Span>,
    /// The index after the last bucket.
    next: i64,
}

impl SpanBuilder {
    /// Appends the bucket `index`.
    pub(super) fn push(&mut self, index: i64) {
        match self.spans.last_mut() {
            Some(last) if index == self.next && last.length < u32::MAX => last.length += 1,
            _ => self.spans.push(Span { offset: to_offset(index - self.next), length: 1 }),
        }
        self.next = index + 1;
    }

    /// How many buckets lie between the last one and `index`; `None` before the first bucket and where `index` goes back.
    pub(super) fn gap(&self, index: i64) -> Option<u64> {
        if self.spans.is_empty() { None } else { u64::try_from(index - self.next).ok() }
    }

    /// The index after the last bucket.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    pub(super) fn finish(self) -> Vec<Span> {
        self.spans
    }
}

fn to_offset(offset: i64) -> i32 {
    offset.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// Whether both describe the same buckets. Spans of length 0 make no difference; as in Prometheus, a run that is cut in
/// two by a gap of 0 is another layout than the whole run.
pub(super) fn spans_match(a: &[Span], b: &[Span]) -> bool {
    NonEmpty::new(a).eq(NonEmpty::new(b))
}

/// Spans with those of length 0 merged into the offset of the next.
struct NonEmpty<'a>(std::slice::Iter<'a, Span>);

impl<'a> NonEmpty<'a> {
    fn new(spans: &'a [Span]) -> Self {
        Self(spans.iter())
    }
}

impl Iterator for NonEmpty<'_> {
    type Item = (i64, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let mut offset = 0;
        for span in self.0.by_ref() {
            offset += i64::from(span.offset);
            if span.length > 0 {
                return Some((offset, span.length));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(offset: i32, length: u32) -> Span {
        Span { offset, length }
    }

    #[test]
    fn walks_over_gaps_and_empty_spans_from_both_ends() {
        let spans = [span(-2, 2), span(3, 0), span(1, 1), span(0, 1)];
        let walk: Vec<_> = Positions::new(&spans, 4).collect();
        assert_eq!(walk, [(-2, 0), (-1, 1), (4, 2), (5, 3)]);
        let mut back: Vec<_> = Positions::new(&spans, 4).rev().collect();
        back.reverse();
        assert_eq!(back, walk);
    }

    #[test]
    fn stops_with_whichever_is_fewer() {
        assert_eq!(Positions::new(&[span(0, u32::MAX)], 2).count(), 2);
        assert_eq!(Positions::new(&[span(0, 1)], 5).count(), 1);
        assert_eq!(Positions::new(&[], 5).count(), 0);
    }

    #[test]
    fn layouts_match_without_their_empty_spans() {
        assert!(spans_match(&[span(1, 2), span(1, 0), span(1, 1)], &[span(1, 2), span(2, 1), span(9, 0)]));
        assert!(spans_match(&[], &[span(4, 0)]));
        assert!(!spans_match(&[span(1, 2)], &[span(1, 1)]));
        assert!(!spans_match(&[span(1, 2)], &[span(1, 1), span(0, 1)]));
    }

    proptest! {
        #[test]
        fn both_ends_agree_on_any_layout(
            spans in prop::collection::vec((any::<i32>(), 0u32..4).prop_map(|(o, l)| span(o, l)), 0..6),
            buckets in 0usize..10,
        ) {
            let forward: Vec<_> = Positions::new(&spans, buckets).collect();
            let mut backward: Vec<_> = Positions::new(&spans, buckets).rev().collect();
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }
    }
}
