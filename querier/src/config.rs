//! What can be set about queries in a process.

use std::time::Duration;

use mneme_tenant::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Queries: how many, how long, how large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many queries compute at the same time; further ones wait for their turn within their timeout. More use more cores and
    /// more memory at once. 0 = the number of cores, at least 2. Default 0.
    pub max_concurrent: usize,
    /// How many queries of one tenant may be under way, waiting ones included; one more is refused with 429. Fewer keep a tenant from
    /// taking all turns. 0 = any number. Default 100, as in Mimir.
    pub max_outstanding_requests_per_tenant: usize,
    /// How long a query may take from its arrival to its result; a request's own `timeout` can only shorten it. Over it the answer
    /// is 503 `query timed out`. Default "2m", as in Prometheus.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// How far back an instant selector looks for the last sample. Longer bridges gaps between scrapes and shows series that ended
    /// without a marker for longer. Default "5m", as in Prometheus.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub lookback_delta: Duration,
    /// The step of subqueries that name none (`expr[1h:]`). Default "1m", as in Prometheus.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub default_evaluation_interval: Duration,
    /// The most memory in bytes that one query may hold; over it the answer is 422. A tenant's
    /// `max_estimated_memory_consumption_per_query` can only lower it. Default 1073741824 (1 GiB).
    pub max_memory_bytes_per_query: u64,
    /// Bytes of parsed footers and series tables of blocks that are kept for the next query, of all tenants. More saves computing for
    /// queries over many blocks: a block of 20,000 series takes about 3 MB. 0 keeps none. Default 67108864 (64 MiB).
    pub parsed_blocks_cache_bytes: u64,
    /// The most samples that one query of a remote read may be answered with (response type SAMPLES); over it 400. 0 = any number.
    /// Default 50000000, as Prometheus' `storage.remote.read-sample-limit`.
    pub remote_read_sample_limit: usize,
    /// How large a frame of a streamed remote read is, in bytes, about: larger ones are fewer, and each is held in memory by both
    /// sides. Default 1048576, as Prometheus' `storage.remote.read-max-bytes-in-frame`.
    pub remote_read_max_bytes_in_frame: usize,
    /// The most results that a search may ask for (`limit` of `/search/*`); more is 400. Default 10000, as in Prometheus.
    pub search_max_limit: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_concurrent: 0,
            max_outstanding_requests_per_tenant: 100,
            timeout: Duration::from_secs(120),
            lookback_delta: Duration::from_secs(300),
            default_evaluation_interval: Duration::from_secs(60),
            max_memory_bytes_per_query: 1 << 30,
            parsed_blocks_cache_bytes: 64 << 20,
            remote_read_sample_limit: 50_000_000,
            remote_read_max_bytes_in_frame: 1 << 20,
            search_max_limit: 10_000,
        }
    }
}

impl Config {
    /// Says which value cannot be, and why.
    pub fn validate(&self) -> Result<(), String> {
        for (name, value) in [
            ("timeout", self.timeout),
            ("lookback_delta", self.lookback_delta),
            ("default_evaluation_interval", self.default_evaluation_interval),
        ] {
            if value < Duration::from_millis(1) {
                return Err(format!("querier.{name} is {value:?}: it must be at least 1ms"));
            }
        }
        if self.max_memory_bytes_per_query < 1 << 20 {
            return Err(format!(
                "querier.max_memory_bytes_per_query is {}: below 1 MiB no query can run",
                self.max_memory_bytes_per_query
            ));
        }
        let frame = self.remote_read_max_bytes_in_frame;
        if !(1 << 10..=64 << 20).contains(&frame) {
            return Err(format!(
                "querier.remote_read_max_bytes_in_frame is {frame}: it must be between 1 KiB and 64 MiB"
            ));
        }
        if self.search_max_limit == 0 {
            return Err("querier.search_max_limit is 0: it must be at least 1".to_owned());
        }
        Ok(())
    }
}
