//! What can be set about an ingester.

use std::time::Duration;

use mneme_head::HeadConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No budget is smaller: an empty head of each partition takes some of it.
const SMALLEST_BUDGET: u64 = 1 << 20;
/// The budget where nobody knows how much memory there is.
const UNKNOWN_BUDGET: u64 = 1 << 30;

/// Recent data: how often the WAL is cut and read, and how much is asked at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How often a cut is put into the WAL. Shorter cuts mean less to read at a start and more checkpoints to write. In seconds.
    /// Default 900 (15 minutes).
    pub cut_interval_seconds: u64,
    /// How often the log and the segments of writers that do not deliver are read, in milliseconds. Longer is cheaper in a cloud
    /// and lets other processes' data appear later where their delivery is lost. Default 1000.
    pub poll_interval_ms: u64,
    /// How many questions for series, names, values and exemplars are answered at the same time; further ones wait. Those for samples are
    /// bounded by `querier.max_concurrent`. 0 = twice the number of cores. Default 0.
    pub max_concurrent_queries: usize,
    /// How long a question waits for its turn; over it 503. In seconds. Default 30.
    pub query_queue_timeout_seconds: u64,
    /// The most bytes that recent data may take in memory, by the process's own count, which is good to about a fifth; the process
    /// needs more for queries and for what is on its way. Over it, samples that are in checkpoints go into local files
    /// (`<data_dir>/spill`), which makes queries of them slower; where that is not enough, because there are too many series,
    /// nothing more is read from the write-ahead log and queries are refused with 503, while writes stay durable. 0 = half of the
    /// memory that the machine or the container has (1 GiB if that is unknown). Default 0.
    pub max_head_bytes: u64,
    /// How often recent data is written into blocks, in seconds. Each process does so at an offset of its own. Longer means larger
    /// blocks and more memory, shorter the other way around. 0 = only on demand (`POST /ingester/flush`) and when memory is short.
    /// Default 7200 (2 hours).
    pub flush_interval_seconds: u64,
    /// A flush begins before its time once recent data takes so many bytes in memory, at most every minute. 0 = seven eighths of
    /// `max_head_bytes`. Default 0.
    pub flush_head_bytes: u64,
    /// Whether everything is written into blocks before the process ends. A start is quicker then, an end takes longer; nothing is lost
    /// either way. Default false.
    pub flush_on_shutdown: bool,
    /// How long files of blocks that no version of a tenant's manifest lists stay in the bucket, in seconds: those of a flush or
    /// compaction that did not come to its end. One that takes longer than this has to begin anew. Default 86400 (a day).
    pub orphan_age_seconds: u64,
    /// How long a version of a tenant's manifest stays after the next one is there, and with it the blocks that it lists, in seconds:
    /// longer than any query, and how far `mneme manifest rollback` can go back. Default 86400 (a day).
    pub version_age_seconds: u64,
    /// How samples are kept in memory.
    pub head: HeadConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cut_interval_seconds: 900,
            poll_interval_ms: 1000,
            max_concurrent_queries: 0,
            query_queue_timeout_seconds: 30,
            max_head_bytes: 0,
            flush_interval_seconds: 7200,
            flush_head_bytes: 0,
            flush_on_shutdown: false,
            orphan_age_seconds: 86_400,
            version_age_seconds: 86_400,
            head: HeadConfig::default(),
        }
    }
}

impl Config {
    /// Says which value cannot be, and why.
    pub fn validate(&self) -> Result<(), String> {
        if self.cut_interval_seconds == 0 {
            return Err("ingester.cut_interval_seconds is 0: it must be at least 1".to_owned());
        }
        if !(10..=60_000).contains(&self.poll_interval_ms) {
            return Err(format!(
                "ingester.poll_interval_ms is {}: it must be 10 to 60000",
                self.poll_interval_ms
            ));
        }
        if self.query_queue_timeout_seconds == 0 {
            return Err("ingester.query_queue_timeout_seconds is 0: it must be at least 1".to_owned());
        }
        if (1..SMALLEST_BUDGET).contains(&self.max_head_bytes) {
            return Err(format!(
                "ingester.max_head_bytes is {}: it must be 0 or at least {SMALLEST_BUDGET}",
                self.max_head_bytes
            ));
        }
        if (1..60).contains(&self.flush_interval_seconds) {
            return Err(format!(
                "ingester.flush_interval_seconds is {}: it must be 0 or at least 60",
                self.flush_interval_seconds
            ));
        }
        self.head.validate().map_err(|reason| format!("ingester.head: {reason}"))
    }

    /// The heads' budget on a machine of so much memory (0 = unknown).
    pub(crate) fn head_budget(&self, memory_bytes: u64) -> u64 {
        match (self.max_head_bytes, memory_bytes) {
            (0, 0) => UNKNOWN_BUDGET,
            (0, memory) => (memory / 2).max(SMALLEST_BUDGET),
            (explicit, _) => explicit,
        }
    }

    /// A flush begins early over this; `limit` is the heads' budget.
    pub(crate) fn flush_bytes(&self, limit: u64) -> u64 {
        if self.flush_head_bytes == 0 { limit - limit / 8 } else { self.flush_head_bytes }
    }

    pub(crate) fn flush_interval(&self) -> Duration {
        Duration::from_secs(self.flush_interval_seconds)
    }

    pub(crate) fn orphan_age(&self) -> Duration {
        Duration::from_secs(self.orphan_age_seconds)
    }

    pub(crate) fn version_age(&self) -> Duration {
        Duration::from_secs(self.version_age_seconds)
    }

    pub(crate) fn cut_interval(&self) -> Duration {
        Duration::from_secs(self.cut_interval_seconds)
    }

    pub(crate) fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.poll_interval_ms)
    }

    pub(crate) fn query_queue_timeout(&self) -> Duration {
        Duration::from_secs(self.query_queue_timeout_seconds)
    }
}
