//! Reading spilled chunks back, after the head's lock was given up.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use mneme_model::chunk::Chunk;

use super::{Place, SpillFile};

/// Records with at most this many bytes between them are read together.
const GAP: u64 = 4096;

/// So many bytes are read at once, unless one record is larger.
const RUN: u64 = 1 << 20;

/// What a spill moved out of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spilled {
    /// Chunks.
    pub chunks: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// Spilled samples that cannot be read back. The bucket holds them still: a restart brings them back.
#[derive(Debug, thiserror::Error)]
#[error("samples spilled to {} cannot be read: {source}", path.display())]
pub struct ReadError {
    /// The spill file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// A chunk in a file.
pub(crate) struct Read {
    place: Place,
    file: Arc<SpillFile>,
    at: u64,
}

impl Read {
    pub(super) fn new(place: Place, file: Arc<SpillFile>, base: u64) -> Self {
        Self { place, file, at: base + u64::from(place.offset) }
    }

    /// Bytes in the file.
    pub(crate) fn len(&self) -> usize {
        self.place.len as usize
    }

    fn end(&self) -> u64 {
        self.at + u64::from(self.place.len)
    }

    fn error(&self, source: io::Error) -> ReadError {
        ReadError { path: self.file.path().to_owned(), source }
    }

    /// Reads this chunk.
    pub(super) fn alone(&self) -> Result<Chunk, ReadError> {
        let mut record = vec![0; self.place.len as usize];
        self.file.read(self.at, &mut record).map_err(|error| self.error(error))?;
        self.chunk(&Bytes::from(record))
    }

    fn chunk(&self, record: &Bytes) -> Result<Chunk, ReadError> {
        let broken = || {
            self.error(io::Error::new(
                io::ErrorKind::InvalidData,
                "a chunk is not as it was written: checksum",
            ))
        };
        self.place.checked(record).ok_or_else(broken)
    }
}

/// Chunks to be read, each for one of the caller's answers.
#[derive(Default)]
pub(crate) struct Reads(Vec<(usize, Read)>);

impl Reads {
    /// Adds a chunk for the answer number `answer`.
    pub(crate) fn push(&mut self, answer: usize, read: Read) {
        self.0.push((answer, read));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads all chunks, in order of the files, and hands each to `take`. To be called without a lock.
    pub(crate) fn run(mut self, mut take: impl FnMut(usize, Chunk)) -> Result<(), ReadError> {
        self.0.sort_by_key(|(_, read)| (Arc::as_ptr(&read.file), read.at));
        let mut rest = self.0.as_slice();
        while let Some((_, first)) = rest.first() {
            let mut end = first.end();
            let mut len = 1;
            while let Some((_, next)) = rest.get(len)
                && Arc::ptr_eq(&next.file, &first.file)
                && next.at <= end + GAP
                && next.end() - first.at <= RUN
            {
                end = end.max(next.end());
                len += 1;
            }
            let (run, behind) = rest.split_at(len);
            let mut bytes = vec![0; (end - first.at) as usize];
            first.file.read(first.at, &mut bytes).map_err(|error| first.error(error))?;
            let bytes = Bytes::from(bytes);
            for (answer, read) in run {
                let from = (read.at - first.at) as usize;
                take(*answer, read.chunk(&bytes.slice(from..from + read.place.len as usize))?);
            }
            rest = behind;
        }
        Ok(())
    }
}
