//! Series that are being selected: of one head or of several, under one hold of a lock or under several.

use bytes::Bytes;
use mneme_model::chunk::{Chunk, SeriesBatch};
use mneme_model::{Labels, TimestampMs};

use crate::ReadError;
use crate::select::empty;
use crate::store::{Read, Reads};

/// A selection of a limited number of series is full at so many bytes of chunks, too.
const FULL_BYTES: usize = 2 << 20;

/// About what is copied of a series, and of one of which only the newest sample matters.
const COPIED: (usize, usize) = (192, 16);

/// Series on their way into a batch: [`crate::Head::select_next`] adds to it under the lock, [`Self::finish`] does the rest without it.
///
/// It is made once and used for one batch after the other: the room for what is copied is used again once nobody holds the batch's chunks.
#[derive(Default)]
pub struct Selection {
    batch: SeriesBatch,
    /// Full at so many series; `None` = never.
    most: Option<usize>,
    /// Bytes of the chunks that were added.
    bytes: usize,
    /// Bytes that were copied for chunks: the chunk's number, and where its bytes end; they begin where those before end.
    copied: Vec<u8>,
    ends: Vec<(usize, usize)>,
    /// Chunks in files, each for the chunk with this number, and the times that it must meet.
    reads: Reads,
    times: (TimestampMs, TimestampMs),
    /// What was copied for the batch before.
    before: Bytes,
}

impl Selection {
    /// Full at about so many series, or at some bytes.
    #[must_use]
    pub fn of(most: usize) -> Self {
        Self { most: Some(most), ..Self::default() }
    }

    /// Goes on with this batch, behind what is in it.
    pub fn begin_batch(&mut self, batch: SeriesBatch) {
        self.batch = batch;
        self.bytes = 0;
        self.ends.clear();
        self.reads = Reads::default();
        let before = std::mem::take(&mut self.before);
        if before.is_unique() {
            self.copied = before.into();
        }
        self.copied.clear();
    }

    /// Whether this is enough for one batch.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.batch.len() >= most || self.bytes >= FULL_BYTES)
    }

    /// Series added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether [`Self::finish`] has no files to read.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.reads.is_empty()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The batch: reads what is in files, and gives each chunk its bytes. To be called without a lock, where a thread may block.
    ///
    /// # Errors
    /// A file that cannot be read, or is not as it was written.
    pub fn finish(&mut self) -> Result<SeriesBatch, ReadError> {
        let mut batch = std::mem::take(&mut self.batch);
        let copied = Bytes::from(std::mem::take(&mut self.copied));
        let mut from = 0;
        for (number, end) in self.ends.drain(..) {
            if let Some(chunk) = batch.chunk_mut(number) {
                chunk.data = copied.slice(from..end);
            }
            from = end;
        }
        self.before = copied;
        let (start, end) = self.times;
        std::mem::take(&mut self.reads).run(|number, read| {
            if let Some(chunk) = batch.chunk_mut(number).filter(|_| read.overlaps(start, end)) {
                *chunk = read;
            }
        })?;
        Ok(batch)
    }

    /// Makes room for series: growing step by step would copy them again.
    pub(crate) fn reserve(&mut self, series: usize, newest_only: bool) {
        let most = self.most.map_or(usize::MAX, |most| most.saturating_sub(self.batch.len()));
        let series = series.min(most);
        let each = if newest_only { COPIED.1 } else { COPIED.0 };
        self.copied.reserve((series * each).min(1 << 20));
        self.ends.reserve(series);
        self.batch.reserve(series);
    }

    /// Begins a series.
    pub(crate) fn begin(&mut self, labels: Labels, identity: u64) {
        self.batch.begin(labels, identity);
    }

    /// Adds a chunk.
    pub(crate) fn push(&mut self, chunk: Chunk) {
        self.bytes += size_of::<Chunk>() + chunk.data.len();
        self.batch.push(chunk);
    }

    /// Adds a chunk whose bytes `write` copies.
    pub(crate) fn copy(&mut self, chunk: Chunk, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.copied.len();
        write(&mut self.copied);
        self.bytes += size_of::<Chunk>() + self.copied.len() - before;
        self.ends.push((self.batch.push(chunk), self.copied.len()));
    }

    /// Adds a chunk that is in a file, if it meets these times.
    pub(crate) fn read(&mut self, read: Read, times: (TimestampMs, TimestampMs)) {
        self.bytes += size_of::<Chunk>() + read.len();
        self.times = times;
        self.reads.push(self.batch.push(empty()), read);
    }
}
