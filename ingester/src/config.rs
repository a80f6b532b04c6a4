//! What can be set about an ingester.

use std::time::Duration;

use mneme_head::HeadConfig;
use mneme_tenant::duration;
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
    /// How often a cut is put into the WAL. Shorter cuts mean less to read at a start and more checkpoints to write.
    /// Default "15m".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub cut_interval: Duration,
    /// How often the log and the segments of writers that do not deliver are read. Longer is cheaper in a cloud
    /// and lets other processes' data appear later where their delivery is lost. Default "1s".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub poll_interval: Duration,
    /// How many questions for series, names, values and exemplars are answered at the same time; further ones wait. Those for samples are
    /// bounded by `querier.max_concurrent`. 0 = twice the number of cores. Default 0.
    pub max_concurrent_queries: usize,
    /// How long a question waits for its turn; over it 503. Default "30s".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub query_queue_timeout: Duration,
    /// The most bytes that recent data may take in memory, by the process's own count, which is good to about a fifth; the process
    /// needs more for queries and for what is on its way. Over it, samples that are in checkpoints go into local files
    /// (`<data_dir>/spill`), which makes queries of them slower; where that is not enough, because there are too many series,
    /// nothing more is read from the write-ahead log and queries are refused with 503, while writes stay durable. 0 = half of the
    /// memory that the machine or the container has (1 GiB if that is unknown). Default 0.
    pub max_head_bytes: u64,
    /// How often recent data is written into blocks. Each process does so at an offset of its own. Longer means larger
    /// blocks and more memory, shorter the other way around. 0 = only on demand (`POST /ingester/flush`) and when memory is short.
    /// Default "2h".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub flush_interval: Duration,
    /// A flush begins before its time once recent data takes so many bytes in memory, at most every minute. 0 = seven eighths of
    /// `max_head_bytes`. Default 0.
    pub flush_head_bytes: u64,
    /// Whether everything is written into blocks before the process ends. A start is quicker then, an end takes longer; nothing is lost
    /// either way. Default false.
    pub flush_on_shutdown: bool,
    /// How long files of blocks that no version of a tenant's manifest lists stay in the bucket: those of a flush or
    /// compaction that did not come to its end. One that takes longer than this has to begin anew. Default "1d".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub orphan_age: Duration,
    /// How long a version of a tenant's manifest stays after the next one is there, and with it the blocks that it lists:
    /// longer than any query, and how far `mneme manifest rollback` can go back. Default "1d".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub version_age: Duration,
    /// How samples are kept in memory.
    pub head: HeadConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cut_interval: Duration::from_secs(900),
            poll_interval: Duration::from_secs(1),
            max_concurrent_queries: 0,
            query_queue_timeout: Duration::from_secs(30),
            max_head_bytes: 0,
            flush_interval: Duration::from_secs(7200),
            flush_head_bytes: 0,
            flush_on_shutdown: false,
            orphan_age: Duration::from_secs(86_400),
            version_age: Duration::from_secs(86_400),
            head: HeadConfig::default(),
        }
    }
}

impl Config {
    /// Says which value cannot be, and why.
    pub fn validate(&self) -> Result<(), String> {
        let second = Duration::from_secs(1);
        for (name, value, range) in [
            ("cut_interval", self.cut_interval, second..=Duration::MAX),
            ("poll_interval", self.poll_interval, Duration::from_millis(10)..=60 * second),
            ("query_queue_timeout", self.query_queue_timeout, second..=Duration::MAX),
        ] {
            if !range.contains(&value) {
                let most = if *range.end() == Duration::MAX {
                    String::new()
                } else {
                    format!(" and at most {:?}", range.end())
                };
                return Err(format!(
                    "ingester.{name} is {value:?}: it must be at least {:?}{most}",
                    range.start()
                ));
            }
        }
        if (1..SMALLEST_BUDGET).contains(&self.max_head_bytes) {
            return Err(format!(
                "ingester.max_head_bytes is {}: it must be 0 or at least {SMALLEST_BUDGET}",
                self.max_head_bytes
            ));
        }
        if !self.flush_interval.is_zero() && self.flush_interval < 60 * second {
            return Err(format!(
                "ingester.flush_interval is {:?}: it must be 0s or at least 1m",
                self.flush_interval
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
}
