//! What a writer has done, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::AppendError;

/// Counters since the join, and gauges.
#[derive(Debug, Default)]
pub struct Stats {
    pub(super) segments: AtomicU64,
    pub(super) empty_segments: AtomicU64,
    pub(super) stored_bytes: AtomicU64,
    pub(super) raw_bytes: AtomicU64,
    pub(super) appends: AtomicU64,
    pub(super) samples: AtomicU64,
    pub(super) overloaded: AtomicU64,
    pub(super) tenant_overloaded: AtomicU64,
    pub(super) waiting_appends: AtomicU64,
    pub(super) timeouts: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) rejoins: AtomicU64,
    pub(super) undelivered: AtomicU64,
    pub(super) buffered_bytes: AtomicU64,
    pub(super) queued_deliveries: AtomicU64,
    pub(super) reference_bytes: AtomicU64,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        impl Stats {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> u64 { self.$name.load(Ordering::Relaxed) })*
        }
    };
}

getters! {
    /// Segments committed, empty ones included.
    segments,
    /// Segments committed only to carry a new cut.
    empty_segments,
    /// Bytes of committed segments in the bucket.
    stored_bytes,
    /// Bytes of committed sections before compression.
    raw_bytes,
    /// Appends taken in.
    appends,
    /// Samples taken in, floats and histograms.
    samples,
    /// Appends refused because too many bytes were waiting.
    overloaded,
    /// Appends refused because too many bytes of their tenant were waiting.
    tenant_overloaded,
    /// Gauge: appends that wait for room in a batch, their tenants in turns.
    waiting_appends,
    /// Appends that were not durable in time.
    timeouts,
    /// Creates whose outcome stayed unknown and that were tried again.
    retries,
    /// Seals met, each followed by a new join.
    rejoins,
    /// Segments left to their owners to read from the bucket.
    undelivered,
    /// Gauge: bytes of batches that are open, waiting or in flight.
    buffered_bytes,
    /// Gauge: durable segments that wait for delivery.
    queued_deliveries,
    /// Gauge: bytes of label sets remembered since the last cut, about.
    reference_bytes,
}

impl Stats {
    /// Counts a refusal by its cause.
    pub(super) fn refused(&self, error: &AppendError) {
        match error {
            AppendError::TenantOverloaded { .. } => Self::add(&self.tenant_overloaded, 1),
            _ => Self::add(&self.overloaded, 1),
        }
    }

    pub(super) fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Ordering::Relaxed);
    }

    pub(super) fn set(gauge: &AtomicU64, n: usize) {
        gauge.store(n as u64, Ordering::Relaxed);
    }
}
