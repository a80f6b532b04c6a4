//! One tenant's flush.

use std::sync::Arc;

use mneme_block::manifest::{Change, Committed, Manifest, MarkMove, PartitionOf};
use mneme_block::meta::BlockMeta;
use mneme_block::write::WriterOptions;
use mneme_model::{Cut, PartitionId, TenantId, TimestampMs};
use ulid::Ulid;

use super::FlushPoint;
use super::deletions::Deletions;
use super::floor::drop_covered;
use super::order::Part;
use super::source::Plan;
use super::upload;
use crate::active;
use crate::ingester::Shared;

/// A flush that was void begins anew this often.
const TRIES: u32 = 3;

/// Why a tenant is not flushed now. Its samples stay where they are.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The bucket or the manifest.
    #[error("{0}")]
    Manifest(#[from] mneme_block::manifest::Error),
    /// The writer.
    #[error("{0}")]
    Block(#[from] mneme_block::Error),
    /// The manifest has lost what this head has dropped.
    #[error(
        "the mark of partition {partition} is at cut {mark}, below {floor}, which is in blocks by what was seen before: the tenant's \
         manifest was replaced by an older one; `mneme manifest verify` tells which versions there are"
    )]
    MarkBehind {
        /// Whose mark.
        partition: PartitionId,
        /// By the manifest.
        mark: Cut,
        /// What the head has dropped.
        floor: Cut,
    },
    /// A deletion that this version does not understand.
    #[error("tombstone {id}: {reason}")]
    Tombstone {
        /// Which.
        id: Ulid,
        /// What is wrong with it.
        reason: String,
    },
    /// Other flushes of the same came first again and again.
    #[error("other flushes of the same tenant came first {TRIES} times")]
    Overtaken,
    #[error("writing the block failed unexpectedly")]
    Panicked,
}

impl Failure {
    /// In a word, for metrics.
    pub(super) fn reason(&self) -> &'static str {
        use mneme_block::manifest::Error as Manifest;
        match self {
            Self::Manifest(Manifest::Bucket(_)) => "bucket",
            Self::Manifest(_) | Self::Tombstone { .. } => "manifest",
            Self::Block(_) | Self::Panicked => "block",
            Self::MarkBehind { .. } => "mark_behind",
            Self::Overtaken => "overtaken",
        }
    }
}

/// What a flush brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flushed {
    pub(super) blocks: u64,
    pub(super) series: u64,
    pub(super) samples: u64,
    pub(super) bytes: u64,
    /// Flushes that another one of the same was faster than.
    pub(super) void: u64,
}

/// Puts everything of the tenant that is stamped below `cut`, and not in blocks yet, into blocks.
pub(super) async fn flush(shared: &Arc<Shared>, tenant: &TenantId, cut: Cut) -> Result<Flushed, Failure> {
    let mut flushed = Flushed::default();
    let mut manifest = shared.manifests.newest(tenant).await?;
    for _ in 0..TRIES {
        // What another owner has flushed, or this one before it started anew.
        drop_covered(shared, &manifest, cut).await?;
        let parts = parts(shared, &manifest, cut);
        if parts.is_empty() {
            return Ok(flushed);
        }
        shared.reached(FlushPoint::Planned, Some(tenant)).await;
        let deletions = Deletions::of(&manifest)?;
        let change = prepare(shared, &manifest, parts, cut, deletions).await?;
        match shared.manifests.commit(&manifest, &change, shared.clock.now_ms()).await? {
            Committed::Committed(newest) => {
                shared.reached(FlushPoint::Committed, Some(tenant)).await;
                shared.sizes.note(&newest, shared.partitions.count());
                drop_covered(shared, &newest, cut).await?;
                shared.reached(FlushPoint::Dropped, Some(tenant)).await;
                count(&mut flushed, &change.add);
                return Ok(flushed);
            }
            Committed::Void { why, newest } => {
                tracing::info!(%tenant, %why, "a flush is void: what it wrote will be cleaned away");
                flushed.void += 1;
                manifest = newest;
            }
        }
    }
    Err(Failure::Overtaken)
}

/// Where the tenant has something between its mark and the cut.
fn parts(shared: &Shared, manifest: &Manifest, cut: Cut) -> Vec<Part> {
    let count = shared.partitions.count();
    let tenant = manifest.tenant().as_str();
    let own = |partition: &PartitionId| {
        shared.partitions.get(*partition).is_some_and(|head| head.is_flushable(tenant, cut))
    };
    let mark = |partition| manifest.mark(PartitionOf::new(partition, count));
    let all = (0..count).map(PartitionId).filter(own).map(|partition| (partition, mark(partition)..cut));
    all.filter(|(_, cuts)| !cuts.is_empty()).collect()
}

/// Writes the blocks; returns what is to be committed.
async fn prepare(
    shared: &Arc<Shared>,
    manifest: &Manifest,
    parts: Vec<Part>,
    cut: Cut,
    deletions: Deletions,
) -> Result<Change, Failure> {
    let (tenant, count) = (manifest.tenant(), shared.partitions.count());
    let moved = |(partition, cuts): &Part| MarkMove {
        partition: PartitionOf::new(*partition, count),
        from: cuts.start,
        to: cut,
    };
    let mut change = Change { marks: parts.iter().map(moved).collect(), ..Change::default() };
    let (partitions, name) = (shared.partitions.clone(), tenant.clone());
    let carried_out = deletions.clone();
    let plan = tokio::task::spawn_blocking(move || Arc::new(Plan::new(partitions, name, parts, deletions)));
    let plan = plan.await.map_err(|_| Failure::Panicked)?;
    if plan.series() == 0 {
        return Ok(change);
    }
    change.shard_size = active::decide(plan.series() as u64, manifest.content().shard_size, count);
    let current_from = plan.current_from(i64::from(WriterOptions::flush().window_ms));
    let current = plan.block((current_from, TimestampMs::MAX), true);
    let late = current_from.checked_sub(1).and_then(|end| plan.block((TimestampMs::MIN, end), false));
    for (source, point) in [(current, FlushPoint::CurrentWritten), (late, FlushPoint::LateWritten)] {
        if let Some(source) = source {
            let id = shared.manifests.fresh_id(shared.clock.now_ms());
            let written = upload::write(&shared.bucket, tenant, id, source).await?;
            change.add.extend(written.map(|mut block| {
                carried_out.note(&mut block);
                block
            }));
        }
        shared.reached(point, Some(tenant)).await;
    }
    Ok(change)
}

fn count(flushed: &mut Flushed, blocks: &[BlockMeta]) {
    flushed.blocks += blocks.len() as u64;
    for block in blocks {
        flushed.series += block.series;
        flushed.samples += block.samples + block.histograms;
        flushed.bytes += block.size();
    }
}
