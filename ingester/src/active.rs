//! What is known of tenants' active series, and the shard size that a flush makes of it.

use std::collections::HashMap;

use async_trait::async_trait;
use mneme_block::manifest::{Manifest, PartitionOf};
use mneme_model::{Cut, PartitionId, TenantId};
use mneme_proto::internal::active::{
    ActiveSeries, ActiveSeriesService, SERIES_PER_PARTITION, ShardSize, partitions_for,
};
use mneme_proto::internal::ingester::Error;
use parking_lot::Mutex;

use crate::Ingester;

/// A tenant shrinks only to where a quarter of each partition is free, and only to half of its partitions or fewer: one whose series go
/// up and down is not moved each time, for a series that moves is in two heads until the next flush.
const ROOMY: u64 = SERIES_PER_PARTITION / 4 * 3;

/// The shard sizes that the manifests of tenants say, as far as this process has seen them.
#[derive(Debug, Default)]
pub(crate) struct Sizes(Mutex<HashMap<TenantId, Option<ShardSize>>>);

impl Sizes {
    /// Notes what a version of a manifest says, of `count` partitions.
    pub(crate) fn note(&self, manifest: &Manifest, count: u16) {
        let marks = (0..count).map(|at| manifest.mark(PartitionOf::new(PartitionId(at), count)));
        let flushed = marks.max().unwrap_or(Cut(0));
        let size = manifest.content().shard_size.map(|partitions| ShardSize { partitions, flushed });
        self.0.lock().insert(manifest.tenant().clone(), size);
    }

    /// What was noted last; `None`: nothing was.
    fn get(&self, tenant: &TenantId) -> Option<Option<ShardSize>> {
        self.0.lock().get(tenant).copied()
    }
}

/// What a flush of `series` makes of the shard size `decided` that stood in the manifest; `None`: it stays.
pub(crate) fn decide(series: u64, decided: Option<u16>, count: u16) -> Option<u16> {
    let needed = partitions_for(series, SERIES_PER_PARTITION, count);
    let Some(now) = decided else { return Some(needed) };
    let roomy = partitions_for(series, ROOMY, count);
    if needed > now { Some(needed) } else { Some(roomy).filter(|roomy| *roomy <= now / 2) }
}

#[async_trait]
impl ActiveSeriesService for Ingester {
    async fn active_series(&self, tenant: &TenantId) -> Result<ActiveSeries, Error> {
        if !self.is_ready() {
            return Err(Error::NotReady("the write-ahead log is being replayed".to_owned()));
        }
        let shared = &self.shared;
        let (partitions, name) = (shared.partitions.clone(), tenant.clone());
        // Heads are locked, which no thread of the runtime waits for.
        let counting = tokio::task::spawn_blocking(move || {
            let held =
                partitions.iter().map(|head| head.series_count(name.as_str())).filter(|series| *series > 0);
            held.fold((0, 0), |(series, partitions), more| (series + more as u64, partitions + 1))
        });
        let (series, partitions) =
            counting.await.map_err(|_| Error::Internal("counting series failed unexpectedly".to_owned()))?;
        let decided = match shared.sizes.get(tenant) {
            Some(decided) => decided,
            // The marks of all that were in memory at the start were read then: this one was not flushed since.
            None if series > 0 => None,
            None => {
                let manifest = shared.manifests.newest(tenant).await;
                let manifest = manifest.map_err(|error| Error::Internal(error.to_string()))?;
                if manifest.version() > 0 {
                    shared.sizes.note(&manifest, shared.partitions.count());
                }
                shared.sizes.get(tenant).flatten()
            }
        };
        Ok(ActiveSeries { series, partitions, decided })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_grows_a_tenant_at_once_and_shrinks_it_with_room_to_spare() {
        let decide = |series, decided| decide(series, decided, 64);
        assert_eq!([decide(0, None), decide(1, None), decide(250_000, None)], [Some(1), Some(1), Some(3)]);
        assert_eq!([decide(100_001, Some(1)), decide(100_000, Some(1))], [Some(2), None]);
        assert_eq!(
            [decide(75_001, Some(2)), decide(75_000, Some(2)), decide(0, Some(2))],
            [None, Some(1), Some(1)]
        );
        assert_eq!(
            [decide(400_000, Some(10)), decide(375_000, Some(10)), decide(1, Some(10))],
            [None, Some(5), Some(1)]
        );
        assert_eq!(
            [decide(1, Some(1)), decide(u64::MAX, Some(1)), decide(u64::MAX, Some(64))],
            [None, Some(64), None]
        );
    }

    #[test]
    fn a_tenant_between_two_sizes_is_not_moved_to_and_fro() {
        let mut size = None;
        let mut changes = 0;
        for series in [90_000, 101_000, 99_000, 110_000, 80_000].repeat(10) {
            let next = decide(series, size, 64);
            changes += u32::from(next.is_some());
            size = next.or(size);
        }
        assert_eq!((size, changes), (Some(2), 2));
    }
}
