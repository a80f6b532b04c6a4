//! What a querier counts.

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

/// The querier's metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Requests by endpoint and status code.
    pub(crate) requests: IntCounterVec,
    /// From a request's arrival to the reply's head, by endpoint.
    pub(crate) duration: HistogramVec,
    /// Queries that compute or wait to.
    pub(crate) active: IntGauge,
    /// Queries that wait for their turn.
    pub(crate) queued: IntGauge,
    /// Waiting for a turn to compute.
    pub(crate) queue_duration: Histogram,
    /// Fetching series.
    pub(crate) fetch_duration: Histogram,
    /// Computing.
    pub(crate) eval_duration: Histogram,
    /// Series fetched.
    pub(crate) fetched_series: IntCounter,
    /// Chunks fetched.
    pub(crate) fetched_chunks: IntCounter,
    /// Bytes of chunks fetched.
    pub(crate) fetched_bytes: IntCounter,
}

impl Metrics {
    /// Registers all; fails if a name is taken.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| register(registry, IntCounter::new(name, help));
        let gauge = |name: &str, help: &str| register(registry, IntGauge::new(name, help));
        let seconds = |name: &str, help: &str| {
            register(registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets())))
        };
        Ok(Self {
            requests: register(
                registry,
                IntCounterVec::new(
                    Opts::new("mneme_query_requests_total", "Requests to the query API."),
                    &["endpoint", "code"],
                ),
            )?,
            duration: register(
                registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "mneme_query_request_duration_seconds",
                        "Time from a request's arrival to its reply's head.",
                    )
                    .buckets(buckets()),
                    &["endpoint"],
                ),
            )?,
            active: gauge("mneme_query_active", "Queries that are computing or waiting to.")?,
            queued: gauge("mneme_query_queued", "Queries that wait for their turn to compute.")?,
            queue_duration: seconds(
                "mneme_query_queue_duration_seconds",
                "Time that queries waited for their turn.",
            )?,
            fetch_duration: seconds(
                "mneme_query_fetch_duration_seconds",
                "Time that queries waited for their series.",
            )?,
            eval_duration: seconds("mneme_query_eval_duration_seconds", "Time that queries computed.")?,
            fetched_series: counter("mneme_query_fetched_series_total", "Series fetched for queries.")?,
            fetched_chunks: counter("mneme_query_fetched_chunks_total", "Chunks fetched for queries.")?,
            fetched_bytes: counter(
                "mneme_query_fetched_chunk_bytes_total",
                "Bytes of chunks fetched for queries.",
            )?,
        })
    }
}

fn buckets() -> Vec<f64> {
    vec![0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0]
}

fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    metric: Result<C, prometheus::Error>,
) -> Result<C, prometheus::Error> {
    let metric = metric?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
