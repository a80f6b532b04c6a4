//! Numbers that must not be mistaken for one another.

use std::fmt;

/// A fixed slice of the series hash space, `0..partition_count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionId(pub u16);

impl PartitionId {
    /// The partition of a series whose [`crate::LabelsRef::hash`] is `hash`, of `count` partitions (`count > 0`).
    ///
    /// Multiply-shift on the high half, so that the low bits stay free for hash tables.
    #[must_use]
    pub fn of_hash(hash: u64, count: u16) -> Self {
        Self((((hash >> 32) * u64::from(count)) >> 32) as u16)
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A numbered barrier in the WAL. Everything stamped `< k` is "below cut k". The log starts at cut 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cut(pub u64);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A writer's number: the number of the log entry that its *join* won. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WriterId(pub u64);

impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
