//! Where all data lives.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mneme_bucket::{AzureConfig, CacheOptions, CloudConfig, GcsConfig, HttpOptions, S3Config};
use mneme_tenant::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where all data lives. How to set up each kind of store, and what it costs: `docs/buckets.md`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BucketConfig {
    /// `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX` for a cloud's or another's object store; `file:///DIR`
    /// for a directory, which is locked and synced; `memory://` to forget everything at the end. Empty is
    /// `file://<data_dir>/bucket`. The flag `--bucket` overrides it.
    pub(crate) url: String,
    /// How long one request to the bucket may take before it is given up or asked again, beside a second for every 4 MiB that
    /// it carries. Shorter notices a hanging store sooner, longer bears a slow one.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) request_timeout: Duration,
    /// How long an operation may take with all its retries.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) operation_timeout: Duration,
    /// After this long without an answer a segment of the write-ahead log is sent once more, the same bytes under the same
    /// name, and a read is asked once more, so that one slow request does not hold up writes or queries; later where the slowest
    /// twentieth of the store's answers takes longer. Two are under way at most, and at most a tenth of reads is asked twice.
    /// Shorter costs more requests. Only for stores behind a network: never for `file://`.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) hedge_after: Duration,
    /// For `s3://`: S3 and the stores that speak its protocol.
    pub(crate) s3: S3Config,
    /// For `gs://`: Google Cloud Storage.
    pub(crate) gcs: GcsConfig,
    /// For `az://`: Azure Blob Storage.
    pub(crate) azure: AzureConfig,
    /// Connections to any of them.
    pub(crate) http: HttpConfig,
    /// What is kept of blocks that were read.
    pub(crate) cache: CacheConfig,
}

/// Ranges of blocks, in memory and on the local disk: footers, tables of series, samples. Blocks never change, so that nothing
/// in here is ever stale.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CacheConfig {
    /// Bytes in memory. More makes repeated queries over old data quicker and saves requests.
    pub(crate) memory_bytes: u64,
    /// Bytes of files in `<data_dir>/cache`, which is kept over restarts; 0 is no cache on disk. Worth it where the bucket is
    /// behind a network and the disk is quick; for `file://` it only takes room.
    pub(crate) disk_bytes: u64,
    /// Ranges that are missing and lie this close are read with one request, with what lies between. More means fewer requests
    /// and more bytes.
    pub(crate) gap_bytes: u64,
    /// Requests to the bucket for missing ranges at the same time, of all queries.
    pub(crate) max_requests: usize,
}

/// Connections to a store behind a network.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpConfig {
    /// How long making a connection may take, TLS included.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) connect_timeout: Duration,
    /// How long an unused connection is kept.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) idle_conn_timeout: Duration,
    /// Unused connections that are kept. Requests at the same time each have a connection; more kept ones save handshakes
    /// after a burst.
    pub(crate) max_idle_connections_per_host: usize,
    /// File with certificates (PEM) that are trusted beside the system's, for a store with certificates of one's own.
    pub(crate) tls_ca_path: String,
}

impl Default for BucketConfig {
    fn default() -> Self {
        let options = mneme_bucket::Options::default();
        Self {
            url: String::new(),
            request_timeout: options.request_timeout,
            operation_timeout: options.operation_timeout,
            hedge_after: options.hedge_after,
            s3: S3Config::default(),
            gcs: GcsConfig::default(),
            azure: AzureConfig::default(),
            http: HttpConfig::default(),
            cache: CacheConfig::default(),
        }
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        let CacheOptions { memory_bytes, disk_bytes, gap_bytes, max_requests, .. } = CacheOptions::default();
        Self { memory_bytes, disk_bytes, gap_bytes, max_requests }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        let options = HttpOptions::default();
        Self {
            connect_timeout: options.connect_timeout,
            idle_conn_timeout: options.idle_conn_timeout,
            max_idle_connections_per_host: options.max_idle_connections_per_host,
            tls_ca_path: String::new(),
        }
    }
}

impl BucketConfig {
    /// For the handle.
    pub(crate) fn options(&self) -> mneme_bucket::Options {
        mneme_bucket::Options {
            request_timeout: self.request_timeout,
            operation_timeout: self.operation_timeout,
            hedge_after: self.hedge_after,
            cloud: CloudConfig {
                s3: self.s3.clone(),
                gcs: self.gcs.clone(),
                azure: self.azure.clone(),
                http: self.http.options(),
            },
            ..mneme_bucket::Options::default()
        }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let schemes = ["file:///", "memory://", "s3://", "gs://", "az://"];
        if !self.url.is_empty() && !schemes.iter().any(|scheme| self.url.starts_with(scheme)) {
            return Err(format!(
                "url {:?} is not one that this version opens: take s3://BUCKET, gs://BUCKET, az://CONTAINER, file:///DIR or memory://",
                self.url
            ));
        }
        self.s3.validate()?;
        self.gcs.validate()?;
        self.azure.validate()?;
        if self.cache.max_requests == 0 {
            return Err("cache.max_requests 0 would never read anything: take at least 1".to_owned());
        }
        if self.http.connect_timeout.is_zero() {
            return Err(
                "http.connect_timeout 0s leaves no time for any connection: take at least 1s".to_owned()
            );
        }
        if self.hedge_after.is_zero() {
            return Err("hedge_after 0s would send everything twice: take at least 1ms".to_owned());
        }
        for (name, value) in
            [("request_timeout", self.request_timeout), ("operation_timeout", self.operation_timeout)]
        {
            if value.is_zero() {
                return Err(format!("{name} 0s leaves no time for any request: take at least 1s"));
            }
        }
        if self.operation_timeout < self.request_timeout {
            return Err(
                "operation_timeout is shorter than request_timeout: make it at least as long".to_owned()
            );
        }
        Ok(())
    }
}

impl HttpConfig {
    fn options(&self) -> HttpOptions {
        HttpOptions {
            connect_timeout: self.connect_timeout,
            idle_conn_timeout: self.idle_conn_timeout,
            max_idle_connections_per_host: self.max_idle_connections_per_host,
            tls_ca_path: Some(PathBuf::from(&self.tls_ca_path)).filter(|path| !path.as_os_str().is_empty()),
        }
    }
}

impl CacheConfig {
    /// For the cache of a process with that data directory.
    pub(crate) fn options(&self, data_dir: &Path) -> CacheOptions {
        CacheOptions {
            memory_bytes: self.memory_bytes,
            disk_bytes: self.disk_bytes,
            directory: Some(data_dir.join("cache")),
            gap_bytes: self.gap_bytes,
            max_requests: self.max_requests,
            ..CacheOptions::default()
        }
    }
}
