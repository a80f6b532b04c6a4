//! Loads the checkpoints at the start, so that only the end of the WAL is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use mneme_model::{Cut, PartitionId};

use crate::Error;
use crate::checkpoint::{self, CheckpointReader, Places};
use crate::ingester::Shared;
use crate::saved::{FLOOR, Saved, SavedPartition};

/// So many partitions are loaded at the same time: reading one while another one is put into its head.
const PARTITIONS_AT_ONCE: usize = 4;

/// What one partition's checkpoints gave.
struct Restored {
    partition: PartitionId,
    saved: SavedPartition,
    places: BTreeMap<Cut, Places>,
}

/// Loads the checkpoints that are not in `saved` yet. A broken one is reported and passed over: the WAL may still have what it held.
pub(crate) async fn restore(shared: &Arc<Shared>, saved: &mut Saved) -> Result<(), Error> {
    let listed = checkpoint::list(&shared.bucket, shared.partitions.count()).await?;
    let known = &saved.partitions;
    let partitions = (0..shared.partitions.count()).map(PartitionId);
    let mut restored = stream::iter(partitions)
        .map(|partition| {
            let cuts = listed.get(&partition).cloned().unwrap_or_default();
            restore_partition(shared, partition, cuts, known[usize::from(partition.0)].clone())
        })
        .buffer_unordered(PARTITIONS_AT_ONCE)
        .boxed();
    let mut all = Vec::new();
    while let Some(one) = restored.try_next().await? {
        all.push(one);
    }
    drop(restored);
    for Restored { partition, saved: one, places } in all {
        for gap in one.coverage.gaps(FLOOR) {
            shared.metrics.checkpoint_gaps.inc_by(gap.end.0 - gap.start.0);
            tracing::error!(
                %partition, from = %gap.start, below = %gap.end,
                "generations that should be in a checkpoint are in none: what the write-ahead log still has of them is read"
            );
        }
        if let Some(head) = shared.partitions.get(partition) {
            head.drop_below(one.floor);
        }
        saved.places.extend(places);
        saved.partitions[usize::from(partition.0)] = one;
    }
    Ok(())
}

async fn restore_partition(
    shared: &Arc<Shared>,
    partition: PartitionId,
    cuts: BTreeMap<Cut, u64>,
    mut saved: SavedPartition,
) -> Result<Restored, Error> {
    let mut places = BTreeMap::new();
    let floor = stated_floor(shared, partition, &cuts).await?;
    for (cut, size) in cuts {
        if saved.known.contains(&cut) {
            continue;
        }
        if cut <= floor {
            // Blocks have all of it: it is to be deleted.
            saved.known.insert(cut);
            continue;
        }
        match restore_one(shared, partition, cut, size).await {
            Ok((checkpoint, chunks)) => {
                saved.add(&checkpoint, chunks);
                places.insert(cut, checkpoint.places);
                shared.metrics.checkpoints_loaded.inc();
                shared.metrics.checkpoint_bytes_loaded.inc_by(size);
            }
            Err(Error::Wal(mneme_wal::Error::Corrupt { key, offset, reason })) => {
                shared.metrics.corrupt_checkpoints.inc();
                tracing::error!(
                    key,
                    offset,
                    reason,
                    "a checkpoint is broken and is passed over: the write-ahead log is read instead, if it is still there"
                );
            }
            Err(Error::Wal(mneme_wal::Error::Bucket(error))) if error.is_not_found() => {
                tracing::info!(%partition, %cut, "a checkpoint was deleted since it was listed");
            }
            Err(error) => return Err(error),
        }
        shared.relieve(cut).await?;
    }
    Ok(Restored { partition, saved, places })
}

/// Below which cut everything is in blocks, by the newest checkpoint that can be read.
async fn stated_floor(
    shared: &Shared,
    partition: PartitionId,
    cuts: &BTreeMap<Cut, u64>,
) -> Result<Cut, Error> {
    for (cut, size) in cuts.iter().rev() {
        let opened =
            CheckpointReader::open(&shared.bucket, partition, shared.partitions.count(), *cut, *size).await;
        match opened {
            Ok(reader) => return Ok(reader.header.floor),
            // It is reported when it is loaded.
            Err(mneme_wal::Error::Corrupt { .. }) => {}
            Err(mneme_wal::Error::Bucket(error)) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Cut(0))
}

/// Loads one checkpoint page by page: the next pages are read while those before are put into the head.
async fn restore_one(
    shared: &Arc<Shared>,
    partition: PartitionId,
    cut: Cut,
    size: u64,
) -> Result<(checkpoint::Header, u64), Error> {
    let count = shared.partitions.count();
    let reader = Arc::new(CheckpointReader::open(&shared.bucket, partition, count, cut, size).await?);
    let mut fetched = stream::iter(reader.batches())
        .map(|pages| {
            let reader = Arc::clone(&reader);
            async move { reader.fetch(pages.clone()).await.map(|stored| (pages, stored)) }
        })
        .buffered(2)
        .boxed();
    while let Some((pages, stored)) = fetched.try_next().await? {
        let (partitions, reader) = (shared.partitions.clone(), Arc::clone(&reader));
        let work = tokio::task::spawn_blocking(move || match partitions.get(partition) {
            Some(head) => checkpoint::load(head, &reader, pages, &stored),
            None => Ok(()),
        });
        work.await.map_err(|_| Error::Apply)??;
    }
    drop(fetched);
    Ok((reader.header.clone(), reader.chunks()))
}
