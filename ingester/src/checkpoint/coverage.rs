//! Which generations a partition has from checkpoints.

use std::ops::Range;

use mneme_model::Cut;

/// Generations, as ascending ranges that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage(Vec<Range<Cut>>);

impl Coverage {
    /// Adds generations.
    pub(crate) fn add(&mut self, mut range: Range<Cut>) {
        if range.is_empty() {
            return;
        }
        self.0.retain(|other| {
            let apart = other.end < range.start || range.end < other.start;
            if !apart {
                range = range.start.min(other.start)..range.end.max(other.end);
            }
            apart
        });
        let at = self.0.partition_point(|other| other.start < range.start);
        self.0.insert(at, range);
    }

    /// Whether the generation is covered.
    pub(crate) fn contains(&self, cut: Cut) -> bool {
        self.0.iter().any(|range| range.contains(&cut))
    }

    /// The lowest generation from `floor` on that is not covered.
    pub(crate) fn first_gap(&self, floor: Cut) -> Cut {
        self.0.iter().find(|range| range.contains(&floor)).map_or(floor, |range| range.end)
    }

    /// The generations below the highest covered one, from `floor` on, that are not covered: they should have been.
    pub(crate) fn gaps(&self, floor: Cut) -> Vec<Range<Cut>> {
        let mut next = floor;
        let mut gaps = Vec::new();
        for range in &self.0 {
            if range.start > next {
                gaps.push(next..range.start);
            }
            next = next.max(range.end);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(range: Range<u64>) -> Range<Cut> {
        Cut(range.start)..Cut(range.end)
    }

    #[test]
    fn ranges_join_and_gaps_show() {
        let mut coverage = Coverage::default();
        assert_eq!((coverage.first_gap(Cut(0)), coverage.gaps(Cut(0))), (Cut(0), Vec::new()));
        for range in [0..1, 4..6, 2..3, 1..2, 3..3] {
            coverage.add(cuts(range));
        }
        assert_eq!(coverage, Coverage(vec![cuts(0..3), cuts(4..6)]));
        assert_eq!(coverage.first_gap(Cut(0)), Cut(3));
        assert_eq!(coverage.gaps(Cut(0)), [cuts(3..4)]);
        assert!(coverage.contains(Cut(5)) && !coverage.contains(Cut(3)) && !coverage.contains(Cut(6)));
        coverage.add(cuts(1..9));
        assert_eq!(coverage, Coverage(vec![cuts(0..9)]));
    }
}
