//! How long and how much.

use std::path::PathBuf;

/// From one sample of a series to the next.
pub(super) const INTERVAL_SECONDS: u64 = 2;
/// From one cut to the next: each ends a chunk of every series.
const CUT_SECONDS: u64 = 60;
/// What a series may cost in memory, by the goal of docs/performance.md.
pub(super) const BYTES_PER_SERIES: u64 = 700;
/// What a series costs without its closed chunks, generously: docs/decisions/0005-what-a-series-costs.md.
const BYTES_OF_AN_EMPTY_SERIES: u64 = 430;
/// What stays in memory of a chunk that was spilled: where it is.
const BYTES_PER_PLACE: u64 = 24;

/// A soak.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The binary.
    pub mneme: PathBuf,
    /// How long is sent.
    pub minutes: u64,
    /// Series at any one time.
    pub series: u64,
    /// The share of them that is replaced each minute.
    pub churn: f64,
    /// What recent data may take in memory, bytes.
    pub budget: u64,
    /// What the process may take beyond its budget and the eighth over it, bytes: requests, what the distributor and the log's
    /// writer know of series, checkpoints being made, and what the allocator has not given back.
    pub slack: u64,
}

impl Plan {
    /// A budget that the series of the whole run fit into, and where their chunks are, but not the chunks.
    #[must_use]
    pub fn usual_budget(minutes: u64, series: u64, churn: f64) -> u64 {
        let ever = (series as f64 * (1.0 + churn * minutes as f64)) as u64;
        ever * BYTES_OF_AN_EMPTY_SERIES + places(series, minutes as f64 * 60.0)
    }

    /// What the memory may grow by within `seconds` although all samples are spilled: new series, and where chunks are.
    pub(super) fn growth(&self, seconds: f64) -> u64 {
        self.new_series(seconds) * BYTES_PER_SERIES + places(self.series, seconds)
    }

    /// Series that begin within `seconds`.
    fn new_series(&self, seconds: f64) -> u64 {
        (self.series as f64 * self.churn * seconds / 60.0) as u64
    }

    /// The most memory that the process may take.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.budget + self.budget / 8 + self.slack
    }

    /// Samples of each series.
    pub(super) fn steps(&self) -> u64 {
        self.minutes * 60 / INTERVAL_SECONDS
    }

    /// The config of the process: cuts, checkpoints and truncation every minute.
    pub(super) fn config(&self) -> String {
        format!(
            "ingester: {{cut_interval_seconds: {CUT_SECONDS}, max_head_bytes: {}}}\nself_monitoring: {{enabled: false}}\n",
            self.budget
        )
    }

    /// The load, in the flags that `mneme bench write` and `verify` share.
    pub(super) fn load(&self, start_ms: i64) -> Vec<String> {
        vec![
            format!("--series={}", self.series),
            format!("--steps={}", self.steps()),
            format!("--interval={INTERVAL_SECONDS}s"),
            format!("--churn={}", self.churn),
            format!("--start={start_ms}"),
        ]
    }

    /// Samples per second, so that the data's time passes as the clock's.
    pub(super) fn rate(&self) -> u64 {
        self.series / INTERVAL_SECONDS
    }
}

/// Bytes for the places of the chunks that `series` series end by cuts within `seconds`.
fn places(series: u64, seconds: f64) -> u64 {
    (series as f64 * seconds / CUT_SECONDS as f64) as u64 * BYTES_PER_PLACE
}
