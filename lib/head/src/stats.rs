//! Figures of a head.

use mneme_model::{Cut, TenantId, TimestampMs};

/// One generation's figures, of all tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Its stamp.
    pub cut: Cut,
    /// Samples appended to it, repetitions not counted.
    pub samples: u64,
    /// Time of its first sample, repetitions included.
    pub min_time: TimestampMs,
    /// Time of its last sample, repetitions included.
    pub max_time: TimestampMs,
}

/// A head's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadStats {
    /// Tenants seen.
    pub tenants: usize,
    /// Series held.
    pub series: usize,
    /// Heap bytes, an estimate good to about a fifth; cheap to ask for.
    pub bytes: usize,
    /// Bytes of chunks in spill files, beside those in memory.
    pub spilled: u64,
    /// The lowest generation held: everything below was dropped.
    pub floor: Cut,
}

/// One tenant's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantStats {
    /// Whose.
    pub tenant: TenantId,
    /// Series held.
    pub series: usize,
    /// Samples appended to the generations held.
    pub samples: u64,
    /// Chunks held, open ones and out-of-order buffers included.
    pub chunks: usize,
    /// Different labels (name and value).
    pub symbols: usize,
    /// Different label names.
    pub label_names: usize,
    /// Exemplars held.
    pub exemplars: usize,
    /// Heap bytes, an estimate.
    pub bytes: usize,
    /// Time of the first sample held; `None` without samples.
    pub min_time: Option<TimestampMs>,
    /// Time of the last sample held; `None` without samples.
    pub max_time: Option<TimestampMs>,
}
