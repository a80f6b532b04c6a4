//! Series as lists of pieces.

use std::sync::atomic::AtomicU32;

use hashbrown::HashTable;
use mneme_model::{LabelsRef, PartitionId};

use super::SeriesId;
use super::pieces::Pieces;

/// What a catalog's lock guards.
#[derive(Debug, Default)]
pub(super) struct Store {
    pieces: Pieces,
    /// Pieces of all series, one after the other.
    lists: Vec<u32>,
    entries: Vec<Entry>,
    by_key: HashTable<u32>,
}

/// One series. Its key is the concatenation of its pieces.
#[derive(Debug)]
pub(super) struct Entry {
    start: u32,
    len: u32,
    /// Half of the key's: given for a whole one, it finds the same.
    pub(super) hash: u32,
    pub(super) space: u32,
    /// Who came after it the last time; at first whoever was added after it.
    pub(super) next: AtomicU32,
    pub(super) partition: PartitionId,
}

impl Store {
    #[inline]
    pub(super) fn entry(&self, series: SeriesId) -> Option<&Entry> {
        self.entries.get(series.0 as usize)
    }

    /// The key's length if `bytes` begin with the key of this series, and it is of this space.
    #[inline]
    pub(super) fn key_len_in(&self, space: u32, id: u32, bytes: &[u8]) -> Option<usize> {
        let entry = self.entries.get(id as usize).filter(|entry| entry.space == space)?;
        let mut rest = bytes;
        for piece in self.list(entry) {
            rest = rest.strip_prefix(self.pieces.bytes(*piece))?;
        }
        Some(bytes.len() - rest.len())
    }

    /// The pieces of this series, if it is of this space.
    #[inline]
    pub(super) fn list_in(&self, space: u32, id: u32) -> Option<&[u32]> {
        let entry = self.entries.get(id as usize).filter(|entry| entry.space == space)?;
        Some(self.list(entry))
    }

    /// A piece's bytes.
    #[inline]
    pub(super) fn piece(&self, id: u32) -> &[u8] {
        self.pieces.bytes(id)
    }

    pub(super) fn find(&self, space: u32, key: &[u8], hash: u64) -> Option<u32> {
        let folded = fold(hash);
        let same = |id: &u32| {
            self.entries.get(*id as usize).is_some_and(|entry| entry.hash == folded)
                && self.key_len_in(space, *id, key) == Some(key.len())
        };
        self.by_key.find(spread(folded), same).copied()
    }

    pub(super) fn find_pieces(&self, space: u32, pieces: &[u32], hash: u64) -> Option<u32> {
        let folded = fold(hash);
        let same = |id: &u32| {
            self.entries.get(*id as usize).is_some_and(|entry| {
                entry.hash == folded && entry.space == space && self.list(entry) == pieces
            })
        };
        self.by_key.find(spread(folded), same).copied()
    }

    pub(super) fn find_piece(&self, space: u32, bytes: &[u8]) -> Option<u32> {
        self.pieces.find(space, bytes)
    }

    pub(super) fn add_piece(&mut self, space: u32, bytes: &[u8], single: &[u8]) -> u32 {
        self.pieces.add(space, bytes, single)
    }

    /// Adds a series that is not there yet.
    pub(super) fn add(&mut self, space: u32, pieces: &[u32], hash: u64, partition: PartitionId) -> u32 {
        let id = u32::try_from(self.entries.len()).expect("fewer than 2^32 series fit into memory");
        let start =
            u32::try_from(self.lists.len()).expect("fewer than 2^32 labels of series fit into memory");
        let len = u32::try_from(pieces.len()).expect("a series has fewer than 2^32 labels");
        self.lists.extend_from_slice(pieces);
        let (next, hash) = (AtomicU32::new(id.wrapping_add(1)), fold(hash));
        self.entries.push(Entry { start, len, hash, space, next, partition });
        let entries = &self.entries;
        self.by_key.insert_unique(spread(hash), id, |id| spread(entries[*id as usize].hash));
        id
    }

    /// The labels of a series in their canonical form, written into `text`.
    pub(super) fn labels<'t>(&self, id: u32, text: &'t mut String) -> LabelsRef<'t> {
        let list = self.entries.get(id as usize).map_or(&[][..], |entry| self.list(entry));
        let singles = list.iter().filter_map(|piece| LabelsRef::parse(self.pieces.single(*piece)).ok());
        let mut pairs: Vec<(&str, &str)> = singles.flat_map(LabelsRef::iter).collect();
        pairs.sort_unstable_by_key(|(name, _)| *name);
        LabelsRef::write_sorted(text, pairs).unwrap_or_default()
    }

    pub(super) fn size(&self) -> usize {
        self.pieces.size()
            + self.lists.len() * size_of::<u32>()
            + self.entries.len() * size_of::<Entry>()
            + self.by_key.capacity() * 5
    }

    #[inline]
    fn list(&self, entry: &Entry) -> &[u32] {
        let start = entry.start as usize;
        self.lists.get(start..start + entry.len as usize).unwrap_or_default()
    }
}

fn fold(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

/// Spreads the half hash over all bits: the table uses the highest and the lowest.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
