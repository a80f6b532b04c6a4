//! What is in checkpoints, of all partitions.

use std::collections::{BTreeMap, BTreeSet};

use mneme_model::Cut;

use crate::checkpoint::{Coverage, Places};

/// The lowest generation that checkpoints must have: nothing is in blocks yet.
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
    /// The generations.
    pub(crate) coverage: Coverage,
    /// Below this everything is in checkpoints that hold chunks, or there was nothing.
    pub(crate) kept: Cut,
    /// Checkpoints that hold no chunks: superseded by the next ones.
    pub(crate) empty: BTreeSet<Cut>,
    /// All that were read or written.
    pub(crate) known: BTreeSet<Cut>,
}

impl SavedPartition {
    /// Notes a checkpoint of `from..cut`.
    pub(crate) fn add(&mut self, from: Cut, cut: Cut, chunks: u64) {
        self.coverage.add(from..cut);
        self.known.insert(cut);
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

    /// The checkpoints without chunks that two newer ones supersede; they are forgotten here.
    pub(crate) fn take_superseded(&mut self) -> Vec<Cut> {
        let Some(second) = self.known.iter().rev().nth(1).copied() else { return Vec::new() };
        let kept = self.empty.split_off(&second);
        let superseded = std::mem::replace(&mut self.empty, kept);
        self.known.retain(|cut| !superseded.contains(cut));
        superseded.into_iter().collect()
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

    #[test]
    fn checkpoints_without_chunks_are_superseded_and_their_generations_are_kept_by_the_next_one() {
        let mut saved = SavedPartition::default();
        saved.add(Cut(0), Cut(1), 5);
        saved.add(Cut(1), Cut(2), 0);
        assert_eq!((saved.kept, saved.saved_below()), (Cut(1), Cut(2)));
        saved.add(Cut(1), Cut(3), 0);
        assert!(saved.take_superseded().is_empty());
        saved.add(Cut(1), Cut(4), 7);
        assert_eq!(saved.take_superseded(), [Cut(2)]);
        assert_eq!((saved.kept, saved.saved_below()), (Cut(4), Cut(4)));
    }

    #[test]
    fn a_hole_holds_everything_up() {
        let mut saved = Saved::new(2);
        for partition in &mut saved.partitions {
            partition.add(Cut(0), Cut(1), 1);
        }
        saved.partitions[0].add(Cut(2), Cut(3), 1);
        saved.partitions[1].add(Cut(1), Cut(3), 1);
        assert_eq!(saved.saved_below(), Cut(1));
        assert_eq!(saved.partitions[0].kept, Cut(1), "the next checkpoint fills the hole");
        saved.places.insert(Cut(3), Places::default());
        assert!(saved.place_for(Cut(2)).is_none() && saved.place_for(Cut(3)).is_some());
    }
}
