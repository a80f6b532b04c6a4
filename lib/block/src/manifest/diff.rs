//! What two versions have different.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use mneme_model::Cut;
use ulid::Ulid;

use super::{Error, Manifest, PartitionOf, Tombstone};
use crate::meta::BlockMeta;

/// What a version has that an earlier one has not, and the other way around.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// Marks that are not the same: before and after.
    pub marks: Vec<(PartitionOf, Cut, Cut)>,
    /// The floor, before and after, if it moved.
    pub floor: Option<(Ulid, Ulid)>,
    /// The shard size, before and after, if it changed.
    pub shard_size: Option<(Option<u16>, Option<u16>)>,
    /// Blocks that came, ascending by id.
    pub added: Vec<Arc<BlockMeta>>,
    /// Blocks that went, ascending by id.
    pub removed: Vec<Arc<BlockMeta>>,
    /// Deletions that came.
    pub tombstones_added: Vec<Tombstone>,
    /// Deletions that went.
    pub tombstones_removed: Vec<Tombstone>,
}

impl Diff {
    /// What `new` has different from `old`.
    ///
    /// # Errors
    /// As [`Manifest::blocks`].
    pub async fn between(old: &Manifest, new: &Manifest) -> Result<Self, Error> {
        let (before, after) = (old.content(), new.content());
        let (had, has) = (blocks(old).await?, blocks(new).await?);
        let partitions: BTreeSet<PartitionOf> =
            before.marks.iter().chain(after.marks.iter()).map(|(partition, _)| partition).collect();
        let marks = partitions.into_iter().map(|one| (one, before.marks.get(one), after.marks.get(one)));
        let known = |all: &[Tombstone]| all.iter().map(|one| one.id).collect::<HashSet<_>>();
        let (knew, knows) = (known(&before.tombstones), known(&after.tombstones));
        Ok(Self {
            marks: marks.filter(|(_, from, to)| from != to).collect(),
            floor: (before.floor != after.floor).then_some((before.floor, after.floor)),
            shard_size: (before.shard_size != after.shard_size)
                .then_some((before.shard_size, after.shard_size)),
            added: missing(&has, &had),
            removed: missing(&had, &has),
            tombstones_added: after
                .tombstones
                .iter()
                .filter(|one| !knew.contains(&one.id))
                .cloned()
                .collect(),
            tombstones_removed: before
                .tombstones
                .iter()
                .filter(|one| !knows.contains(&one.id))
                .cloned()
                .collect(),
        })
    }
}

async fn blocks(version: &Manifest) -> Result<BTreeMap<Ulid, Arc<BlockMeta>>, Error> {
    Ok(version.all_blocks().await?.into_iter().map(|block| (block.id, block)).collect())
}

fn missing(
    here: &BTreeMap<Ulid, Arc<BlockMeta>>,
    there: &BTreeMap<Ulid, Arc<BlockMeta>>,
) -> Vec<Arc<BlockMeta>> {
    here.iter().filter(|(id, _)| !there.contains_key(id)).map(|(_, block)| block.clone()).collect()
}
