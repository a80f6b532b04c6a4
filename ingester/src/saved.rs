//! What is in checkpoints, of all partitions.

use std::collections::{BTreeMap, BTreeSet};

use mneme_model::Cut;

use crate::checkpoint::{Coverage, Header, Places};

/// The lowest generation that checkpoints or blocks must have.
pub(crate) const FLOOR: Cut = Cut(0);

/// What is in checkpoints.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// By partition.
    pub(crate) partitions: Vec<SavedPartition>,
    /// Where reading goes on behind each cut that has a checkpoint.
    pub(crate) places: BTreeMap<Cut, Places>,
}

/// What is in a partition's checkpoints.
#[derive(Clone, Debug, Default)]
pub(crate) struct SavedPartition {
    /// The generations, those that blocks have included.
    pub(crate) coverage: Coverage,
    /// Below this everything is in checkpoints that hold chunks, or there was nothing.
    pub(crate) kept: Cut,
    /// Checkpoints that hold no chunks: superseded by the next ones.
    pub(crate) empty: BTreeSet<Cut>,
    /// All that were read or written.
    pub(crate) known: BTreeSet<Cut>,
    /// Below this everything is in blocks, by the newest checkpoint.
    pub(crate) floor: Cut,
    /// The same by the one before: what is below is deleted, so that it is not missed if the newest cannot be read.
    floor_before: Cut,
}

impl SavedPartition {
    /// Notes a checkpoint that was read or written; they come in ascending order.
    pub(crate) fn add(&mut self, header: &Header, chunks: u64) {
        let Header { from, cut, floor, .. } = *header;
        self.coverage.add(FLOOR..floor);
        self.coverage.add(from..cut);
        self.known.insert(cut);
        self.floor_before = self.floor;
        self.floor = self.floor.max(floor);
        if chunks == 0 {
            self.empty.insert(cut);
        } else {
            self.kept = self.coverage.first_gap(FLOOR);
        }
    }

    /// Everything below this is in checkpoints.
    pub(crate) fn saved_below(&self) -> Cut {
        self.coverage.first_gap(FLOOR)
    }

    /// The checkpoints without chunks that two newer ones supersede, and those that blocks have all of; they are forgotten here.
    pub(crate) fn take_superseded(&mut self) -> Vec<Cut> {
        let Some(second) = self.known.iter().rev().nth(1).copied() else { return Vec::new() };
        let in_blocks = self.floor_before;
        let superseded =
            |cut: &Cut, empty: &BTreeSet<Cut>| *cut < second && (*cut <= in_blocks || empty.contains(cut));
        let gone: Vec<Cut> = self.known.iter().copied().filter(|cut| superseded(cut, &self.empty)).collect();
        self.known.retain(|cut| !gone.contains(cut));
        self.empty.retain(|cut| !gone.contains(cut));
        gone
    }
}

impl Saved {
    /// Of `count` partitions: nothing.
    pub(crate) fn new(count: usize) -> Self {
        Self { partitions: vec![SavedPartition::default(); count], places: BTreeMap::new() }
    }

    /// Every partition has everything below this in checkpoints.
    pub(crate) fn saved_below(&self) -> Cut {
        self.partitions.iter().map(SavedPartition::saved_below).min().unwrap_or_default()
    }

    /// The newest known place from which nothing stamped `cut` or later is missed.
    pub(crate) fn place_for(&self, cut: Cut) -> Option<(Cut, &Places)> {
        self.places.range(..=cut).next_back().map(|(cut, places)| (*cut, places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(from: u64, cut: u64, floor: u64) -> Header {
        Header {
            attempt: 0,
            from: Cut(from),
            cut: Cut(cut),
            floor: Cut(floor),
            time: 0,
            partition: mneme_model::PartitionId(0),
            count: 1,
            places: Places::default(),
        }
    }

    #[test]
    fn checkpoints_go_once_two_newer_ones_say_that_blocks_have_what_they_hold() {
        let mut saved = SavedPartition::default();
        for cut in 1..=4 {
            saved.add(&header(cut - 1, cut, 0), 5);
        }
        saved.add(&header(4, 5, 3), 5);
        assert!(saved.take_superseded().is_empty(), "the newest may be unreadable");
        saved.add(&header(5, 6, 3), 5);
        assert_eq!(saved.take_superseded(), [Cut(1), Cut(2), Cut(3)]);
        // A start from what is left.
        let mut again = SavedPartition::default();
        for header in [header(3, 4, 0), header(4, 5, 3), header(5, 6, 3)] {
            again.add(&header, 5);
        }
        assert_eq!((again.saved_below(), again.coverage.gaps(FLOOR)), (Cut(6), Vec::new()));
        again.add(&header(6, 7, 6), 0);
        again.add(&header(6, 8, 7), 0);
        assert_eq!(again.take_superseded(), [Cut(4), Cut(5), Cut(6)]);
        assert_eq!(again.known, BTreeSet::from([Cut(7), Cut(8)]), "two stay, whatever blocks have");
    }

    #[test]
    fn checkpoints_without_chunks_are_superseded_and_their_generations_are_kept_by_the_next_one() {
        let mut saved = SavedPartition::default();
        saved.add(&header(0, 1, 0), 5);
        saved.add(&header(1, 2, 0), 0);
        assert_eq!((saved.kept, saved.saved_below()), (Cut(1), Cut(2)));
        saved.add(&header(1, 3, 0), 0);
        assert!(saved.take_superseded().is_empty());
        saved.add(&header(1, 4, 0), 7);
        assert_eq!(saved.take_superseded(), [Cut(2)]);
        assert_eq!((saved.kept, saved.saved_below()), (Cut(4), Cut(4)));
    }

    #[test]
    fn a_hole_holds_everything_up() {
        let mut saved = Saved::new(2);
        for partition in &mut saved.partitions {
            partition.add(&header(0, 1, 0), 1);
        }
        saved.partitions[0].add(&header(2, 3, 0), 1);
        saved.partitions[1].add(&header(1, 3, 0), 1);
        assert_eq!(saved.saved_below(), Cut(1));
        assert_eq!(saved.partitions[0].kept, Cut(1), "the next checkpoint fills the hole");
        saved.places.insert(Cut(3), Places::default());
        assert!(saved.place_for(Cut(2)).is_none() && saved.place_for(Cut(3)).is_some());
    }
}
