//! What a push costs from its body to the records for the WAL: snappy, walk, checks, lookup, staging. 100k series in 50 requests of 2000
//! with one sample each; one iteration is all 50: divide by 100,000 for a sample.
//! Physical limits by PERF (ns per sample, W1 / W3): snappy 45 / 30, walk + hash + lookup + full compare 180-210 / 100.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use mneme_distributor::{Appender, Config, Distributor, Parts};
use mneme_model::histogram::Span;
use mneme_model::{AnyHistogram, Cut, Histogram, TenantId, TimestampMs, WriterId};
use mneme_proto::internal::active::{ActiveSeries, ActiveSeriesService, SERIES_PER_PARTITION};
use mneme_proto::internal::ingester::Error as IngesterError;
use mneme_proto::remote_write::{Encoder, HistogramSample, Sample, SeriesToEncode, Version, snappy};
use mneme_server::Clock;
use mneme_tenant::{AuthConfig, Authenticator, Limits, Overrides};
use mneme_wal::{AppendError, Appended, Catalog, Records};
use tower::ServiceExt as _;

const SERIES: usize = 100_000;
const BATCH: usize = 2000;

struct Nowhere(Arc<Catalog>);

#[async_trait]
impl Appender for Nowhere {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0)
    }

    async fn append(&self, _records: &Records) -> Result<Appended, AppendError> {
        Ok(Appended { writer: WriterId(1), seq: 1, cut: Cut(0), conflicts: Vec::new(), behind: false })
    }
}

/// Every tenant is new.
struct Unknown;

#[async_trait]
impl ActiveSeriesService for Unknown {
    async fn active_series(&self, _tenant: &TenantId) -> Result<ActiveSeries, IngesterError> {
        Ok(ActiveSeries::default())
    }
}

struct StandingClock;

impl Clock for StandingClock {
    fn now_ms(&self) -> TimestampMs {
        1_700_000_000_000
    }
}

fn distributor() -> Distributor {
    let parts = Parts {
        appender: Arc::new(Nowhere(Arc::new(Catalog::new(1 << 30)))),
        overrides: Overrides::uniform(Limits::default()),
        authenticator: Arc::new(Authenticator::new(AuthConfig::default()).expect("valid")),
        clock: Arc::new(StandingClock),
        hash_seed: 7,
        partition_count: 64,
        active: Arc::new(Unknown),
        series_per_partition: SERIES_PER_PARTITION,
    };
    Distributor::new(Config::default(), parts, &prometheus::Registry::new()).expect("valid")
}

/// 12 labels, as in a Kubernetes cluster; about 360 bytes in 1.0.
fn kubernetes(i: usize) -> Vec<(&'static str, String)> {
    let (target, metric) = (i / 500, i % 500);
    vec![
        ("__name__", format!("component_requests_of_some_kind_{}_total", metric / 4)),
        ("cluster", format!("prod-eu-west-{}", target % 3)),
        ("code", ["200", "404", "500"][metric / 4 % 3].to_owned()),
        ("container", format!("service-{}", target % 40)),
        ("endpoint", "http-metrics".to_owned()),
        ("instance", format!("10.0.{}.{}:8080", target / 250, target % 250)),
        ("job", format!("service-{}", target % 40)),
        ("method", ["GET", "POST", "PUT", "DELETE"][metric % 4].to_owned()),
        ("namespace", format!("department-{}", target % 20)),
        ("node", format!("ip-10-1-{}.eu-west-1.compute.internal", target % 97)),
        ("pod", format!("service-{}-5d8f7c9b6d-{target:05x}", target % 40)),
        ("prometheus", "monitoring/k8s".to_owned()),
    ]
}

/// 5 labels, as a node_exporter's series after a scrape; about 150 bytes in 1.0.
fn node(i: usize) -> Vec<(&'static str, String)> {
    vec![
        ("__name__", format!("node_some_subsystem_{}_bytes_total", i % 600 / 8)),
        ("cpu", (i % 8).to_string()),
        ("instance", format!("10.0.0.{}:9100", i / 600)),
        ("job", "node".to_owned()),
        ("mode", ["idle", "iowait", "irq", "user"][i % 4].to_owned()),
    ]
}

/// A native histogram of 20 buckets in two runs.
fn histogram(i: usize) -> AnyHistogram {
    AnyHistogram::Integer(Histogram {
        schema: 3,
        count: 43,
        zero_count: 2,
        sum: i as f64 + 0.25,
        positive_spans: vec![Span { offset: -4, length: 12 }, Span { offset: 3, length: 8 }],
        positive_deltas: [2, 1, -1, 0, 0, 0, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1].to_vec(),
        ..Histogram::default()
    })
}

/// 2000 series a body, each with a float or a native histogram.
fn bodies(
    version: Version,
    labels: fn(usize) -> Vec<(&'static str, String)>,
    with_histograms: bool,
) -> Vec<Bytes> {
    let batch = |first: usize| {
        let mut encoder = Encoder::new(version);
        for i in first..first + BATCH {
            let labels = labels(i);
            let labels: Vec<(&str, &str)> =
                labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let samples = [Sample { t: 1_700_000_000_000, v: i as f64, st: 0 }];
            let histograms = [HistogramSample { t: 1_700_000_000_000, h: histogram(i), st: 0 }];
            let series = SeriesToEncode { labels: &labels, ..Default::default() };
            encoder.series(&if with_histograms {
                SeriesToEncode { histograms: &histograms, ..series }
            } else {
                SeriesToEncode { samples: &samples, ..series }
            });
        }
        Bytes::from(snappy::compress(&encoder.finish()))
    };
    (0..SERIES).step_by(BATCH).map(batch).collect()
}

fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    for (name, version, bodies) in [
        ("12 labels, 1.0", Version::V1, bodies(Version::V1, kubernetes, false)),
        ("5 labels, 1.0", Version::V1, bodies(Version::V1, node, false)),
        ("12 labels, 2.0", Version::V2, bodies(Version::V2, kubernetes, false)),
        ("12 labels and a native histogram, 1.0", Version::V1, bodies(Version::V1, kubernetes, true)),
    ] {
        let router = distributor().router();
        criterion.bench_function(&format!("50 pushes, {name} (divide by 100,000)"), |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    for body in &bodies {
                        let request = Request::post("/api/v1/push")
                            .header("content-type", version.content_type())
                            .body(Body::from(body.clone()))
                            .expect("valid");
                        let response = router.clone().oneshot(request).await.expect("never fails");
                        assert!(response.status().is_success());
                    }
                });
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(2));
    targets = bench
}
criterion_main!(benches);
