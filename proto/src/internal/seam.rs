//! The seam: below which cut of each partition blocks answer, and recent data from there on.

use std::sync::Arc;

use mneme_model::{Cut, PartitionId};

/// Per partition the lowest generation that an ingester is asked for (DESIGN section 5). Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seam {
    /// Ascending by count and partition, each once.
    marks: Arc<[PartitionMark]>,
    /// No partition is below it, whether it is named or not.
    least: Cut,
}

/// A partition and a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionMark {
    /// Of so many partitions. Of another count it is another partition.
    pub count: u16,
    /// Which one.
    pub partition: PartitionId,
    /// The cut.
    pub cut: Cut,
}

impl Seam {
    /// The marks of a manifest, in any order; partitions that are not named are at cut 0. Of several for one the highest counts.
    pub fn new(marks: impl IntoIterator<Item = PartitionMark>) -> Self {
        let mut marks: Vec<PartitionMark> = marks.into_iter().collect();
        marks.sort_unstable_by(|a, b| b.cmp(a));
        marks.dedup_by_key(|mark| (mark.count, mark.partition));
        marks.reverse();
        Self { marks: marks.into(), least: Cut(0) }
    }

    /// The lowest generation that counts.
    #[must_use]
    pub fn from(&self, partition: PartitionId, count: u16) -> Cut {
        let at = self.marks.binary_search_by_key(&(count, partition), |mark| (mark.count, mark.partition));
        at.ok().and_then(|at| self.marks.get(at)).map_or(self.least, |mark| mark.cut.max(self.least))
    }

    /// The same, but nowhere below `floors`.
    #[must_use]
    pub fn raised(&self, floors: &[PartitionMark]) -> Self {
        let marks = Self::new(self.marks.iter().chain(floors).copied());
        Self { least: self.least, ..marks }
    }

    /// The higher of both for each partition.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.raised(&other.marks).at_least(other.least)
    }

    /// The same, but no partition is below `cut`, not even those that are not named.
    #[must_use]
    pub fn at_least(&self, cut: Cut) -> Self {
        Self { marks: Arc::clone(&self.marks), least: self.least.max(cut) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seam_is_raised_and_never_lowered() {
        let mark =
            |count, partition, cut| PartitionMark { count, partition: PartitionId(partition), cut: Cut(cut) };
        let seam = Seam::new([mark(4, 2, 7), mark(8, 2, 1), mark(4, 2, 5)]);
        assert_eq!(seam.from(PartitionId(2), 4), Cut(7));
        assert_eq!(seam.from(PartitionId(2), 8), Cut(1));
        assert_eq!(seam.from(PartitionId(3), 4), Cut(0));
        let raised = seam.raised(&[mark(4, 2, 6), mark(4, 3, 9)]);
        assert_eq!(raised.from(PartitionId(2), 4), Cut(7));
        assert_eq!(raised.from(PartitionId(3), 4), Cut(9));
        let least = raised.at_least(Cut(8)).raised(&[mark(4, 1, 2)]);
        let from = |seam: &Seam| [1, 2, 3, 0].map(|partition| seam.from(PartitionId(partition), 4).0);
        assert_eq!(from(&least), [8, 8, 9, 8]);
        let other = Seam::new([mark(4, 2, 10), mark(4, 3, 1)]);
        assert_eq!((from(&least.and(&other)), from(&other.and(&least))), ([8, 10, 9, 8], [8, 10, 9, 8]));
    }
}
