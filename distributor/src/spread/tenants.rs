//! The spreads of all tenants that have written lately.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use mneme_model::TenantId;
use mneme_proto::internal::active::ActiveSeriesService;
use mneme_server::SharedClock;
use mneme_wal::Catalog;
use parking_lot::{Mutex, RwLock};

use super::size::Bounds;
use super::{Ask, Spread};
use crate::metrics::Metrics;

/// How long a write waits for what the owners know.
const ASK_DEADLINE: Duration = Duration::from_secs(1);
/// Owners that did not answer are asked again after this long.
const ASK_AGAIN_MS: i64 = 5_000;
/// A tenant that wrote nothing for so many turns is forgotten.
const KEPT_TURNS: u64 = 2;
/// The time from one turn to the next, at least: every series that is still sent comes in it.
const SHORTEST_TURN_MS: u64 = 300_000;

/// All tenants' spreads.
pub(crate) struct Spreads {
    bounds: Bounds,
    owners: Arc<dyn ActiveSeriesService>,
    clock: SharedClock,
    metrics: Metrics,
    turns: Mutex<Turns>,
    tenants: RwLock<HashMap<TenantId, Arc<Spread>>>,
}

/// When what was seen of tenants' series begins anew.
///
/// A series is looked at here once a catalog: afterwards the catalog knows it. So a turn comes with a new catalog, and never twice in one.
#[derive(Debug, Default)]
struct Turns {
    /// So many there were.
    number: u64,
    /// When the last one was.
    at_ms: i64,
    newest: Weak<Catalog>,
}

impl Spreads {
    /// Each of `most` partitions is to hold `per_partition` series of a tenant.
    pub(crate) fn new(
        (per_partition, most): (u64, u16),
        owners: Arc<dyn ActiveSeriesService>,
        clock: SharedClock,
        metrics: Metrics,
    ) -> Self {
        let (bounds, turns, tenants) = (Bounds { per_partition, most }, Mutex::default(), RwLock::default());
        Self { bounds, owners, clock, metrics, turns, tenants }
    }

    /// The tenant's, for series that are looked up in `catalog`. Waits for the owners at a tenant's first write, a second at most;
    /// without their answer it begins with one partition.
    pub(crate) async fn of(&self, tenant: &TenantId, catalog: &Arc<Catalog>) -> Arc<Spread> {
        let (turn, begins) = self.turns.lock().number(catalog, self.clock.now_ms());
        if begins {
            self.forget_idle(turn);
        }
        let found = self.tenants.read().get(tenant).cloned();
        let spread = found.unwrap_or_else(|| {
            let fresh = || Arc::new(Spread::new(self.bounds, turn, self.metrics.clone()));
            Arc::clone(self.tenants.write().entry(tenant.clone()).or_insert_with(fresh))
        });
        spread.enter(turn);
        self.ask(tenant, &spread).await;
        spread
    }

    async fn ask(&self, tenant: &TenantId, spread: &Spread) {
        let _asking = match spread.to_ask(self.clock.now_ms()) {
            Ask::No => return,
            Ask::First => spread.asking.lock().await,
            Ask::Again => match spread.asking.try_lock() {
                Ok(asking) => asking,
                Err(_) => return,
            },
        };
        if spread.to_ask(self.clock.now_ms()) == Ask::No {
            return;
        }
        match tokio::time::timeout(ASK_DEADLINE, self.owners.active_series(tenant)).await {
            Ok(Ok(told)) => return spread.hear(&told),
            Ok(Err(error)) => {
                tracing::warn!(%tenant, %error, "the number of a tenant's active series is not known");
            }
            Err(_) => tracing::warn!(%tenant, "the number of a tenant's active series was not told in time"),
        }
        spread.ask_later(self.clock.now_ms().saturating_add(ASK_AGAIN_MS));
    }

    fn forget_idle(&self, turn: u64) {
        let kept = |spread: &Arc<Spread>| spread.turn().saturating_add(KEPT_TURNS) >= turn;
        self.tenants.write().retain(|_, spread| kept(spread));
    }
}

impl Turns {
    /// The turn that the catalog is of, and whether it begins with this call.
    fn number(&mut self, catalog: &Arc<Catalog>, now_ms: i64) -> (u64, bool) {
        // What is held weakly keeps its address: a later catalog is not mistaken for it.
        if std::ptr::eq(self.newest.as_ptr(), Arc::as_ptr(catalog)) {
            return (self.number, false);
        }
        self.newest = Arc::downgrade(catalog);
        // Not for a catalog that was full, nor for a request that took its own before another one's was new.
        let begins = self.number == 0 || now_ms.abs_diff(self.at_ms) >= SHORTEST_TURN_MS;
        if begins {
            self.number += 1;
            self.at_ms = now_ms;
        }
        (self.number, begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_comes_with_a_new_catalog_and_not_too_often() {
        let mut turns = Turns::default();
        let all = [(); 4].map(|()| Arc::new(Catalog::new(0)));
        let minute = |minute: i64| 1_700_000_000_000 + minute * 60_000;
        let told = [(0, 0), (0, 10), (1, 16), (0, 16), (1, 16), (2, 18), (2, 30), (3, 31)]
            .map(|(catalog, at)| turns.number(&all[catalog], minute(at)));
        let want =
            [(1, true), (1, false), (2, true), (2, false), (2, false), (2, false), (2, false), (3, true)];
        assert_eq!(told, want);
    }
}
