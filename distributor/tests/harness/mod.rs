//! A distributor before a write-ahead log that remembers, and fails on demand.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "helpers of tests")]

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use mneme_distributor::{Appender, Config, Distributor, Parts};
use mneme_model::histogram::Span;
use mneme_model::{Cut, Histogram, TenantId, TimestampMs, WriterId};
use mneme_proto::internal::active::{ActiveSeries, ActiveSeriesService};
use mneme_proto::internal::ingester::Error as IngesterError;
use mneme_proto::remote_write::{Encoder, Sample, SeriesToEncode, Version, snappy};
use mneme_server::Clock;
use mneme_tenant::{AuthConfig, AuthMode, Authenticator, Limits, Overrides};
use mneme_wal::{AppendError, Appended, Catalog, Records};
use tower::ServiceExt as _;

/// The harness' clock stands still.
pub const NOW: TimestampMs = 1_700_000_000_000;

/// The harness' partitions take so few series of a tenant of automatic size.
pub const SERIES_PER_PARTITION: u64 = 100;

/// What the log does with the next records.
#[derive(Clone, Debug, Default)]
pub enum Sent {
    #[default]
    Stored,
    Conflicts(Vec<u32>),
    Overloaded,
    Deadline,
    Closed,
    TooLarge,
    Failed,
}

pub struct FakeLog {
    next: Mutex<Sent>,
    pub catalog: Mutex<Arc<Catalog>>,
    pub stored: Mutex<Vec<Records>>,
}

#[async_trait]
impl Appender for FakeLog {
    fn catalog(&self) -> Arc<Catalog> {
        self.catalog.lock().unwrap().clone()
    }

    async fn append(&self, records: &Records) -> Result<Appended, AppendError> {
        let ok = |conflicts| {
            self.stored.lock().unwrap().push(records.clone());
            Ok(Appended { writer: WriterId(1), seq: 1, cut: Cut(0), conflicts, behind: false })
        };
        let next = self.next.lock().unwrap().clone();
        match next {
            Sent::Stored => ok(vec![]),
            Sent::Conflicts(conflicts) => ok(conflicts),
            Sent::Overloaded => Err(AppendError::Overloaded { buffered: 2, limit: 1 }),
            Sent::Deadline => Err(AppendError::Deadline { after: Duration::from_secs(10) }),
            Sent::Closed => Err(AppendError::Closed),
            Sent::TooLarge => Err(AppendError::TooLarge { size: 2, limit: 1 }),
            Sent::Failed => Err(AppendError::Failed("fsync failed".into())),
        }
    }
}

/// What the owners know of every tenant.
#[derive(Default)]
pub struct FakeOwners {
    /// `None`: they do not answer.
    pub told: Mutex<Option<ActiveSeries>>,
    pub asked: AtomicU64,
}

#[async_trait]
impl ActiveSeriesService for FakeOwners {
    async fn active_series(&self, _tenant: &TenantId) -> Result<ActiveSeries, IngesterError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let told = *self.told.lock().unwrap();
        told.ok_or_else(|| IngesterError::NotReady("replaying".into()))
    }
}

/// Stands still but where a test sets it.
pub struct StandingClock(pub AtomicI64);

impl Clock for StandingClock {
    fn now_ms(&self) -> TimestampMs {
        self.0.load(Ordering::Relaxed)
    }
}

pub struct Harness {
    pub log: Arc<FakeLog>,
    pub owners: Arc<FakeOwners>,
    pub clock: Arc<StandingClock>,
    pub distributor: Distributor,
    registry: prometheus::Registry,
    runtime: tokio::runtime::Runtime,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// Samples, histograms, exemplars.
    pub written: [u64; 3],
    pub retry_after: Option<u64>,
}

impl Answer {
    pub fn first_line(&self) -> &str {
        self.body.lines().next().unwrap_or_default()
    }
}

impl Harness {
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, AuthMode::Auto)
    }

    pub fn trusting_header() -> Self {
        Self::with(Limits::default(), AuthMode::TrustHeader)
    }

    /// One whose requests may take so many bytes together.
    pub fn with_budget(bytes: usize) -> Self {
        Self::with_config(Config { max_inflight_push_requests_bytes: bytes, ..Config::default() })
    }

    pub fn with_config(config: Config) -> Self {
        Self::configured(Limits::default(), AuthMode::Auto, config)
    }

    fn with(limits: Limits, mode: AuthMode) -> Self {
        Self::configured(limits, mode, Config { max_recv_msg_size_bytes: 1 << 20, ..Config::default() })
    }

    fn configured(limits: Limits, mode: AuthMode, config: Config) -> Self {
        let catalog = Mutex::new(Arc::new(Catalog::new(1 << 20)));
        let log = Arc::new(FakeLog { next: Mutex::default(), catalog, stored: Mutex::default() });
        let clock = Arc::new(StandingClock(AtomicI64::new(NOW)));
        let owners =
            Arc::new(FakeOwners { told: Mutex::new(Some(ActiveSeries::default())), ..FakeOwners::default() });
        let parts = Parts {
            appender: log.clone(),
            overrides: Overrides::uniform(limits),
            authenticator: Arc::new(
                Authenticator::new(AuthConfig { mode, ..AuthConfig::default() }).unwrap(),
            ),
            clock: clock.clone(),
            hash_seed: 7,
            partition_count: 64,
            active: owners.clone(),
            series_per_partition: SERIES_PER_PARTITION,
        };
        let registry = prometheus::Registry::new();
        let distributor = Distributor::new(config, parts, &registry).unwrap();
        Self {
            log,
            owners,
            clock,
            distributor,
            registry,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    pub fn fail_with(&self, next: Sent) {
        *self.log.next.lock().unwrap() = next;
    }

    /// Bytes of the budget that requests hold.
    pub fn inflight_bytes(&self) -> usize {
        self.metric("mneme_distributor_inflight_bytes ") as usize
    }

    /// The value of the metric whose line begins so, 0 if there is none.
    pub fn metric(&self, begin: &str) -> f64 {
        let text = prometheus::TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(begin));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// How many samples are in the log.
    pub fn stored(&self) -> usize {
        self.log.stored.lock().unwrap().iter().map(Records::sample_count).sum()
    }

    pub fn push(&self, version: Version, message: Vec<u8>) -> Answer {
        let request = Request::post("/api/v1/push")
            .header("content-type", version.content_type())
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", version.header())
            .body(Body::from(snappy::compress(&message)));
        self.send(request.unwrap())
    }

    pub fn send(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let response = self.distributor.router().oneshot(request).await.unwrap();
            let number =
                |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
            let written = ["samples", "histograms", "exemplars"].map(|kind| {
                number(&format!("x-prometheus-remote-write-{kind}-written")).expect("always there")
            });
            let (status, retry_after) = (response.status().as_u16(), number("retry-after"));
            let body = response.into_body().collect().await.unwrap().to_bytes();
            Answer { status, body: String::from_utf8(body.to_vec()).unwrap(), written, retry_after }
        })
    }
}

pub fn series<'a>(labels: &'a [(&'a str, &'a str)], samples: &'a [Sample]) -> SeriesToEncode<'a> {
    SeriesToEncode { labels, samples, ..SeriesToEncode::default() }
}

/// `up{job="<job>"} 1` now.
pub fn good(job: &'static str) -> SeriesToEncode<'static> {
    let labels: &'static [(&'static str, &'static str)] =
        Box::leak(Box::new([("__name__", "up"), ("job", job)]));
    series(labels, &[Sample { t: NOW, v: 1.0, st: 0 }])
}

pub fn message(version: Version, all: &[SeriesToEncode<'_>]) -> Vec<u8> {
    let mut encoder = Encoder::new(version);
    for series in all {
        encoder.series(series);
    }
    encoder.finish()
}

/// A valid one of two buckets and three observations.
pub fn histogram() -> Histogram {
    Histogram {
        count: 3,
        sum: 4.0,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        positive_deltas: vec![1, 1],
        ..Histogram::default()
    }
}
