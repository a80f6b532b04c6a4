//! What is to be different in the next version.

use mneme_model::{Cut, TimestampMs};
use ulid::Ulid;

use super::{Manifest, PartitionOf, Tombstone};
use crate::meta::BlockMeta;

/// What is to be different in the next version. All of it happens, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Marks to move.
    pub marks: Vec<MarkMove>,
    /// Blocks to list; all their files are in the bucket.
    pub add: Vec<BlockMeta>,
    /// Blocks to list no more, because others stand for them or they are too old. Their files outlive all versions that list them.
    pub remove: Vec<Removed>,
    /// Deletions to note.
    pub add_tombstones: Vec<Tombstone>,
    /// Deletions that are carried out.
    pub remove_tombstones: Vec<Ulid>,
    /// Raises the floor to this id; a lower one changes nothing.
    pub floor: Option<Ulid>,
    /// Over how many partitions the tenant's series are spread from now on.
    pub shard_size: Option<u16>,
}

/// A mark, from where it is expected to where it shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkMove {
    /// Whose.
    pub partition: PartitionOf,
    /// Where the author found it when it began.
    pub from: Cut,
    /// Below this everything is in blocks, with those that the change adds.
    pub to: Cut,
}

/// A block to be removed; its time range tells where to look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Which.
    pub id: Ulid,
    /// Time of its first sample (milliseconds).
    pub min_time: TimestampMs,
    /// Time of its last sample (milliseconds), inclusive.
    pub max_time: TimestampMs,
}

impl From<&BlockMeta> for Removed {
    fn from(block: &BlockMeta) -> Self {
        Self { id: block.id, min_time: block.min_time, max_time: block.max_time }
    }
}

/// How a commit ended.
#[derive(Clone, Debug)]
#[must_use]
pub enum Committed {
    /// It took place, now or in an earlier try whose end was unknown: this is the version that has it, or a later one.
    Committed(Manifest),
    /// It did not, and never will: another change came first. Whatever was written for it is an orphan.
    Void {
        /// Why.
        why: Void,
        /// The version that it does not fit.
        newest: Manifest,
    },
}

/// Why a change is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// Somebody has flushed the same.
    #[error(
        "the mark of partition {partition} is at cut {found}, not at {expected}: another flush has moved it"
    )]
    MarkMoved {
        /// Whose mark.
        partition: PartitionOf,
        /// Where it should have been.
        expected: Cut,
        /// Where it is.
        found: Cut,
    },
    /// It took longer than orphans may live: the cleaner may delete the block at any time.
    #[error("block {block} is older than what may be committed: the floor is {floor}")]
    BelowFloor {
        /// The block.
        block: Ulid,
        /// The floor.
        floor: Ulid,
    },
    /// Something was deleted while a flush was under way, and the flush may have samples that came after the deletion.
    #[error("tombstone {tombstone} came while the block was written")]
    Deleted {
        /// The deletion.
        tombstone: Ulid,
    },
    /// Somebody else has replaced a block.
    #[error("block {block} is not listed any more: another commit has replaced it")]
    Replaced {
        /// The block.
        block: Ulid,
    },
}
