//! How long and how much.

use std::path::PathBuf;

/// From one sample of a series to the next.
pub(super) const INTERVAL_SECONDS: u64 = 2;
/// From one cut to the next: each ends a chunk of every series.
const CUT_SECONDS: u64 = 60;
/// Recent data of a series over a few minutes of the load, so that it is flushed every few minutes.
const BUDGET_PER_SERIES: u64 = 1300;

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
    /// writer know of series, checkpoints and blocks being made, and what the allocator has not given back.
    pub slack: u64,
}

impl Plan {
    /// A budget that is full after a few minutes, whatever the churn.
    #[must_use]
    pub fn usual_budget(series: u64) -> u64 {
        series * BUDGET_PER_SERIES
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
            "ingester: {{cut_interval: {CUT_SECONDS}s, max_head_bytes: {}}}\nself_monitoring: {{enabled: false}}\n",
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
