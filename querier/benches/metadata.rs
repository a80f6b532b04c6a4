//! Metadata endpoints over answers that are ready: what the way from the store's answer to JSON costs.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use mneme_model::chunk::{FloatChunkBuilder, SeriesBatch};
use mneme_model::{Labels, TenantId, TimestampMs};
use mneme_proto::internal::ingester::{
    Error, FetchBudget, MetricMetadata, QueryService, SeriesAnswer, SeriesExemplars, SeriesRequest,
    WholeAnswer,
};
use mneme_querier::{BuildInfo, Config, Parts, Querier};
use mneme_server::Clock;
use mneme_tenant::{AuthConfig, Authenticator, Limits, Overrides};
use tower::ServiceExt as _;

/// Series as kube-state-metrics has them: ten labels, 230 bytes.
fn labels(count: usize) -> Vec<Labels> {
    let one = |i: usize| {
        Labels::from_pairs([
            ("__name__", "kube_pod_container_status_restarts_total".to_owned()),
            ("cluster", "production-eu-1".to_owned()),
            ("container", format!("container-{}", i % 7)),
            ("endpoint", "http".to_owned()),
            ("instance", format!("10.0.{}.{}:8080", i / 250 % 250, i % 250)),
            ("job", "kube-state-metrics".to_owned()),
            ("namespace", format!("namespace-{}", i % 50)),
            ("pod", format!("deployment-{}-7d4b9c6f5-x{i:05}", i % 100)),
            ("service", "kube-state-metrics".to_owned()),
            ("uid", format!("0b8f6a52-9d0e-4b0e-8c7e-{i:012}")),
        ])
    };
    (0..count).map(one).collect()
}

struct Ready(SeriesBatch);

#[async_trait]
impl QueryService for Ready {
    async fn select(
        &self,
        _: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Error> {
        Ok(Box::new(WholeAnswer::counted(self.0.clone(), &budget)?))
    }

    async fn series(&self, _: SeriesRequest) -> Result<Vec<Labels>, Error> {
        Ok(self.0.iter().map(|one| one.labels.clone()).collect())
    }

    async fn label_names(&self, _: SeriesRequest) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn label_values(&self, label: String, _: SeriesRequest) -> Result<Vec<String>, Error> {
        Ok(self.0.iter().filter_map(|one| one.labels.get(&label).map(str::to_owned)).collect())
    }

    async fn metadata(&self, _: TenantId, _: Option<String>) -> Result<Vec<MetricMetadata>, Error> {
        Ok(Vec::new())
    }

    async fn exemplars(&self, _: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error> {
        Ok(Vec::new())
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now_ms(&self) -> TimestampMs {
        3_600_000
    }
}

fn router(series: usize) -> axum::Router {
    let mut chunk = FloatChunkBuilder::new(false);
    (0..20).for_each(|i| chunk.push(3_300_000 + i * 15_000, i as f64, 0));
    let chunk = chunk.chunk();
    let all = labels(series).into_iter().map(|labels| (labels, vec![chunk.clone()]));
    let parts = Parts {
        service: Arc::new(Ready(all.collect())),
        overrides: Overrides::uniform(Limits::default()),
        authenticator: Arc::new(Authenticator::new(AuthConfig::default()).unwrap()),
        clock: Arc::new(Stopped),
        registry: prometheus::Registry::new(),
        build: BuildInfo::default(),
    };
    Querier::new(Config::default(), parts).unwrap().router()
}

fn endpoints(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = c.benchmark_group("endpoints");
    group.sample_size(20);
    for (name, series, path) in [
        ("series_10k", 10_000, "/api/v1/series?match[]=x"),
        ("label_values_10k", 10_000, "/api/v1/label/pod/values"),
        ("count_100k", 100_000, "/api/v1/query?query=count(x)"),
        ("vector_10k", 10_000, "/api/v1/query?query=x"),
    ] {
        let router = router(series);
        group.bench_function(name, |b| {
            b.iter(|| {
                runtime.block_on(async {
                    let request = Request::get(path).body(Body::empty()).unwrap();
                    let response = router.clone().oneshot(request).await.unwrap();
                    assert_eq!(response.status(), 200);
                    black_box(axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().len())
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, endpoints);
criterion_main!(benches);
