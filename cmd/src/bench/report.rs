//! The line of JSON at the end.

use serde::Serialize;

use super::latency::Latencies;
use crate::stdout;

/// How long requests took, in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct LatencyReport {
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl From<&Latencies> for LatencyReport {
    fn from(latencies: &Latencies) -> Self {
        let at = |q| latencies.percentile_ms(q);
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: latencies.max_ms() }
    }
}

/// What a server on this machine has used.
#[derive(Debug, Serialize)]
pub(super) struct ServerReport {
    /// Of the run, settling included.
    pub(super) cpu_seconds: f64,
    pub(super) cpu_seconds_per_million: f64,
    /// Bytes before the run, after it, and the most ever.
    pub(super) rss_before: u64,
    pub(super) rss: u64,
    pub(super) peak_rss: u64,
}

/// What `bench write` has done.
#[derive(Debug, Serialize)]
pub(super) struct WriteReport {
    pub(super) url: String,
    /// Milliseconds of the first scrape: `verify --start`.
    pub(super) start: i64,
    /// Milliseconds after the last scrape: `query --time`.
    pub(super) end: i64,
    pub(super) series: u64,
    pub(super) steps: u32,
    pub(super) samples: u64,
    pub(super) requests: u64,
    pub(super) seconds: f64,
    pub(super) samples_per_second: f64,
    pub(super) bytes: u64,
    pub(super) bytes_per_sample: f64,
    pub(super) latency_ms: LatencyReport,
    pub(super) errors: u64,
    pub(super) retries: u64,
    /// With --rate: the most by which a request was sent later than planned.
    pub(super) behind_ms: f64,
    /// CPU seconds of this process.
    pub(super) own_cpu_seconds: f64,
    #[serde(flatten)]
    pub(super) server: Option<ServerReport>,
}

/// Prints the line.
///
/// # Errors
/// Never in fact: reports are plain numbers and texts.
pub(super) fn print(report: &impl Serialize) -> anyhow::Result<()> {
    stdout::line(&serde_json::to_string(report)?);
    Ok(())
}
