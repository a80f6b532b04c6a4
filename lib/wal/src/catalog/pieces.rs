//! The labels of which keys consist, each kept once.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Pieces of keys, by number.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    by_bytes: HashTable<u32>,
}

/// A piece's bytes, and those of the label that it stands for, in the canonical layout.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: usize,
    single_start: usize,
    len: u32,
    single_len: u32,
    space: u32,
}

impl Pieces {
    /// The piece's bytes; none of a number that was never given out.
    #[inline]
    pub(super) fn bytes(&self, id: u32) -> &[u8] {
        let Some(piece) = self.pieces.get(id as usize) else { return &[] };
        self.slice(piece.start, piece.len)
    }

    /// The label that the piece stands for, as a set of its own; empty for none.
    pub(super) fn single(&self, id: u32) -> &[u8] {
        let Some(piece) = self.pieces.get(id as usize) else { return &[] };
        self.slice(piece.single_start, piece.single_len)
    }

    pub(super) fn find(&self, space: u32, bytes: &[u8]) -> Option<u32> {
        let same = |&id: &u32| {
            self.pieces.get(id as usize).is_some_and(|piece| piece.space == space) && self.bytes(id) == bytes
        };
        self.by_bytes.find(hash(space, bytes), same).copied()
    }

    /// Adds a piece that is not there yet.
    pub(super) fn add(&mut self, space: u32, bytes: &[u8], single: &[u8]) -> u32 {
        let id = u32::try_from(self.pieces.len()).expect("fewer than 2^32 labels fit into memory");
        let length = |len| u32::try_from(len).expect("a label is smaller than a request: far below 4 GiB");
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let single_start = if bytes == single { start } else { self.bytes.len() };
        if bytes != single {
            self.bytes.extend_from_slice(single);
        }
        let (len, single_len) = (length(bytes.len()), length(single.len()));
        self.pieces.push(Piece { start, single_start, len, single_len, space });
        let (pieces, arena) = (&self.pieces, &self.bytes);
        let rehash = |id: &u32| {
            let piece = &pieces[*id as usize];
            hash(piece.space, &arena[piece.start..piece.start + piece.len as usize])
        };
        self.by_bytes.insert_unique(hash(space, bytes), id, rehash);
        id
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.pieces.len() * size_of::<Piece>() + self.by_bytes.capacity() * 5
    }

    #[inline]
    fn slice(&self, start: usize, len: u32) -> &[u8] {
        self.bytes.get(start..start + len as usize).unwrap_or_default()
    }
}

fn hash(space: u32, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, space.into())
}
