//! Puts series together, each of chunks from any number of sources.

use mneme_model::chunk::{Chunk, RawSamples, SeriesBatch};
use mneme_model::{Labels, TimestampMs};

use super::pack::Packer;
use crate::Error;
use crate::codec::page::Unpacker;

/// A batch of series that is being made; and what unpacks pages, so that many cursors need one only.
pub struct BatchBuilder {
    pub(crate) unpacker: Unpacker,
    /// Makes chunks of rows.
    pub(crate) packer: Packer,
    range: (TimestampMs, TimestampMs),
    /// In the order of series; `None`: the next one that was packed.
    chunks: Vec<Option<Chunk>>,
    /// Labels, identity, and where its chunks end.
    series: Vec<(Labels, u64, usize)>,
}

impl BatchBuilder {
    /// Empty, for samples of `start..=end`.
    ///
    /// # Errors
    /// No memory for a decompressor.
    pub fn new(start: TimestampMs, end: TimestampMs) -> Result<Self, Error> {
        let unpacker = Unpacker::new().map_err(|bad| Error::NotDone(bad.0.to_owned()))?;
        let (range, packer) = ((start, end), Packer::new((start, end)));
        Ok(Self { unpacker, packer, range, chunks: Vec::new(), series: Vec::new() })
    }

    /// Bytes of chunks that were packed.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.packer.bytes()
    }

    /// Series that are ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether no series is ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Adds a chunk to the series that is being put together.
    pub fn push(&mut self, chunk: Chunk) {
        self.chunks.push(Some(chunk));
    }

    /// Adds samples to it.
    pub(crate) fn push_raw(&mut self, samples: &RawSamples) {
        let mut batch = SeriesBatch::new();
        batch.begin(Labels::empty(), 0);
        batch.push_raw(samples);
        batch.iter().flat_map(|one| one.chunks.to_vec()).for_each(|chunk| self.push(chunk));
    }

    /// Adds what was packed since the last call.
    pub(crate) fn push_packed(&mut self, chunks: usize) {
        self.chunks.resize(self.chunks.len() + chunks, None);
    }

    /// All of the series is here; one without chunks is none.
    pub fn end_series(&mut self, labels: Labels, identity: u64) {
        let before = self.series.last().map_or(0, |(.., end)| *end);
        if self.chunks.len() > before {
            self.series.push((labels, identity, self.chunks.len()));
        }
    }

    /// Puts all series behind those of `batch`, and begins anew.
    pub fn finish(&mut self, batch: &mut SeriesBatch) {
        batch.reserve(self.series.len());
        let (packed, _) = std::mem::replace(&mut self.packer, Packer::new(self.range)).finish();
        let mut packed = packed.into_iter().map(|(_, chunk)| chunk);
        let (mut chunks, mut from) = (self.chunks.drain(..), 0);
        for (labels, identity, end) in self.series.drain(..) {
            batch.begin(labels, identity);
            let own = chunks.by_ref().take(end - std::mem::replace(&mut from, end));
            for chunk in own.filter_map(|chunk| chunk.or_else(|| packed.next())) {
                batch.push(chunk);
            }
        }
    }
}
