//! One version, held.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use mneme_bucket::Known;
use mneme_model::{Cut, TenantId, TimestampMs};

use super::frame::Header;
use super::manifests::Lists;
use super::{Content, Error, PartitionOf};
use crate::meta::BlockMeta;

/// So many lists are read at once.
const LISTS_AT_ONCE: usize = 8;

/// One version of a tenant's manifest, held: nothing that happens later changes it. Cheap to clone. Its blocks are in the bucket for a
/// day after its successor, at least.
#[derive(Clone, Debug)]
pub struct Manifest {
    pinned: Arc<Pinned>,
}

#[derive(Debug)]
struct Pinned {
    tenant: TenantId,
    version: u64,
    /// How its object is recognised; `None` before the first version.
    object: Option<Object>,
    time: TimestampMs,
    size: u64,
    content: Content,
    lists: Lists,
}

/// What tells a version's object from others, and what it was made on top of.
#[derive(Debug)]
struct Object {
    known: Known,
    attempt: u128,
    parent: u128,
}

impl Manifest {
    /// Before the first version: nothing.
    pub(super) fn empty(tenant: TenantId, lists: Lists) -> Self {
        let content = Content::default();
        Self {
            pinned: Arc::new(Pinned { tenant, version: 0, object: None, time: 0, size: 0, content, lists }),
        }
    }

    /// Reads the object `key`, version `version`.
    pub(super) fn decode(
        tenant: TenantId,
        version: u64,
        key: &str,
        bytes: &Bytes,
        lists: Lists,
    ) -> Result<Self, Error> {
        let (Header { attempt, parent, time, .. }, content) = Content::decode(key, version, bytes)?;
        let object = Some(Object { known: Known::new(version, bytes), attempt, parent });
        let size = bytes.len() as u64;
        Ok(Self { pinned: Arc::new(Pinned { tenant, version, object, time, size, content, lists }) })
    }

    /// Whose.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.pinned.tenant
    }

    /// Its number; 0 before the first version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.pinned.version
    }

    /// When it was committed, by its author's clock (milliseconds).
    #[must_use]
    pub fn time(&self) -> TimestampMs {
        self.pinned.time
    }

    /// Bytes of its object.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.pinned.size
    }

    /// What it says.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.pinned.content
    }

    /// The cut below which the partition's samples are in the blocks of this version.
    #[must_use]
    pub fn mark(&self, partition: PartitionOf) -> Cut {
        self.content().marks.get(partition)
    }

    /// The blocks that may hold samples of `start..=end`, ascending by first time. Lists that meet the range are read, and kept in memory.
    ///
    /// # Errors
    /// The bucket's; [`Error::NoList`] for a list that is gone, [`Error::Corrupt`] for one that cannot be read.
    pub async fn blocks(&self, start: TimestampMs, end: TimestampMs) -> Result<Vec<Arc<BlockMeta>>, Error> {
        let overlapping = self.content().lists.iter().filter(|list| list.overlaps(start, end));
        // Owned, so that the future is `Send` for callers that need it.
        let named: Vec<_> = overlapping.cloned().collect();
        let lists: Vec<_> = stream::iter(named)
            .map(|list| async move { self.pinned.lists.load(self.tenant(), self.version(), &list).await })
            .buffered(LISTS_AT_ONCE)
            .try_collect()
            .await?;
        let listed = lists.iter().flat_map(|list| &list.blocks);
        let all = listed.chain(&self.content().blocks);
        let mut found: Vec<_> = all.filter(|block| block.overlaps(start, end)).cloned().collect();
        found.sort_by_key(|block| (block.min_time, block.id));
        Ok(found)
    }

    /// All blocks, ascending by first time.
    ///
    /// # Errors
    /// As [`Self::blocks`].
    pub async fn all_blocks(&self) -> Result<Vec<Arc<BlockMeta>>, Error> {
        self.blocks(TimestampMs::MIN, TimestampMs::MAX).await
    }

    /// A version that cannot be read, for another one to be built on: it says nothing.
    pub(super) fn broken(tenant: TenantId, version: u64, bytes: &Bytes, lists: Lists) -> Self {
        let object = Some(Object { known: Known::new(version, bytes), attempt: 0, parent: 0 });
        let (size, content) = (bytes.len() as u64, Content::default());
        Self { pinned: Arc::new(Pinned { tenant, version, object, time: 0, size, content, lists }) }
    }

    pub(super) fn known(&self) -> Option<&Known> {
        self.pinned.object.as_ref().map(|object| &object.known)
    }

    /// The attempt id of its object; 0 before the first version.
    pub(super) fn attempt(&self) -> u128 {
        self.pinned.object.as_ref().map_or(0, |object| object.attempt)
    }

    /// The attempt id of the version that it was made on top of; 0 for the first one.
    pub(super) fn parent(&self) -> u128 {
        self.pinned.object.as_ref().map_or(0, |object| object.parent)
    }
}
