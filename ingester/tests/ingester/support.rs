//! A WAL, an ingester, and what is asked of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mneme_bucket::{AttemptIds, Bucket};
use mneme_ingester::{Config, Ingester, Parts};
use mneme_model::{Labels, Matcher, PartitionId, Samples, TenantId, TimestampMs};
use mneme_proto::internal::ingester::{Delivery, DeliveryService, QueryService, SeriesRequest, drain};
use mneme_server::SystemClock;
use mneme_wal::{CommittedSegment, Conflict, Deliver, Records, Verdict, Wal};

pub(crate) const PARTITIONS: u16 = 4;

/// Hands segments to an ingester, but not the first few.
pub(crate) struct To {
    ingester: Ingester,
    lose: AtomicU64,
}

#[async_trait]
impl Deliver for To {
    async fn deliver(&self, segment: Arc<CommittedSegment>) -> Verdict {
        let lose = |left: u64| left.checked_sub(1);
        if self.lose.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lose).is_ok() {
            return Verdict { conflicts: Vec::new(), behind: true };
        }
        let CommittedSegment { writer, seq, cut, sections } = (*segment).clone();
        let verdict = self.ingester.deliver(Delivery { writer, seq, cut, sections }).await.unwrap();
        let conflicts =
            verdict.conflicts.iter().map(|c| Conflict { partition: c.partition, ordinal: c.ordinal });
        Verdict { conflicts: conflicts.collect(), behind: verdict.behind }
    }
}

pub(crate) fn ingester_with(bucket: &Bucket, config: Config, registry: &prometheus::Registry) -> Ingester {
    ingester_of(bucket, config, registry, true)
}

fn ingester_of(
    bucket: &Bucket,
    config: Config,
    registry: &prometheus::Registry,
    exclusive: bool,
) -> Ingester {
    let parts = Parts {
        instance: "test".to_owned(),
        bucket: bucket.clone(),
        clock: Arc::new(SystemClock),
        registry: registry.clone(),
        partitions: PARTITIONS,
        attempts: Arc::new(AttemptIds::random()),
        exclusive,
        memory_bytes: 0,
        spill_directory: None,
    };
    Ingester::new(config, parts).unwrap()
}

/// An ingester that has read the bucket.
pub(crate) async fn started(bucket: &Bucket) -> Ingester {
    let ingester = ingester_with(bucket, Config::default(), &prometheus::Registry::new());
    ingester.replay().await.unwrap();
    ingester
}

/// A writer that delivers to the ingester all but its first `lose` segments.
pub(crate) async fn writer(bucket: &Bucket, ingester: &Ingester, lose: u64) -> Wal {
    let parts = mneme_wal::Parts {
        instance: "test".to_owned(),
        zone: String::new(),
        deliver: Arc::new(To { ingester: ingester.clone(), lose: AtomicU64::new(lose) }),
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::random()),
        on_commit: None,
    };
    Wal::join(bucket.clone(), mneme_wal::Config::default(), parts).await.unwrap()
}

/// One sample each of series of a tenant: name, time, value.
pub(crate) fn records(tenant: &str, samples: &[(&str, TimestampMs, f64)]) -> Records {
    let mut records = Records::new(TenantId::new(tenant).unwrap());
    for (name, t, v) in samples {
        let labels = Labels::from_pairs([("__name__", *name), ("job", "test")]);
        let hash = labels.view().hash(7);
        let series = records.series(labels.view(), hash, PartitionId::of_hash(hash, PARTITIONS));
        records.float(series, *t, *v, 0);
    }
    records
}

pub(crate) fn everything(tenant: &str) -> SeriesRequest {
    let tenant = TenantId::new(tenant).unwrap();
    SeriesRequest::all_times(tenant, vec![Matcher::equal("job", "test")])
}

/// A tenant's samples by metric name.
pub(crate) async fn held(ingester: &Ingester, tenant: &str) -> BTreeMap<String, Vec<(TimestampMs, f64)>> {
    let mut answer = ingester.select(everything(tenant), Arc::default()).await.unwrap();
    let (found, _held) = drain(&mut *answer).unwrap();
    let mut all = BTreeMap::new();
    for series in found.iter() {
        let mut samples = Samples::default();
        mneme_model::chunk::merge(series.chunks, TimestampMs::MIN, TimestampMs::MAX, &mut samples).unwrap();
        let points = samples.t.into_iter().zip(samples.v).collect();
        assert!(all.insert(series.labels.metric_name().to_owned(), points).is_none(), "each series once");
    }
    all
}

/// The value of a counter without labels.
pub(crate) fn counter(registry: &prometheus::Registry, name: &str) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == name).unwrap();
    family.get_metric()[0].get_counter().get_value()
}

/// The value of a gauge without labels.
pub(crate) fn gauge(registry: &prometheus::Registry, name: &str) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == name).unwrap();
    family.get_metric()[0].get_gauge().get_value()
}

/// Cuts every second, so that a test need not wait; time is paused in tests that use it.
pub(crate) fn quick() -> Config {
    Config {
        cut_interval: Duration::from_secs(1),
        poll_interval: Duration::from_millis(100),
        ..Config::default()
    }
}

/// An ingester with its tasks.
pub(crate) struct Running {
    pub(crate) ingester: Ingester,
    pub(crate) registry: prometheus::Registry,
    signal: mneme_server::drain::Signal,
    tasks: tokio::task::JoinSet<Result<(), mneme_ingester::Error>>,
}

impl Running {
    /// Starts on what is in the bucket.
    pub(crate) async fn start(bucket: &Bucket, config: Config) -> Self {
        let registry = prometheus::Registry::new();
        let ingester = ingester_with(bucket, config, &registry);
        ingester.replay().await.unwrap();
        Self::of(ingester, registry)
    }

    /// Starts beside others on the same bucket.
    pub(crate) async fn shared(bucket: &Bucket, config: Config) -> Self {
        let registry = prometheus::Registry::new();
        let ingester = ingester_of(bucket, config, &registry, false);
        ingester.replay().await.unwrap();
        Self::of(ingester, registry)
    }

    /// Runs an ingester that is ready.
    pub(crate) fn of(ingester: Ingester, registry: prometheus::Registry) -> Self {
        let (signal, drain) = mneme_server::drain::channel();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(ingester.clone().run(drain));
        Self { ingester, registry, signal, tasks }
    }

    /// Waits until everything below `cut` is in checkpoints.
    pub(crate) async fn saved(&self, cut: u64) {
        let what = format!("checkpoints of cut {cut}");
        until(&what, || gauge(&self.registry, "mneme_ingester_checkpoint_cut") >= cut as f64).await;
    }

    /// The newest cut.
    pub(crate) fn cut(&self) -> u64 {
        self.ingester.cuts().borrow().0
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) {
        self.signal.start();
        self.tasks.join_next().await.unwrap().unwrap().unwrap();
    }

    /// Ends it at once, wherever it is.
    pub(crate) async fn kill(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Waits for a condition; for a long time of a paused clock.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(600), async {
        while !condition() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// All keys below a prefix.
pub(crate) async fn keys(bucket: &Bucket, prefix: &str) -> Vec<String> {
    bucket.keys(prefix, None, None).await.unwrap()
}

/// Segments and seals.
pub(crate) async fn segments(bucket: &Bucket) -> Vec<String> {
    let mut keys = keys(bucket, "wal").await;
    keys.retain(|key| !key.starts_with("wal/log"));
    keys
}
