//! Where a tenant's series were put while it was spread over fewer partitions.
//!
//! A series that comes for the first time since a cut is put where its hash and the tenant's size say. Were that the size of now, a
//! tenant that has grown would move a part of its series at the next cut, and each of these would be in two heads until the
//! next flush. So the size that a series was put by is remembered for as long as the series comes at least once a turn: as half of its hash, 5 to
//! 10 bytes. A series whose half is another's is put by that one's size, which is as good a place as any.

use hashbrown::HashTable;

/// The series of one tenant since the last turn, and those before it that have not come again.
#[derive(Debug, Default)]
pub(super) struct Places {
    now: Vec<Placed>,
    before: Vec<Placed>,
}

/// The series that were put by one size.
#[derive(Debug)]
struct Placed {
    size: u16,
    series: HashTable<u32>,
}

impl Places {
    /// The size by which the series with this hash was put; `None` for one that is not remembered.
    pub(super) fn find(&mut self, hash: u64) -> Option<u16> {
        let half = fold(hash);
        if let Some(placed) = self.now.iter().find(|placed| placed.has(half)) {
            return Some(placed.size);
        }
        let at = self.before.iter_mut().position(|placed| placed.take(half))?;
        let size = self.before.get(at)?.size;
        if self.before.get(at).is_some_and(|placed| placed.series.is_empty()) {
            self.before.swap_remove(at);
        }
        self.put(hash, size);
        Some(size)
    }

    /// Remembers that a series, which is not yet, is put by `size`.
    pub(super) fn put(&mut self, hash: u64, size: u16) {
        let at = self.now.iter().position(|placed| placed.size == size).unwrap_or_else(|| {
            self.now.push(Placed { size, series: HashTable::new() });
            self.now.len() - 1
        });
        if let Some(placed) = self.now.get_mut(at) {
            let half = fold(hash);
            placed.series.insert_unique(spread(half), half, |half| spread(*half));
        }
    }

    /// The tenant has shrunk: series that were put by a larger size are put by this one from now on.
    pub(super) fn shrink(&mut self, size: u16) {
        for placed in self.now.iter_mut().chain(&mut self.before) {
            placed.size = placed.size.min(size);
        }
    }

    /// A turn: what does not come again until the next one is forgotten then.
    pub(super) fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Series that came since the last turn.
    pub(super) fn len(&self) -> u64 {
        self.now.iter().map(|placed| placed.series.len() as u64).sum()
    }

    /// Series that came since the turn before the last one.
    pub(super) fn len_with_before(&self) -> u64 {
        self.len() + self.before.iter().map(|placed| placed.series.len() as u64).sum::<u64>()
    }
}

impl Placed {
    fn has(&self, half: u32) -> bool {
        self.series.find(spread(half), |other| *other == half).is_some()
    }

    /// Forgets a series; whether it was there. The memory goes with the series.
    fn take(&mut self, half: u32) -> bool {
        let Ok(found) = self.series.find_entry(spread(half), |other| *other == half) else { return false };
        found.remove();
        if self.series.len() * 4 < self.series.capacity() {
            self.series.shrink_to(self.series.len(), |half| spread(*half));
        }
        true
    }
}

fn fold(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

/// Spreads the half hash over all bits: the table uses the highest and the lowest.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn hashes(range: std::ops::Range<u64>) -> impl Iterator<Item = u64> {
        range.map(|i| xxh3_64(&i.to_le_bytes()))
    }

    #[test]
    fn a_size_is_remembered_while_its_series_comes_once_a_turn() {
        let mut places = Places::default();
        for (range, size) in [(0..1000, 1), (1000..3000, 2), (3000..3010, 7)] {
            hashes(range).for_each(|hash| {
                assert_eq!(places.find(hash), None);
                places.put(hash, size);
            });
        }
        for _ in 0..3 {
            assert_eq!((places.len(), places.len_with_before()), (3010, 3010));
            places.turn();
            assert_eq!((places.len(), places.len_with_before()), (0, 3010));
            for (range, size) in [(3000..3010, 7), (0..1000, 1), (1000..3000, 2)] {
                assert!(hashes(range.clone()).all(|hash| places.find(hash) == Some(size)));
                assert!(hashes(range).all(|hash| places.find(hash) == Some(size)), "again");
            }
            assert!(places.before.is_empty(), "its memory is given back");
        }
        places.turn();
        assert!(hashes(0..10).all(|hash| places.find(hash) == Some(1)));
        places.turn();
        assert!(hashes(0..10).all(|hash| places.find(hash) == Some(1)));
        assert!(hashes(10..3010).all(|hash| places.find(hash).is_none()), "they did not come");
        assert_eq!(places.len(), 10);
    }

    #[test]
    fn a_tenant_that_shrinks_and_grows_again_moves_its_series_once() {
        let mut places = Places::default();
        for (range, size) in [(0..10, 1), (10..20, 5), (20..30, 9)] {
            hashes(range).for_each(|hash| places.put(hash, size));
        }
        places.turn();
        assert_eq!(places.find(hashes(10..11).next().unwrap()), Some(5));
        places.shrink(3);
        assert!(hashes(0..10).all(|hash| places.find(hash) == Some(1)));
        assert!(hashes(10..30).all(|hash| places.find(hash) == Some(3)));
        assert_eq!((places.len(), places.len_with_before()), (30, 30));
    }

    #[test]
    fn what_was_remembered_leaves_memory_as_it_comes_again() {
        let mut places = Places::default();
        hashes(0..10_000).for_each(|hash| places.put(hash, 1));
        places.turn();
        assert!(hashes(0..9_990).all(|hash| places.find(hash) == Some(1)));
        assert!(places.before[0].series.capacity() < 100, "{}", places.before[0].series.capacity());
    }
}
