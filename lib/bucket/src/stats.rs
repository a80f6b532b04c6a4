//! What a handle has asked of its store, as metrics.

use std::collections::HashSet;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

/// Tenants that are counted by name; what comes after them is counted together.
const TENANTS: usize = 1000;
/// The tenant of those; no tenant is called that.
const OTHERS: &str = "<others>";
/// Upper bounds of the latency histogram, seconds.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The kinds of requests, as they are billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the handle's own words")]
pub enum Operation {
    Get,
    Head,
    Put,
    Create,
    List,
    Delete,
}

impl Operation {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Put, Self::Create, Self::List, Self::Delete];

    /// The word for metrics and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Head => "head",
            Self::Put => "put",
            Self::Create => "create",
            Self::List => "list",
            Self::Delete => "delete",
        }
    }
}

/// Counters since the handle was opened, shared by its clones. A key below `tenants/<tenant>/` is also counted for its tenant:
/// the first 1,000 of them by name.
#[derive(Debug)]
pub struct Stats {
    operations: [Counters; 6],
    families: Families,
    named: Mutex<HashSet<String>>,
}

#[derive(Debug)]
struct Families {
    requests: IntCounterVec,
    errors: IntCounterVec,
    bytes: IntCounterVec,
    hedges: IntCounterVec,
    seconds: HistogramVec,
    tenant_requests: IntCounterVec,
    tenant_bytes: IntCounterVec,
}

#[derive(Debug)]
struct Counters {
    requests: IntCounter,
    errors: IntCounter,
    bytes: IntCounter,
    hedges: IntCounter,
    seconds: Histogram,
}

/// One operation's counters at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationCounts {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests without a definite answer (an absent object is an answer).
    pub errors: u64,
    /// Bytes of objects read or written.
    pub bytes: u64,
}

impl Default for Stats {
    fn default() -> Self {
        let families = Families::new();
        Self {
            operations: Operation::ALL.map(|operation| families.of(operation)),
            families,
            named: Mutex::default(),
        }
    }
}

impl Stats {
    /// Shows them as `mneme_bucket_*`.
    ///
    /// # Errors
    /// Where the registry has metrics of these names already.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let families = &self.families;
        for counters in [
            &families.requests,
            &families.errors,
            &families.bytes,
            &families.hedges,
            &families.tenant_requests,
            &families.tenant_bytes,
        ] {
            registry.register(Box::new(counters.clone()))?;
        }
        registry.register(Box::new(families.seconds.clone()))
    }

    /// The counters of one operation.
    #[must_use]
    pub fn of(&self, operation: Operation) -> OperationCounts {
        let counters = self.counters(operation);
        OperationCounts {
            requests: counters.requests.get(),
            errors: counters.errors.get(),
            bytes: counters.bytes.get(),
        }
    }

    /// Requests that were sent a second time because the first had no answer yet. Each is a request of its own as well.
    #[must_use]
    pub fn hedges(&self) -> u64 {
        self.operations.iter().map(|counters| counters.hedges.get()).sum()
    }

    /// Requests and bytes of one operation below `tenants/<tenant>/`.
    #[must_use]
    pub fn of_tenant(&self, tenant: &str, operation: Operation) -> OperationCounts {
        let of = |family: &IntCounterVec| {
            let known = self.named.lock().contains(tenant);
            if known { family.with_label_values(&[tenant, operation.as_str()]).get() } else { 0 }
        };
        OperationCounts {
            requests: of(&self.families.tenant_requests),
            errors: 0,
            bytes: of(&self.families.tenant_bytes),
        }
    }

    pub(crate) fn hedge(&self, operation: Operation) {
        self.counters(operation).hedges.inc();
    }

    pub(crate) fn request(&self, operation: Operation, key: &str) {
        self.counters(operation).requests.inc();
        self.for_tenant(key, |tenant| {
            self.families.tenant_requests.with_label_values(&[tenant, operation.as_str()]).inc();
        });
    }

    pub(crate) fn answered(&self, operation: Operation, took: Duration) {
        self.counters(operation).seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn error(&self, operation: Operation) {
        self.counters(operation).errors.inc();
    }

    pub(crate) fn bytes(&self, operation: Operation, key: &str, bytes: usize) {
        self.counters(operation).bytes.inc_by(bytes as u64);
        self.for_tenant(key, |tenant| {
            let bytes = bytes as u64;
            self.families.tenant_bytes.with_label_values(&[tenant, operation.as_str()]).inc_by(bytes);
        });
    }

    fn counters(&self, operation: Operation) -> &Counters {
        &self.operations[operation as usize]
    }

    fn for_tenant(&self, key: &str, count: impl FnOnce(&str)) {
        let Some(tenant) = tenant_of(key) else { return };
        let mut named = self.named.lock();
        let known = named.contains(tenant) || (named.len() < TENANTS && named.insert(tenant.to_owned()));
        drop(named);
        count(if known { tenant } else { OTHERS });
    }
}

impl Families {
    fn new() -> Self {
        let vec = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help), labels).expect("constant names are valid")
        };
        let operation = ["operation"].as_slice();
        let tenant = ["tenant", "operation"].as_slice();
        let seconds = HistogramOpts::new(
            "mneme_bucket_request_duration_seconds",
            "Requests to the bucket that had an answer, until it was whole.",
        );
        Self {
            requests: vec(
                "mneme_bucket_requests_total",
                "Requests to the bucket, retries included.",
                operation,
            ),
            errors: vec(
                "mneme_bucket_errors_total",
                "Requests to the bucket without a definite answer.",
                operation,
            ),
            bytes: vec(
                "mneme_bucket_bytes_total",
                "Bytes of objects read from or written to the bucket.",
                operation,
            ),
            hedges: vec(
                "mneme_bucket_hedges_total",
                "Requests that were sent a second time because the first had no answer yet.",
                operation,
            ),
            seconds: HistogramVec::new(seconds.buckets(SECONDS.to_vec()), operation)
                .expect("constant names are valid"),
            tenant_requests: vec(
                "mneme_bucket_tenant_requests_total",
                "Requests to the bucket below a tenant's prefix, retries included.",
                tenant,
            ),
            tenant_bytes: vec(
                "mneme_bucket_tenant_bytes_total",
                "Bytes of a tenant's objects read from or written to the bucket.",
                tenant,
            ),
        }
    }

    fn of(&self, operation: Operation) -> Counters {
        let label = [operation.as_str()];
        Counters {
            requests: self.requests.with_label_values(&label),
            errors: self.errors.with_label_values(&label),
            bytes: self.bytes.with_label_values(&label),
            hedges: self.hedges.with_label_values(&label),
            seconds: self.seconds.with_label_values(&label),
        }
    }
}

/// Whose object it is.
fn tenant_of(key: &str) -> Option<&str> {
    let (tenant, _) = key.strip_prefix("tenants/")?.split_once('/')?;
    Some(tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_counted_by_name_up_to_a_bound() {
        let stats = Stats::default();
        for n in 0..TENANTS + 5 {
            stats.request(Operation::Get, &format!("tenants/t{n}/manifest/1"));
        }
        stats.bytes(Operation::Put, "tenants/t1/blocks/x/series.parquet", 7);
        stats.request(Operation::Get, "wal/log/1");
        assert_eq!(stats.of_tenant("t1", Operation::Get).requests, 1);
        assert_eq!(stats.of_tenant("t1", Operation::Put).bytes, 7);
        assert_eq!(stats.of_tenant(&format!("t{}", TENANTS + 1), Operation::Get).requests, 0);
        assert_eq!(stats.of(Operation::Get).requests, TENANTS as u64 + 6);
        let registry = Registry::new();
        stats.register(&registry).unwrap();
        let others = stats.families.tenant_requests.with_label_values(&[OTHERS, "get"]);
        assert_eq!(others.get(), 5);
    }

    #[test]
    fn only_keys_of_a_tenant_are_a_tenants() {
        assert_eq!(tenant_of("tenants/a/manifest/1"), Some("a"));
        for key in ["tenants/a", "wal/tenants/a/b", "tenants", "cluster"] {
            assert_eq!(tenant_of(key), None, "{key}");
        }
    }
}
