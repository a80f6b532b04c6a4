//! Blocks of closed days: an immutable object that versions name.

use std::sync::Arc;

use bytes::Bytes;
use mneme_model::TimestampMs;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::error::Broken;
use super::frame::{self, Header, Kind};
use super::{Error, content};
use crate::meta::BlockMeta;

/// A list as a version names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRef {
    /// Its name.
    pub id: Ulid,
    /// Time of the first sample in its blocks (milliseconds).
    pub min_time: TimestampMs,
    /// Time of the last sample in its blocks (milliseconds), inclusive.
    pub max_time: TimestampMs,
    /// How many blocks.
    pub blocks: u32,
    /// Bytes of its blocks' files.
    pub bytes: u64,
}

/// What a list's object holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// In no order.
    #[serde(with = "content::shared")]
    pub(super) blocks: Vec<Arc<BlockMeta>>,
}

impl ListRef {
    /// Whether one of its blocks may meet `start..=end`.
    #[must_use]
    pub fn overlaps(&self, start: TimestampMs, end: TimestampMs) -> bool {
        self.min_time <= end && start <= self.max_time
    }
}

impl List {
    /// What a version says of it.
    pub(super) fn reference(&self, id: Ulid) -> ListRef {
        let blocks = || self.blocks.iter();
        ListRef {
            id,
            min_time: blocks().map(|block| block.min_time).min().unwrap_or_default(),
            max_time: blocks().map(|block| block.max_time).max().unwrap_or_default(),
            blocks: u32::try_from(self.blocks.len()).unwrap_or(u32::MAX),
            bytes: blocks().map(|block| block.size()).fold(0, u64::saturating_add),
        }
    }

    /// The object's bytes.
    pub(super) fn encode(&self, attempt: u128, time: TimestampMs) -> Result<Bytes, Error> {
        let body = serde_json::to_vec(self).map_err(|error| Error::Invalid(format!("a list: {error}")))?;
        let header = Header { kind: Kind::List, attempt, number: 0, time, parent: 0 };
        frame::encode(&header, &body).map_err(Error::Invalid)
    }

    /// Reads and checks the object `key`.
    pub(super) fn decode(key: &str, bytes: &[u8]) -> Result<Self, Error> {
        let (_, body) = frame::decode(bytes, Kind::List).map_err(|broken| broken.of(key))?;
        serde_json::from_slice(&body).map_err(|error| content::broken(&error).of(key))
    }
}

/// A list that does not hold what the version says of it.
pub(super) fn check(list: &List, named: &ListRef, key: &str) -> Result<(), Error> {
    if list.reference(named.id) == *named {
        return Ok(());
    }
    Err(Broken::at(0, "it does not hold what the manifest says of it").of(key))
}
