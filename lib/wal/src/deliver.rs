//! What a writer hands to the owners of partitions once it is durable.

use async_trait::async_trait;
use bytes::Bytes;
use mneme_model::{Cut, PartitionId, WriterId};

/// A segment that is in the bucket.
#[derive(Clone, Debug)]
pub struct CommittedSegment {
    /// Who wrote it.
    pub writer: WriterId,
    /// Its number, from 1 for each writer.
    pub seq: u64,
    /// The cut that it is stamped with.
    pub cut: Cut,
    /// Partition and raw section ([`crate::Section::parse`] reads it), ascending in partitions, none empty.
    pub sections: Vec<(PartitionId, Bytes)>,
}

/// One sample that met another value at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which section.
    pub partition: PartitionId,
    /// The sample's position among the section's samples (floats and histograms), in the order in which they were added.
    pub ordinal: u32,
}

/// What the owners said of one segment. Advice to the sender: it never decides what is stored.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Samples whose series had another value at that time.
    pub conflicts: Vec<Conflict>,
    /// Some owner applies it later, from the bucket.
    pub behind: bool,
}

/// Brings committed segments to the owners of their partitions.
///
/// Called for one segment after the other, in the order of their numbers. A writer that is too far ahead of the owners
/// skips segments (they are durable), so that slow owners never fail a write: whoever sees a gap in `seq` reads the missing
/// ones from the bucket. An implementation answers within a bounded time.
#[async_trait]
pub trait Deliver: Send + Sync {
    /// Hands over one segment and returns what its owners say.
    async fn deliver(&self, segment: std::sync::Arc<CommittedSegment>) -> Verdict;
}

/// Delivers to nobody: for tools and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliverNowhere;

#[async_trait]
impl Deliver for DeliverNowhere {
    async fn deliver(&self, _segment: std::sync::Arc<CommittedSegment>) -> Verdict {
        Verdict { conflicts: Vec::new(), behind: true }
    }
}
