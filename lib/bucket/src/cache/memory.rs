//! Entries in memory.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::EntryKey;
use super::metrics::{Metrics, Tier};
use super::ring::Ring;

/// What an entry takes beside its bytes and its key: two places in tables.
const OVERHEAD: u64 = 160;

#[derive(Debug)]
pub(super) struct MemoryTier {
    ring: Mutex<Ring<EntryKey, Bytes>>,
    metrics: Arc<Metrics>,
}

impl MemoryTier {
    pub(super) fn new(budget: u64, metrics: Arc<Metrics>) -> Self {
        Self { ring: Mutex::new(Ring::new(budget)), metrics }
    }

    pub(super) fn get(&self, key: &EntryKey) -> Option<Bytes> {
        self.ring.lock().get(key).cloned()
    }

    /// Keeps the bytes, which must be an allocation of their own.
    pub(super) fn insert(&self, key: EntryKey, bytes: Bytes) {
        let size = bytes.len() as u64 + key.object.len() as u64 + OVERHEAD;
        let mut ring = self.ring.lock();
        let gone = ring.insert(key, bytes, size);
        self.metrics.used(Tier::Memory, ring.used());
        drop(ring);
        self.metrics.evicted(Tier::Memory, gone.len());
    }
}
