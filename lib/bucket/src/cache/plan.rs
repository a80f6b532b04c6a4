//! Which requests fetch some ranges. Pure.

use std::ops::Range;

/// Merges ranges that lie at most `gap` apart, as long as the result has at most `longest` bytes; a range that is longer by
/// itself stays whole. Each result with the places of its ranges in `ranges`. Ranges may overlap, in any order; none is empty.
pub(super) fn merge(ranges: &[Range<u64>], gap: u64, longest: u64) -> Vec<(Range<u64>, Vec<usize>)> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_unstable_by_key(|place| (ranges[*place].start, ranges[*place].end));
    let mut merged: Vec<(Range<u64>, Vec<usize>)> = Vec::new();
    for place in order {
        let range = &ranges[place];
        if let Some((last, places)) = merged.last_mut() {
            let end = last.end.max(range.end);
            let near = range.start <= last.end.saturating_add(gap);
            if near && (end - last.start <= longest || end == last.end) {
                last.end = end;
                places.push(place);
                continue;
            }
        }
        merged.push((range.clone(), vec![place]));
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn near_ranges_come_with_one_request() {
        assert_eq!(merge(&[20..30, 0..10], 10, 100), [(0..30, vec![1, 0])]);
        assert_eq!(merge(&[21..30, 0..10], 10, 100), [(0..10, vec![1]), (21..30, vec![0])]);
        assert_eq!(merge(&[0..60, 60..120], 10, 100), [(0..60, vec![0]), (60..120, vec![1])]);
        assert_eq!(merge(&[0..500, 10..20], 10, 100), [(0..500, vec![0, 1])], "it is there anyway");
        assert_eq!(merge(&[], 10, 100), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_range_lies_in_its_request(
            ranges in prop::collection::vec((0_u64..2000, 1_u64..300), 0..30),
            gap in 0_u64..50,
            longest in 1_u64..600,
        ) {
            let ranges: Vec<Range<u64>> = ranges.into_iter().map(|(start, len)| start..start + len).collect();
            let mut seen = Vec::new();
            for (request, places) in merge(&ranges, gap, longest) {
                prop_assert!(request.end - request.start <= longest || ranges.contains(&request));
                for place in places {
                    prop_assert!(request.start <= ranges[place].start && ranges[place].end <= request.end);
                    seen.push(place);
                }
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..ranges.len()).collect::<Vec<_>>());
        }
    }
}
