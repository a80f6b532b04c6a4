//! Over how many partitions a tenant is spread whose limits do not say.

use mneme_model::Cut;
use mneme_proto::internal::active::{ActiveSeries, partitions_for};

/// The bounds of every tenant's size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Series that one partition is to hold.
    pub(super) per_partition: u64,
    /// Partitions that there are.
    pub(super) most: u16,
}

/// A tenant's size: it grows at once, and shrinks only when a flush has decided anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    partitions: u16,
    /// Up to where the flush went whose decision was taken in last.
    flushed: Cut,
    /// Whether the tenant's owners have told what they know.
    heard: bool,
}

impl Size {
    /// Of a tenant that nothing is known of.
    pub(super) fn new() -> Self {
        Self { partitions: 1, flushed: Cut(0), heard: false }
    }

    /// How many partitions.
    pub(super) fn partitions(self) -> u16 {
        self.partitions
    }

    /// Whether the owners have told what they know.
    pub(super) fn heard(self) -> bool {
        self.heard
    }

    /// Grows to hold `series`, which are known to be active. It never shrinks here.
    pub(super) fn grow(&mut self, series: u64, bounds: Bounds) {
        self.partitions = self.partitions.max(partitions_for(series, bounds.per_partition, bounds.most));
    }

    /// Takes in what the owners know, while `series` are known to be active here.
    pub(super) fn hear(&mut self, told: &ActiveSeries, series: u64, bounds: Bounds) {
        let decided = told.decided.filter(|decided| !self.heard || decided.flushed > self.flushed);
        if !self.heard {
            // As it was before this process. Series that fit into one partition are soon at home there, wherever they were; of many
            // each stays where it is, and a flush says once they have become fewer.
            let held = if told.series > bounds.per_partition { told.partitions } else { 1 };
            self.partitions = self.partitions.max(held).min(bounds.most);
        } else if decided.is_some() {
            self.partitions = 1;
        }
        if let Some(decided) = decided {
            self.partitions = self.partitions.max(decided.partitions.min(bounds.most));
            self.flushed = decided.flushed;
        }
        self.heard = true;
        self.grow(series, bounds);
    }
}

#[cfg(test)]
mod tests {
    use mneme_proto::internal::active::ShardSize;

    use super::*;

    const BOUNDS: Bounds = Bounds { per_partition: 100, most: 64 };

    fn told(series: u64, partitions: u16, decided: Option<(u16, u64)>) -> ActiveSeries {
        let decided = decided.map(|(partitions, cut)| ShardSize { partitions, flushed: Cut(cut) });
        ActiveSeries { series, partitions, decided }
    }

    fn started(told: &ActiveSeries) -> u16 {
        let mut size = Size::new();
        size.hear(told, 0, BOUNDS);
        size.partitions()
    }

    #[test]
    fn a_start_keeps_the_size_that_the_owners_know() {
        assert_eq!(started(&told(0, 0, None)), 1, "nobody knows it");
        assert_eq!(started(&told(950, 10, None)), 10, "no flush yet");
        assert_eq!(
            started(&told(1400, 10, None)),
            10,
            "some are in two partitions, and are no more for that"
        );
        assert_eq!(started(&told(0, 0, Some((7, 3)))), 7, "all is in blocks");
        assert_eq!(started(&told(950, 10, Some((3, 3)))), 10, "it has grown since the flush");
        assert_eq!(started(&told(90, 60, None)), 1, "few series, however they are spread");
        assert_eq!(started(&told(90, 60, Some((2, 3)))), 2);
        assert_eq!(started(&told(u64::MAX, 65, Some((99, 3)))), 64, "never more than there are");
    }

    #[test]
    fn it_grows_at_once_and_shrinks_only_by_a_later_flush() {
        let mut size = Size::new();
        size.grow(100, BOUNDS);
        assert_eq!((size.partitions(), size.heard()), (1, false));
        size.grow(101, BOUNDS);
        assert_eq!(size.partitions(), 2);
        size.hear(&told(0, 0, Some((1, 5))), 0, BOUNDS);
        assert_eq!(size.partitions(), 2, "what it grew to before the owners answered stays");
        size.grow(1000, BOUNDS);
        size.grow(10, BOUNDS);
        assert_eq!(size.partitions(), 10);
        size.hear(&told(10, 1, Some((1, 5))), 10, BOUNDS);
        assert_eq!(size.partitions(), 10, "the same flush again");
        size.hear(&told(10, 1, None), 10, BOUNDS);
        assert_eq!(size.partitions(), 10, "owners that have forgotten");
        size.hear(&told(10, 1, Some((4, 6))), 10, BOUNDS);
        assert_eq!(size.partitions(), 4);
        size.hear(&told(10, 1, Some((1, 7))), 250, BOUNDS);
        assert_eq!(size.partitions(), 3, "but not below what is active here");
        size.hear(&told(10, 1, Some((9, 8))), 250, BOUNDS);
        assert_eq!(size.partitions(), 9, "others see more of it");
    }
}
