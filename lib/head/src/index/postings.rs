//! The series that have a label.

use roaring::RoaringBitmap;

/// From so many series on a bitmap is smaller and faster than a list.
const MANY: usize = 64;

/// A set of slots: most labels have few series, some have all.
pub(crate) enum Postings {
    /// Ascending.
    Few(Vec<u32>),
    /// With the number of slots: to ask a bitmap in runs takes a walk.
    Many(Box<RoaringBitmap>, u32),
}

impl Default for Postings {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Postings {
    /// Adds a slot that is not in the set yet; returns by how many bytes the set grew, about.
    pub(crate) fn insert(&mut self, slot: u32) -> usize {
        match self {
            Self::Many(set, len) => {
                *len += u32::from(set.insert(slot));
                2
            }
            Self::Few(list) => {
                if list.len() >= MANY {
                    let mut set: RoaringBitmap = list.iter().copied().collect();
                    set.insert(slot);
                    let before = self.memory();
                    *self = Self::Many(Box::new(set), MANY as u32 + 1);
                    return self.memory().saturating_sub(before);
                }
                if list.capacity() == list.len() {
                    list.reserve_exact((list.len() / 2).max(2));
                }
                let at = list.partition_point(|&other| other < slot);
                list.insert(at, slot);
                4
            }
        }
    }

    /// Takes a slot out that is in the set; returns by how many bytes the set shrank, by the rule of [`Self::memory`].
    pub(crate) fn remove(&mut self, slot: u32) -> usize {
        match self {
            Self::Many(set, len) => {
                *len -= u32::from(set.remove(slot));
                let len = *len as usize;
                if len >= MANY / 2 {
                    return if len >= MANY { 2 } else { 0 };
                }
                *self = Self::Few(set.iter().collect());
                MANY * 4 - len * 4
            }
            Self::Few(list) => match list.binary_search(&slot) {
                Ok(at) => {
                    list.remove(at);
                    4
                }
                Err(_) => 0,
            },
        }
    }

    /// Whether `is` is true of a slot; not called any more once it was.
    pub(crate) fn any(&self, mut is: impl FnMut(u32) -> bool) -> bool {
        match self {
            Self::Few(list) => list.iter().any(|&slot| is(slot)),
            Self::Many(set, _) => set.iter().any(is),
        }
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        match self {
            Self::Few(list) => list.binary_search(&slot).is_ok(),
            Self::Many(set, _) => set.contains(slot),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(list) => list.len(),
            Self::Many(_, len) => *len as usize,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        // A bitmap becomes a list long before it is empty.
        matches!(self, Self::Few(list) if list.is_empty())
    }

    /// Heap bytes, by the rule that [`Self::insert`] and removal keep to.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Few(list) => list.len() * 4,
            // The list's bytes stay counted, so that both rules meet where one becomes the other.
            Self::Many(_, len) => MANY * 4 + (*len as usize).saturating_sub(MANY) * 2,
        }
    }

    /// Gives spare room back.
    pub(crate) fn shrink(&mut self) {
        match self {
            Self::Few(list) => list.shrink_to(list.len() + 2),
            Self::Many(set, _) => {
                set.optimize();
                // A copy has no spare room.
                **set = (**set).clone();
            }
        }
    }

    /// Heap bytes as they are.
    pub(crate) fn allocated(&self) -> usize {
        match self {
            Self::Few(list) => list.capacity() * 4,
            Self::Many(set, _) => size_of::<RoaringBitmap>() + allocated(set),
        }
    }

    pub(crate) fn to_bitmap(&self) -> RoaringBitmap {
        match self {
            Self::Few(list) => list.iter().copied().collect(),
            Self::Many(set, _) => (**set).clone(),
        }
    }
}

/// Heap bytes of a bitmap, about: 2 for each value of a sparse container, 4 for a run, 8192 for a dense one.
pub(super) fn allocated(set: &RoaringBitmap) -> usize {
    let figures = set.statistics();
    figures.n_values_array_containers as usize * 2
        + figures.n_bytes_run_containers as usize
        + figures.n_bitset_containers as usize * 8192
        + figures.n_containers as usize * 40
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_bitmaps_are_the_same_set() {
        let mut postings = Postings::default();
        for slot in (0..200).rev() {
            postings.insert(slot * 3);
        }
        assert_eq!((postings.len(), postings.is_empty()), (200, false));
        for slot in 0..195 {
            let before = postings.memory();
            assert_eq!(postings.remove(slot * 3), before - postings.memory());
        }
        assert!(matches!(postings, Postings::Few(_)));
        assert_eq!(postings.to_bitmap().iter().collect::<Vec<_>>(), [585, 588, 591, 594, 597]);
        (195..200).for_each(|slot| assert_eq!(postings.remove(slot * 3), 4));
        assert_eq!((postings.len(), postings.memory()), (0, 0));
    }
}
