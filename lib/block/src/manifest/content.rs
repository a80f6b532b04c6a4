//! What a version says.

use std::sync::Arc;

use bytes::Bytes;
use mneme_model::TimestampMs;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::error::Broken;
use super::frame::{self, Header, Kind};
use super::{Error, ListRef, Marks, Tombstone};
use crate::meta::BlockMeta;

/// What a version of a tenant's manifest says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Below which cuts the partitions' samples are in blocks.
    pub marks: Marks,
    /// Blocks and lists with lower ids can be committed no more.
    pub floor: Ulid,
    /// Over how many partitions the tenant's series are spread; `None`: nobody has decided yet.
    pub shard_size: Option<u16>,
    /// Deletions that blocks still need, oldest first.
    pub tombstones: Vec<Tombstone>,
    /// The recent blocks, ascending by id.
    #[serde(with = "shared")]
    pub blocks: Vec<Arc<BlockMeta>>,
    /// The lists of closed days, ascending by first time.
    pub lists: Vec<ListRef>,
}

impl Content {
    /// How many blocks there are, those in lists included.
    #[must_use]
    pub fn block_count(&self) -> u64 {
        self.blocks.len() as u64 + self.lists.iter().map(|list| u64::from(list.blocks)).sum::<u64>()
    }

    /// Bytes of all blocks' files, those in lists included.
    #[must_use]
    pub fn block_bytes(&self) -> u64 {
        let lists = self.lists.iter().map(|list| list.bytes);
        self.blocks.iter().map(|block| block.size()).chain(lists).fold(0, u64::saturating_add)
    }

    /// A recent block.
    #[must_use]
    pub fn recent(&self, id: Ulid) -> Option<&Arc<BlockMeta>> {
        self.blocks.binary_search_by_key(&id, |block| block.id).ok().and_then(|at| self.blocks.get(at))
    }

    /// The version's bytes.
    pub(super) fn encode(
        &self,
        number: u64,
        attempt: u128,
        parent: u128,
        time: TimestampMs,
    ) -> Result<Bytes, Error> {
        let body =
            serde_json::to_vec(self).map_err(|error| Error::Invalid(format!("a manifest: {error}")))?;
        let header = Header { kind: Kind::Version, attempt, number, time, parent };
        frame::encode(&header, &body).map_err(Error::Invalid)
    }

    /// Reads and checks the object `key`, version `number`.
    pub(super) fn decode(key: &str, number: u64, bytes: &[u8]) -> Result<(Header, Self), Error> {
        let (header, body) = frame::decode(bytes, Kind::Version).map_err(|broken| broken.of(key))?;
        if header.number != number {
            return Err(Broken::at(32, format!("it says that it is version {}", header.number)).of(key));
        }
        let content: Self = serde_json::from_slice(&body).map_err(|error| broken(&error).of(key))?;
        if !content.blocks.is_sorted_by(|a, b| a.id < b.id) {
            return Err(Broken::at(80, "its blocks are not sorted by their ids").of(key));
        }
        Ok((header, content))
    }
}

/// What serde says of a body.
pub(super) fn broken(error: &serde_json::Error) -> Broken {
    Broken::at(80, format!("{error} of the decompressed body"))
}

/// Blocks that several versions in memory share.
pub(super) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::meta::BlockMeta;

    pub(in super::super) fn serialize<S: Serializer>(
        blocks: &[Arc<BlockMeta>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(blocks.iter().map(|block| &**block))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Arc<BlockMeta>>, D::Error> {
        Ok(Vec::<BlockMeta>::deserialize(deserializer)?.into_iter().map(Arc::new).collect())
    }
}
