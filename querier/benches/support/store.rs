//! A directory of blocks and a querier over it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::Request;
use mneme_block::manifest::{Change, Committed, Manifests};
use mneme_block::meta::BlockMeta;
use mneme_block::read::BucketRanges;
use mneme_block::write::{MemorySink, WriterOptions, write_block};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::{Labels, TenantId, TimestampMs};
use mneme_proto::internal::ingester::{
    Error, FetchBudget, MetricMetadata, QueryService, SeriesAnswer, SeriesExemplars, SeriesRequest,
    WholeAnswer,
};
use mneme_querier::{BuildInfo, Config, Parts, Querier, WithBlocks, block_access};
use mneme_server::Clock;
use mneme_tenant::{AuthConfig, Authenticator, Limits, Overrides};
use prometheus::Registry;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use ulid::Ulid;

use crate::counters::Counters;

/// Nothing recent.
struct Nothing;

#[async_trait]
impl QueryService for Nothing {
    async fn select(&self, _: SeriesRequest, _: Arc<FetchBudget>) -> Result<Box<dyn SeriesAnswer>, Error> {
        Ok(Box::new(WholeAnswer::default()))
    }

    async fn series(&self, _: SeriesRequest) -> Result<Vec<Labels>, Error> {
        Ok(Vec::new())
    }

    async fn label_names(&self, _: SeriesRequest) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn label_values(&self, _: String, _: SeriesRequest) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
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
        31 * 24 * 3_600_000
    }
}

/// Blocks in a directory, and the query API over them with the default limits.
pub(crate) struct Store {
    /// Samples written.
    pub(crate) samples: u64,
    /// Bytes of the blocks.
    pub(crate) bytes: u64,
    bucket: Bucket,
    router: Router,
    registry: Registry,
    runtime: Runtime,
    _directory: tempfile::TempDir,
}

impl Store {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let url = format!("file://{}", directory.path().display());
        let bucket = runtime.block_on(Bucket::open(&url, Options::default())).unwrap();
        let registry = Registry::new();
        let reader = Arc::new(BucketRanges(bucket.clone()));
        let access = block_access(&Config::default(), reader, &registry).unwrap();
        let service = WithBlocks::new(Arc::new(Nothing), manifests(&bucket), access);
        let parts = Parts {
            service: Arc::new(service),
            overrides: Overrides::uniform(Limits::default()),
            authenticator: Arc::new(Authenticator::new(AuthConfig::default()).unwrap()),
            clock: Arc::new(Stopped),
            registry: registry.clone(),
            build: BuildInfo::default(),
        };
        let router = Querier::new(Config::default(), parts).unwrap().router();
        Self { samples: 0, bytes: 0, bucket, router, registry, runtime, _directory: directory }
    }

    /// Writes and commits blocks of `block` milliseconds, until `end`.
    pub(crate) fn fill(&mut self, mut source: Counters, end: i64, block: i64, level: u8) {
        let tenant = TenantId::anonymous();
        let options = if level == 0 { WriterOptions::flush() } else { WriterOptions::compaction(level) };
        let mut change = Change::default();
        for (number, start) in (1..).zip((0..end).step_by(block as usize)) {
            source.range = (start, start + block);
            let mut sink = MemorySink::default();
            let id = Ulid::from_parts(1_700_000_000_000 + number, u128::from(number));
            let meta = write_block(id, &options, &mut source, &mut sink).unwrap().unwrap();
            for (path, bytes) in sink.files {
                let key = format!("{}/{path}", BlockMeta::folder(&tenant, id));
                self.runtime.block_on(self.bucket.put(&key, bytes)).unwrap();
            }
            self.samples += meta.samples;
            self.bytes += meta.size();
            change.add.push(meta);
        }
        let manifests = manifests(&self.bucket);
        self.runtime.block_on(async {
            let base = manifests.newest(&tenant).await.unwrap();
            let committed = manifests.commit(&base, &change, 1_700_000_000_000).await.unwrap();
            assert!(matches!(committed, Committed::Committed(_)));
        });
    }

    /// Asks a range query; tells how many bytes of chunks it fetched.
    pub(crate) fn query(&self, query: &str) -> u64 {
        let before = self.fetched();
        let path = format!(
            "/api/v1/query_range?{}",
            query.replace(' ', "%20").replace('[', "%5B").replace(']', "%5D")
        );
        let body = self.runtime.block_on(async {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = self.router.clone().oneshot(request).await.unwrap();
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            body
        });
        assert!(body.len() > 1000, "{}", String::from_utf8_lossy(&body));
        self.fetched() - before
    }

    fn fetched(&self) -> u64 {
        let all = self.registry.gather();
        let bytes = all.iter().find(|it| it.name() == "mneme_query_fetched_chunk_bytes_total");
        bytes.and_then(|it| it.get_metric().first()).map_or(0, |it| it.get_counter().get_value() as u64)
    }
}

fn manifests(bucket: &Bucket) -> Manifests {
    Manifests::new(bucket.clone(), Arc::new(AttemptIds::random()))
}
