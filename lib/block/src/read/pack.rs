//! Rows of floats as chunks, without decoding them.

use bytes::Bytes;
use mneme_model::TimestampMs;
use mneme_model::chunk::{Chunk, Columns, Encoding, FloatChunkBuilder};

use super::Holes;
use crate::codec::Bad;

/// Chunks with the series ids of their rows, and the bytes that they hold.
pub(crate) type Packed = (Vec<(u32, Chunk)>, u64);

/// Pieces of memory for the chunks' bytes: the first, and the largest. Each is twice as large as the one before.
const PIECES: (usize, usize) = (16 << 10, 256 << 10);

/// Makes chunks. Those that follow one another share pieces of memory.
pub(crate) struct Packer {
    start: TimestampMs,
    end: TimestampMs,
    chunks: Vec<(u32, Chunk)>,
    /// The open piece, and where in it the chunks end that lie there: the last ones of all.
    piece: Vec<u8>,
    ends: Vec<usize>,
    next_piece: usize,
    bytes: usize,
}

impl Packer {
    /// Of samples of `start..=end`, and what is beside them in their rows.
    pub(crate) fn new((start, end): (TimestampMs, TimestampMs)) -> Self {
        Self {
            start,
            end,
            chunks: Vec::new(),
            piece: Vec::new(),
            ends: Vec::new(),
            next_piece: PIECES.0,
            bytes: 0,
        }
    }

    /// Adds a row of a series, without what `holes` take out of it, if it reaches into the range.
    pub(crate) fn push(&mut self, sid: u32, columns: &Columns<'_>, holes: Option<&Holes>) -> Result<(), Bad> {
        let (first, last) = (columns.min_time, columns.max_time());
        if first > self.end || last < self.start {
            return Ok(());
        }
        let chunk = match holes.filter(|holes| holes.overlap(first, last)) {
            None => {
                self.make_room(columns.size());
                columns.write(&mut self.piece);
                Chunk {
                    encoding: Encoding::Columns,
                    min_time: first,
                    max_time: last,
                    count: columns.count as u32,
                    data: Bytes::new(),
                }
            }
            Some(holes) => {
                let Some(chunk) = without(columns, holes)? else { return Ok(()) };
                self.make_room(chunk.data.len());
                self.piece.extend_from_slice(&chunk.data);
                Chunk { data: Bytes::new(), ..chunk }
            }
        };
        self.ends.push(self.piece.len());
        self.chunks.push((sid, chunk));
        Ok(())
    }

    /// Chunks that were made.
    pub(crate) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Bytes of chunks that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.piece.len()
    }

    /// What was made.
    pub(crate) fn finish(mut self) -> Packed {
        if self.piece.len() < self.piece.capacity() / 2 {
            self.piece.shrink_to_fit();
        }
        self.seal();
        let bytes = self.bytes + self.chunks.len() * size_of::<(u32, Chunk)>();
        (self.chunks, bytes as u64)
    }

    /// So many bytes fit into the open piece.
    fn make_room(&mut self, bytes: usize) {
        if self.piece.capacity() - self.piece.len() < bytes {
            self.seal();
            self.piece = Vec::with_capacity(self.next_piece.max(bytes));
            self.next_piece = (self.next_piece * 2).min(PIECES.1);
        }
    }

    /// Gives the chunks of the open piece their bytes.
    fn seal(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        self.bytes += piece.capacity();
        let (piece, mut from) = (Bytes::from(piece), 0);
        let own = self.chunks.len() - self.ends.len();
        for ((_, chunk), to) in self.chunks[own..].iter_mut().zip(self.ends.drain(..)) {
            chunk.data = piece.slice(std::mem::replace(&mut from, to)..to);
        }
    }
}

/// What is left of a row.
fn without(columns: &Columns<'_>, holes: &Holes) -> Result<Option<Chunk>, Bad> {
    let (mut t, mut v, mut st) = (Vec::new(), Vec::new(), Vec::new());
    columns.append((TimestampMs::MIN, TimestampMs::MAX), &mut t, &mut v, &mut st)?;
    let mut builder = FloatChunkBuilder::new(!st.is_empty());
    for (at, t) in t.iter().enumerate().filter(|(_, t)| !holes.contain(**t)) {
        builder.push(*t, v[at], st.get(at).copied().unwrap_or(0));
    }
    Ok((builder.count() > 0).then(|| builder.chunk()))
}
