//! Old versions of manifests, and blocks that no version lists, go: of tenants that flush, and of all that lie in the bucket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use mneme_block::manifest::CleanOptions;
use mneme_model::TenantId;
use tokio::time::Instant;

use crate::ingester::Shared;

/// Between two cleanings of one tenant that flushes, at least.
const INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// Between two looks at all tenants, at least: whoever no longer sends may have left something.
const LOOK_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// So many are cleaned at once.
const AT_ONCE: usize = 8;
/// Where tenants lie.
const TENANTS: &str = "tenants";

/// Remembers who was cleaned when.
#[derive(Default)]
pub(super) struct Cleaner {
    cleaned: BTreeMap<TenantId, Instant>,
    looked: Option<Instant>,
}

impl Cleaner {
    /// Cleans these tenants and, once a day, all others, where that was not done lately. What fails is done the next time.
    pub(super) async fn run(&mut self, shared: &Arc<Shared>, mut tenants: Vec<TenantId>) {
        let options =
            CleanOptions { version_age: shared.config.version_age, orphan_age: shared.config.orphan_age };
        let interval = INTERVAL.min(options.orphan_age);
        if self.looked.is_none_or(|at| at.elapsed() >= LOOK_INTERVAL.min(options.orphan_age)) {
            match shared.bucket.folders(TENANTS).await {
                Ok(names) => {
                    tenants.extend(names.iter().filter_map(|name| TenantId::new(name).ok()));
                    self.looked = Some(Instant::now());
                }
                Err(error) => tracing::warn!(%error, "the bucket's tenants cannot be listed now"),
            }
        }
        self.cleaned.retain(|_, at| at.elapsed() < interval);
        tenants.retain(|tenant| !self.cleaned.contains_key(tenant));
        tenants.sort_unstable();
        tenants.dedup();
        let mut done = stream::iter(tenants)
            .map(|tenant| async move { clean(shared, &tenant, options).await.then_some(tenant) })
            .buffer_unordered(AT_ONCE)
            .boxed();
        while let Some(tenant) = done.next().await {
            self.cleaned.extend(tenant.map(|tenant| (tenant, Instant::now())));
        }
    }
}

async fn clean(shared: &Shared, tenant: &TenantId, options: CleanOptions) -> bool {
    match shared.manifests.clean(tenant, shared.clock.now_ms(), options).await {
        Ok(cleaned) => {
            shared.metrics.cleaned_objects.inc_by(cleaned.objects);
            if cleaned.objects > 0 {
                let (blocks, bytes) = (cleaned.blocks, cleaned.bytes);
                tracing::info!(%tenant, blocks, bytes, "blocks that no version lists are deleted");
            }
            true
        }
        Err(error) => {
            tracing::warn!(%tenant, %error, "a tenant's blocks cannot be cleaned now");
            false
        }
    }
}
