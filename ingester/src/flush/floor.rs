//! What marks cover leaves memory: per tenant, and per partition once all tenants have passed.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use mneme_block::manifest::{Error as ManifestError, Manifest, PartitionOf};
use mneme_model::{Cut, PartitionId, TenantId};

use super::tenant::Failure;
use crate::Error;
use crate::ingester::Shared;

/// So many manifests are read at once at a start.
const MANIFESTS_AT_ONCE: usize = 16;

/// Drops what the marks of a manifest cover, up to `cut`.
pub(super) async fn drop_covered(shared: &Arc<Shared>, manifest: &Manifest, cut: Cut) -> Result<(), Failure> {
    let (shared, manifest) = (Arc::clone(shared), manifest.clone());
    let dropping = tokio::task::spawn_blocking(move || {
        let (tenant, count) = (manifest.tenant().as_str(), shared.partitions.count());
        for partition in (0..count).map(PartitionId) {
            let Some(head) = shared.partitions.get(partition) else { continue };
            let (mark, floor) =
                (manifest.mark(PartitionOf::new(partition, count)), head.dropped_below(tenant));
            if mark < floor {
                return Err(Failure::MarkBehind { partition, mark, floor });
            }
            if mark.min(cut) > floor {
                head.drop_tenant_below(tenant, mark.min(cut));
            }
        }
        Ok(())
    });
    dropping.await.map_err(|_| Failure::Panicked)?
}

/// Raises the partitions' floors after a round up to `cut`: below, every tenant's samples are in blocks.
pub(super) async fn raise(shared: &Arc<Shared>, cut: Cut) -> Result<(), Error> {
    let raised = Arc::clone(shared);
    let raising = tokio::task::spawn_blocking(move || {
        for head in raised.partitions.iter() {
            head.drop_below(head.lowest_generation().map_or(cut, |lowest| lowest.min(cut)));
        }
    });
    raising.await.map_err(|_| Error::Apply)?;
    let lowest = shared.partitions.iter().map(mneme_head::Head::floor).min().unwrap_or_default();
    shared.metrics.flush_cut.set(i64::try_from(lowest.0).unwrap_or(i64::MAX));
    Ok(())
}

/// At a start: drops what the checkpoints brought back and the marks cover. A tenant whose manifest cannot be read keeps all that there
/// is of it, and is named.
///
/// # Errors
/// A bucket that does not answer.
pub(crate) async fn apply_marks(shared: &Arc<Shared>) -> Result<(), Error> {
    let mut tenants: Vec<TenantId> = shared.partitions.iter().flat_map(mneme_head::Head::tenants).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let count = tenants.len();
    let mut read = stream::iter(tenants)
        .map(|tenant| async move { (shared.manifests.newest(&tenant).await, tenant) })
        .buffer_unordered(MANIFESTS_AT_ONCE)
        .boxed();
    while let Some((manifest, tenant)) = read.next().await {
        let applied = match manifest {
            Err(ManifestError::Bucket(error)) => return Err(error.into()),
            Err(error) => Err(error.into()),
            Ok(manifest) => {
                shared.sizes.note(&manifest, shared.partitions.count());
                drop_covered(shared, &manifest, Cut(u64::MAX)).await
            }
        };
        if let Err(error) = applied {
            shared.metrics.flushes.with_label_values(&["failed"]).inc();
            tracing::error!(%tenant, %error, "a tenant's manifest cannot be used: all that checkpoints have of it stays in memory");
        }
    }
    if count > 0 {
        tracing::info!(tenants = count, "the marks of tenants' manifests are applied");
    }
    Ok(())
}
