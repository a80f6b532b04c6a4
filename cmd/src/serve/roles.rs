//! The roles of this process and how they hang together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use mneme_block::manifest::Manifests;
use mneme_bucket::{AttemptIds, Bucket, Cache};
use mneme_distributor::{Distributor, ToIngester};
use mneme_ingester::Ingester;
use mneme_proto::internal::active::SERIES_PER_PARTITION;
use mneme_querier::{BuildInfo, Querier, WithBlocks, block_access};
use mneme_server::drain::{self, Signal};
use mneme_server::{Drain, Readiness, SharedClock, Tasks, http};
use mneme_tenant::{Authenticator, SharedOverrides};
use mneme_wal::{Cluster, Wal};
use prometheus::Registry;

use super::{address_file, clock_check, wal_metrics};
use crate::build::{REVISION, VERSION};
use crate::config::Config;

/// The parts of the process, for `/services`.
pub(super) const SERVICES: [&str; 4] = ["distributor", "ingester", "querier", "wal"];

/// What the roles are made of.
pub(super) struct Parts {
    pub(super) config: Config,
    pub(super) bucket_url: String,
    pub(super) address: String,
    pub(super) registry: Registry,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) overrides: SharedOverrides,
    pub(super) clock: SharedClock,
}

/// How long the cache's last files may take to be written.
const CACHE_END: Duration = Duration::from_secs(2);

/// The running roles.
pub(super) struct Roles {
    cache: Cache,
    wal: Arc<Wal>,
    ingester: Ingester,
    authenticator: Arc<Authenticator>,
    distributor: Distributor,
    querier: Querier,
    tasks: Tasks,
    signal: Signal,
}

impl Roles {
    /// Opens the bucket (and locks it, if it is a directory), replays the log into the ingester, joins the log as a writer.
    /// `readiness` tells what is being done.
    ///
    /// # Errors
    /// A bucket that cannot be had or is unfit, a log that cannot be read.
    pub(super) async fn start(parts: Parts, readiness: &Readiness) -> anyhow::Result<Self> {
        readiness.starting(format!("opening the bucket {}", parts.bucket_url));
        let bucket =
            Bucket::open(&parts.bucket_url, parts.config.bucket.options()).await.context("bucket")?;
        // Only who holds the bucket's lock may say where it listens.
        address_file::write(&parts.config.data_dir, &parts.address).context("data_dir")?;
        bucket.stats().register(&parts.registry)?;
        let cache = parts.config.bucket.cache.options(&parts.config.data_dir);
        let cache = Cache::open(cache).await.context("bucket.cache")?;
        cache.register(&parts.registry)?;
        let attempts = Arc::new(AttemptIds::random());
        let before_ms = parts.clock.now_ms();
        let checked = mneme_bucket::check::check(&bucket, &attempts).await.context("bucket")?;
        clock_check::check(before_ms, checked.modified_ms, parts.clock.now_ms()).context("bucket")?;
        let cluster =
            Cluster::open(&bucket, Cluster::DEFAULT_PARTITIONS, &attempts).await.context("bucket")?;

        readiness.starting("replaying the write-ahead log");
        let ingester = parts.ingester(&bucket, &attempts, &cluster)?;
        ingester.replay().await.context("ingester")?;

        readiness.starting("joining the write-ahead log");
        let wal = Arc::new(parts.writer(&bucket, &attempts, &ingester).await.context("wal")?);
        wal_metrics::register(Arc::clone(&wal), &parts.registry)?;
        let distributor = parts.distributor(&wal, &ingester, &cluster)?;
        let querier = parts.querier(parts.with_blocks(&ingester, &bucket, &cache, &attempts)?)?;
        let (signal, drain) = drain::channel();
        let tasks = spawn(&ingester, &wal, &drain);
        let authenticator = Arc::clone(&parts.authenticator);
        Ok(Self { cache, wal, ingester, authenticator, distributor, querier, tasks, signal })
    }

    /// Every route of the roles.
    pub(super) fn router(&self, config: &http::Config) -> Router {
        let flush = super::flush::router(self.ingester.clone(), Arc::clone(&self.authenticator));
        self.distributor.router().merge(self.querier.router().layer(http::cors(config))).merge(flush)
    }

    /// The way for the process's own samples.
    pub(super) fn distributor(&self) -> Distributor {
        self.distributor.clone()
    }

    /// Waits until a role fails that the process needs, and tells why.
    pub(super) async fn failed(&mut self) -> String {
        self.tasks.failed().await.to_string()
    }

    /// Ends them within `grace`: no request is under way any more.
    ///
    /// # Errors
    /// What did not end in time. Everything acknowledged is in the bucket all the same.
    pub(super) async fn close(mut self, grace: Duration) -> anyhow::Result<()> {
        let committed = self.wal.close(grace / 2).await;
        self.signal.start();
        let failures = self.tasks.finish(grace / 2).await;
        // What is not written in time is read from the bucket again.
        let _ = tokio::time::timeout(CACHE_END.min(grace / 10), self.cache.flush()).await;
        ensure!(committed, "the write-ahead log's last segment was not committed within the grace period");
        failures.into_iter().next().map_or(Ok(()), |failure| Err(failure.into()))
    }
}

impl Parts {
    /// Whether the bucket is behind a network.
    fn is_remote(&self) -> bool {
        !["file:", "memory:"].iter().any(|scheme| self.bucket_url.starts_with(scheme))
    }

    fn ingester(
        &self,
        bucket: &Bucket,
        attempts: &Arc<AttemptIds>,
        cluster: &Cluster,
    ) -> anyhow::Result<Ingester> {
        let parts = mneme_ingester::Parts {
            instance: self.config.instance.clone(),
            bucket: bucket.clone(),
            clock: Arc::clone(&self.clock),
            registry: self.registry.clone(),
            partitions: cluster.partitions,
            attempts: Arc::clone(attempts),
            // A directory is locked, and memory is ours alone; a cloud's bucket is open to other processes.
            exclusive: !self.is_remote(),
            memory_bytes: super::memory::bytes(),
            spill_directory: Some(self.config.data_dir.join("spill")),
        };
        Ingester::new(self.config.ingester.clone(), parts).map_err(anyhow::Error::msg)
    }

    async fn writer(
        &self,
        bucket: &Bucket,
        attempts: &Arc<AttemptIds>,
        ingester: &Ingester,
    ) -> anyhow::Result<Wal> {
        let clock = Arc::clone(&self.clock);
        let parts = mneme_wal::Parts {
            instance: self.config.instance.clone(),
            zone: self.config.zone.clone(),
            deliver: Arc::new(ToIngester::new(Arc::new(ingester.clone()), self.config.wal.delivery_timeout)),
            now: Arc::new(move || clock.now_ms()),
            attempts: Arc::clone(attempts),
            on_commit: Some(wal_metrics::commit_hook(&self.registry)?),
        };
        Ok(Wal::join(bucket.clone(), self.config.wal.writer(self.is_remote()), parts).await?)
    }

    fn distributor(
        &self,
        wal: &Arc<Wal>,
        ingester: &Ingester,
        cluster: &Cluster,
    ) -> anyhow::Result<Distributor> {
        let parts = mneme_distributor::Parts {
            appender: Arc::<Wal>::clone(wal),
            overrides: Arc::clone(&self.overrides),
            authenticator: Arc::clone(&self.authenticator),
            clock: Arc::clone(&self.clock),
            hash_seed: cluster.hash_seed,
            partition_count: cluster.partitions,
            active: Arc::new(ingester.clone()),
            series_per_partition: SERIES_PER_PARTITION,
        };
        Ok(Distributor::new(self.config.distributor.clone(), parts, &self.registry)?)
    }

    /// Blocks and the ingester's data as one.
    fn with_blocks(
        &self,
        ingester: &Ingester,
        bucket: &Bucket,
        cache: &Cache,
        attempts: &Arc<AttemptIds>,
    ) -> anyhow::Result<WithBlocks> {
        let manifests = Manifests::new(bucket.clone(), Arc::clone(attempts));
        let reader = Arc::new(bucket.cached(cache));
        let access =
            block_access(&self.config.querier, reader, &self.registry).map_err(anyhow::Error::msg)?;
        Ok(WithBlocks::new(Arc::new(ingester.clone()), manifests, access))
    }

    fn querier(&self, service: WithBlocks) -> anyhow::Result<Querier> {
        let parts = mneme_querier::Parts {
            service: Arc::new(service),
            overrides: Arc::clone(&self.overrides),
            authenticator: Arc::clone(&self.authenticator),
            clock: Arc::clone(&self.clock),
            registry: self.registry.clone(),
            build: BuildInfo {
                version: VERSION.to_owned(),
                revision: REVISION.to_owned(),
                branch: String::new(),
                build_date: String::new(),
            },
        };
        Querier::new(self.config.querier.clone(), parts).map_err(anyhow::Error::msg)
    }
}

fn spawn(ingester: &Ingester, wal: &Arc<Wal>, drain: &Drain) -> Tasks {
    let mut tasks = Tasks::new();
    let (tail, mut cuts) = (ingester.clone().run(drain.clone()), ingester.cuts());
    tasks.spawn_vital("ingester", async move { Ok(tail.await?) });
    let (wal, drain) = (Arc::clone(wal), drain.clone());
    let (writer, drained) = (Arc::clone(&wal), drain.clone());
    // A writer that has stopped does not come back: a new process does.
    tasks.spawn_vital("wal", async move {
        tokio::select! {
            () = drained.started() => Ok(()),
            failure = writer.failed() => Err(failure.into()),
        }
    });
    // The writer would find a cut in the log by itself, a poll later.
    tasks.spawn("cuts", async move {
        let follow = async {
            while cuts.changed().await.is_ok() {
                let cut = *cuts.borrow_and_update();
                wal.advance_cut(cut);
            }
        };
        tokio::select! {
            () = drain.started() => {}
            () = follow => {}
        }
    });
    tasks
}
