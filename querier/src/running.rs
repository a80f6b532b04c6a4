//! The queries under way: who asks what, what it has cost so far, and the switch that ends it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mneme_model::{TenantId, TimestampMs};
use mneme_promql::Cancel;
use mneme_proto::internal::ingester::FetchBudget;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::api::{Error, ErrorType};
use crate::federation::Tenants;

/// All queries of the process.
pub(crate) struct Running {
    shared: Arc<Shared>,
    /// The first part of every id, so that ids of two incarnations differ.
    incarnation: u64,
    /// Most queries of one tenant at a time; 0 = any number.
    max_per_tenant: usize,
}

#[derive(Default)]
struct Shared {
    queries: Mutex<BTreeMap<u64, Arc<Query>>>,
    next: AtomicU64,
}

/// One query under way.
pub(crate) struct Query {
    /// What it is called by clients.
    pub(crate) id: String,
    /// Its text.
    pub(crate) text: String,
    /// On whose behalf.
    pub(crate) tenants: Tenants,
    /// Which endpoint was asked.
    pub(crate) endpoint: &'static str,
    /// When it came.
    pub(crate) began: TimestampMs,
    /// When it came, for its age.
    pub(crate) arrived: Instant,
    /// What it has fetched, and may.
    pub(crate) budget: Arc<FetchBudget>,
    /// Stops its evaluation.
    pub(crate) cancel: Cancel,
    stage: AtomicU8,
    killed: Notify,
}

/// How far a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    Queued = 0,
    Fetching = 1,
    Evaluating = 2,
}

/// What is told of a new query.
pub(crate) struct Asked<'a> {
    pub(crate) text: &'a str,
    pub(crate) tenants: &'a Tenants,
    pub(crate) endpoint: &'static str,
    pub(crate) now: TimestampMs,
    pub(crate) arrived: Instant,
    pub(crate) budget: FetchBudget,
}

/// A query's place in the list. Dropping it ends the query.
pub(crate) struct Entry {
    query: Arc<Query>,
    number: u64,
    shared: Arc<Shared>,
}

impl Running {
    /// Nothing runs. `incarnation` is a number that an earlier process did not have.
    pub(crate) fn new(incarnation: u64, max_per_tenant: usize) -> Self {
        Self { shared: Arc::default(), incarnation, max_per_tenant }
    }

    /// Lists a query; refuses one more of a tenant that has as many as it may.
    pub(crate) fn begin(&self, asked: Asked<'_>) -> Result<Entry, Error> {
        let Asked { text, tenants, endpoint, now, arrived, budget } = asked;
        let mut queries = self.shared.lock();
        for tenant in tenants.ids() {
            let theirs = queries.values().filter(|query| query.tenants.ids().contains(tenant)).count();
            if self.max_per_tenant > 0 && theirs >= self.max_per_tenant {
                return Err(too_many(tenant, self.max_per_tenant));
            }
        }
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let query = Arc::new(Query {
            id: format!("{:x}-{number}", self.incarnation),
            text: text.to_owned(),
            tenants: tenants.clone(),
            endpoint,
            began: now,
            arrived,
            budget: Arc::new(budget),
            cancel: Cancel::new(),
            stage: AtomicU8::new(Stage::Queued as u8),
            killed: Notify::new(),
        });
        queries.insert(number, query.clone());
        Ok(Entry { query, number, shared: self.shared.clone() })
    }

    /// The queries that are wholly these tenants', the oldest first.
    pub(crate) fn of(&self, tenants: &Tenants) -> Vec<Arc<Query>> {
        let owns = |query: &&Arc<Query>| query.tenants.ids().iter().all(|id| tenants.ids().contains(id));
        self.shared.lock().values().filter(owns).cloned().collect()
    }

    /// Ends the query of this id if it is wholly these tenants'; `false` if there is none.
    pub(crate) fn kill(&self, tenants: &Tenants, id: &str) -> bool {
        let Some(query) = self.of(tenants).into_iter().find(|query| query.id == id) else { return false };
        query.end();
        query.killed.notify_one();
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Query>>> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Query {
    /// How far it is.
    pub(crate) fn stage(&self) -> &'static str {
        match self.stage.load(Ordering::Relaxed) {
            0 => "queued",
            1 => "fetching",
            _ => "evaluating",
        }
    }

    fn end(&self) {
        self.budget.stop();
        self.cancel.cancel();
    }
}

impl Entry {
    /// The query.
    pub(crate) fn query(&self) -> &Query {
        &self.query
    }

    /// It has come so far.
    pub(crate) fn reach(&self, stage: Stage) {
        self.query.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Waits for `work`, but not once somebody has killed the query.
    pub(crate) async fn unless_killed<T>(
        &self,
        during: &'static str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.query.killed.notified() => {
                // For the steps that follow, should there be any.
                self.query.killed.notify_one();
                Err(Error::new(ErrorType::Canceled, format!("query was canceled in {during}")))
            }
            done = work => done,
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.query.end();
        self.shared.lock().remove(&self.number);
    }
}

fn too_many(tenant: &TenantId, limit: usize) -> Error {
    let message = format!(
        "too many outstanding requests: tenant {} has {limit} queries under way, the most it may (querier.max_outstanding_requests_per_tenant)",
        tenant.as_str()
    );
    Error::limit(ErrorType::TooManyRequests, "too-many-outstanding-requests", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants(names: &[&str]) -> Tenants {
        Tenants::new(names.iter().map(|name| TenantId::new(name).unwrap()).collect()).unwrap()
    }

    fn begin(running: &Running, tenants: &Tenants) -> Result<Entry, Error> {
        running.begin(Asked {
            text: "up",
            tenants,
            endpoint: "query",
            now: 0,
            arrived: Instant::now(),
            budget: FetchBudget::default(),
        })
    }

    #[tokio::test]
    async fn tenants_see_and_kill_only_what_is_wholly_theirs() {
        let running = Running::new(7, 0);
        let (a, b, both) = (tenants(&["a"]), tenants(&["b"]), tenants(&["a", "b"]));
        let (of_a, of_both) = (begin(&running, &a).unwrap(), begin(&running, &both).unwrap());
        let ids = |who: &Tenants| running.of(who).iter().map(|query| query.id.clone()).collect::<Vec<_>>();
        assert_eq!(
            (ids(&a), ids(&b), ids(&both)),
            (vec!["7-0".into()], vec![], vec!["7-0".into(), "7-1".into()])
        );
        assert!(!running.kill(&b, "7-0") && !running.kill(&a, "7-1") && running.kill(&a, "7-0"));
        assert!(of_a.query().cancel.check().is_err() && of_both.query().cancel.check().is_ok());
        let never = of_a.unless_killed("query execution", std::future::pending::<Result<(), Error>>()).await;
        assert_eq!(never.unwrap_err().message, "query was canceled in query execution");
        drop((of_a, of_both));
        assert!(ids(&both).is_empty());
    }

    #[tokio::test]
    async fn a_tenant_has_only_so_many_at_a_time() {
        let running = Running::new(0, 1);
        let first = begin(&running, &tenants(&["a"])).unwrap();
        assert_eq!(begin(&running, &tenants(&["a", "b"])).err().unwrap().kind, ErrorType::TooManyRequests);
        let _other = begin(&running, &tenants(&["b"])).unwrap();
        drop(first);
        begin(&running, &tenants(&["a"])).unwrap();
    }
}
