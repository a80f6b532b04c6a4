//! Records of one generation, one after the other.

use std::sync::Arc;

use bytes::Bytes;
use mneme_model::Cut;

use super::SpillFile;

/// A page is ended at this many bytes; a larger record has a page of its own.
pub(super) const PAGE_BYTES: usize = 256 << 10;

/// A page and its generation.
pub(super) struct Page {
    pub(super) cut: Cut,
    /// How many records.
    pub(super) chunks: u32,
    /// How many of them no series has any more.
    pub(super) dead: u32,
    pub(super) spilled_bytes: u64,
    pub(super) data: Data,
}

/// Where a page's bytes are.
pub(super) enum Data {
    /// In memory, still growing.
    Filling(Vec<u8>),
    /// In memory; readers may share them.
    Full(Bytes),
    /// In a file from `base` on.
    Spilled { file: Arc<SpillFile>, base: u64 },
    /// Dropped with their generation.
    Gone,
}

impl Page {
    pub(super) fn new(cut: Cut) -> Self {
        Self { cut, chunks: 0, dead: 0, spilled_bytes: 0, data: Data::Filling(Vec::new()) }
    }

    /// Bytes in memory so far.
    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Filling(data) => data.len(),
            Data::Full(data) => data.len(),
            Data::Spilled { .. } | Data::Gone => 0,
        }
    }

    /// No record follows.
    pub(super) fn seal(&mut self) {
        if let Data::Filling(data) = &mut self.data {
            let mut data = std::mem::take(data);
            if data.capacity() - data.len() > data.len() / 32 {
                data.shrink_to_fit();
            }
            self.data = Data::Full(Bytes::from(data));
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.data, Data::Gone)
    }

    /// Heap bytes, its slot included.
    pub(super) fn memory(&self) -> usize {
        let data = match &self.data {
            Data::Filling(data) => data.capacity(),
            Data::Full(data) => data.len(),
            Data::Spilled { .. } => 0,
            Data::Gone => return 0,
        };
        data + size_of::<Self>()
    }

    /// Bytes in a file.
    pub(super) fn spilled(&self) -> u64 {
        if matches!(self.data, Data::Spilled { .. }) { self.spilled_bytes } else { 0 }
    }
}

/// Makes room for `len` bytes: heads are many and often small, so that a page doubles until it is whole.
pub(super) fn reserve(data: &mut Vec<u8>, len: usize) {
    if data.capacity() - data.len() < len {
        let whole = if data.is_empty() { 4096 } else { (data.capacity() * 2).min(PAGE_BYTES) };
        data.reserve_exact(whole.saturating_sub(data.len()).max(len));
    }
}
