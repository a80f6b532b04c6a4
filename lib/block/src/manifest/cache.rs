//! The manifests that a reader holds, of many tenants.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mneme_model::TenantId;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Error, Manifest, Manifests};

/// The newest versions that a reader knows. Nobody polls: a version is looked at again when a question wants a newer one.
#[derive(Debug)]
pub struct ManifestCache {
    manifests: Manifests,
    tenants: Mutex<HashMap<TenantId, Arc<Held>>>,
    most: usize,
}

/// One tenant's. Locked while it is refreshed, so that many questions are one request.
#[derive(Debug, Default)]
struct Held {
    newest: tokio::sync::Mutex<Option<(Manifest, Instant)>>,
}

impl ManifestCache {
    /// Of `most` tenants at most.
    #[must_use]
    pub fn new(manifests: Manifests, most: usize) -> Self {
        Self { manifests, tenants: Mutex::default(), most: most.max(1) }
    }

    /// The tenant's manifest as it was at most `age` ago; zero asks the bucket.
    ///
    /// # Errors
    /// As [`Manifests::newest`].
    pub async fn get(&self, tenant: &TenantId, age: Duration) -> Result<Manifest, Error> {
        let asked = Instant::now();
        let held = self.held(tenant);
        let mut newest = held.newest.lock().await;
        let found = match &*newest {
            // Somebody may have looked while this question waited.
            Some((found, looked)) if *looked >= asked || looked.elapsed() <= age && !age.is_zero() => {
                return Ok(found.clone());
            }
            Some((found, _)) => self.manifests.refresh(found).await?,
            None => self.manifests.newest(tenant).await?,
        };
        *newest = Some((found.clone(), asked));
        Ok(found)
    }

    fn held(&self, tenant: &TenantId) -> Arc<Held> {
        let mut tenants = self.tenants.lock();
        if let Some(held) = tenants.get(tenant) {
            return held.clone();
        }
        if tenants.len() >= self.most {
            // Those in use now stay; of the others any may go, they come back by two requests.
            let idle =
                tenants.iter().find(|(_, held)| Arc::strong_count(held) == 1).map(|(name, _)| name.clone());
            idle.and_then(|name| tenants.remove(&name));
        }
        let held = Arc::<Held>::default();
        tenants.insert(tenant.clone(), held.clone());
        held
    }
}
