//! Series found by labels that are numbers of texts, as remote write 2.0 sends them: every request has its own numbers.
//!
//! A label that was found once in a request is known by its two numbers from then on, so that most of a series' labels cost no look at
//! their texts. A piece is name, 0xff (which UTF-8 has not), value; a series' hash is that of its pieces' numbers, which are as good as
//! their bytes within one catalog.

use std::sync::atomic::Ordering;

use mneme_model::PartitionId;
use mneme_model::labels::InvalidLabels;
use xxhash_rust::xxh3::xxh3_64;

use super::{CatalogReader, CatalogWriter, SeriesId, SpaceId};

/// What one request's pairs of numbers are in one space of one catalog, as far as it was looked up.
#[derive(Debug, Default)]
pub struct Numbered {
    /// By the value's number: the name's number and the piece. One entry per value: most values have one name.
    by_value: Vec<(u32, u32)>,
    pieces: Vec<u32>,
    bytes: Vec<u8>,
}

const NOBODY: (u32, u32) = (u32::MAX, u32::MAX);

impl Numbered {
    /// The most bytes per text of a request.
    pub const SIZE: usize = size_of::<(u32, u32)>();

    /// The piece of a label that was looked up before.
    #[inline]
    fn get(&self, name: u64, value: u64) -> Option<u32> {
        let (of_name, piece) = *self.by_value.get(usize::try_from(value).ok()?)?;
        (u64::from(of_name) == name && piece != NOBODY.1).then_some(piece)
    }

    /// Remembers a piece; both numbers are of texts that are there, so that there are as many entries as texts at most.
    fn put(&mut self, name: u64, value: u64, piece: u32) {
        let (Ok(name), Ok(at)) = (u32::try_from(name), usize::try_from(value)) else { return };
        if at >= self.by_value.len() {
            self.by_value.resize(at + 1, NOBODY);
        }
        self.by_value[at] = (name, piece);
    }
}

impl CatalogReader<'_> {
    /// The series that followed `previous` before, if `numbers` (names and values in turn) are its labels. `text` gives the text of a
    /// number; `None` of one that has none.
    #[must_use]
    #[inline]
    pub fn follow_numbers<'t>(
        &self,
        space: SpaceId,
        previous: SeriesId,
        numbers: &[u64],
        text: impl Fn(u64) -> Option<&'t str>,
        known: &mut Numbered,
    ) -> Option<SeriesId> {
        let store = &self.inner.store;
        let next = store.entry(previous)?.next.load(Ordering::Relaxed);
        let list = store.list_in(space.0, next)?;
        if list.len().checked_mul(2) != Some(numbers.len()) {
            return None;
        }
        for (piece, label) in list.iter().zip(numbers.as_chunks().0) {
            let [name, value] = *label;
            match known.get(name, value) {
                // Equal labels of a space are the same piece.
                Some(found) if found == *piece => {}
                Some(_) => return None,
                None => {
                    let rest = store.piece(*piece).strip_prefix(text(name)?.as_bytes())?;
                    if rest.split_first() != Some((&SEPARATOR, text(value)?.as_bytes())) {
                        return None;
                    }
                    known.put(name, value, *piece);
                }
            }
        }
        Some(SeriesId(next))
    }

    /// The series with exactly these labels in this order, as at [`Self::follow_numbers`]. Remembered as the one that follows `previous`.
    #[must_use]
    pub fn find_numbers<'t>(
        &self,
        space: SpaceId,
        previous: Option<SeriesId>,
        numbers: &[u64],
        text: impl Fn(u64) -> Option<&'t str>,
        known: &mut Numbered,
    ) -> Option<SeriesId> {
        let store = &self.inner.store;
        let (labels, []) = numbers.as_chunks() else { return None };
        known.pieces.clear();
        for [name, value] in labels {
            let piece = match known.get(*name, *value) {
                Some(piece) => piece,
                None => {
                    write_piece(&mut known.bytes, text(*name)?, text(*value)?);
                    let piece = store.find_piece(space.0, &known.bytes)?;
                    known.put(*name, *value, piece);
                    piece
                }
            };
            known.pieces.push(piece);
        }
        let found = store.find_pieces(space.0, &known.pieces, hash(&known.pieces, &mut known.bytes))?;
        if let Some(previous) = previous.and_then(|previous| store.entry(previous)) {
            previous.next.store(found, Ordering::Relaxed);
        }
        Some(SeriesId(found))
    }
}

impl CatalogWriter<'_> {
    /// The series with these labels in this order, in a space whose series are all added here; a new one is made. `None` where there is
    /// no more room. `partition` as at [`Self::add`].
    ///
    /// # Errors
    /// A label with a value and without a name.
    pub fn add_labels<'t>(
        &mut self,
        space: SpaceId,
        labels: impl Iterator<Item = (&'t str, &'t str)>,
        partition: PartitionId,
    ) -> Result<Option<SeriesId>, InvalidLabels> {
        let mut bytes = std::mem::take(&mut self.bytes);
        self.discard();
        for (name, value) in labels {
            write_piece(&mut bytes, name, value);
            self.piece(space, &bytes, name, value)?;
        }
        let hash = hash(&self.pieces, &mut bytes);
        self.bytes = bytes;
        Ok(self.add(space, hash, partition))
    }
}

const SEPARATOR: u8 = 0xff;

fn write_piece(bytes: &mut Vec<u8>, name: &str, value: &str) {
    bytes.clear();
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(SEPARATOR);
    bytes.extend_from_slice(value.as_bytes());
}

/// Of a series' pieces; `bytes` is scratch space.
fn hash(pieces: &[u32], bytes: &mut Vec<u8>) -> u64 {
    bytes.clear();
    bytes.extend(pieces.iter().flat_map(|piece| piece.to_le_bytes()));
    xxh3_64(bytes)
}
