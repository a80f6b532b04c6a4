//! The process's registry, and short words to register with.
//!
//! The helpers panic on a name that is registered twice: names are constants, so that is a bug that the first start shows.

use std::time::Instant;

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    PullingGauge, Registry, TextEncoder,
};

/// The media type of [`exposition`].
pub const EXPOSITION_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A registry with what every process has: `mneme_build_info`, `mneme_uptime_seconds`, `process_*`.
#[must_use]
pub fn process_registry(version: &str, revision: &str, targets: &str) -> Registry {
    let registry = Registry::new();
    let labels = ["version", "revision", "target"];
    gauge_vec(&registry, "mneme_build_info", "What runs: always 1.", &labels)
        .with_label_values(&[version, revision, targets])
        .set(1);
    let start = Instant::now();
    let uptime = PullingGauge::new(
        "mneme_uptime_seconds",
        "Time since the process started.",
        Box::new(move || start.elapsed().as_secs_f64()),
    );
    register(&registry, &uptime.expect(VALID));
    registry.register(Box::new(ProcessCollector::for_self())).expect(ONCE);
    registry
}

/// All metrics of a registry in Prometheus's text format 0.0.4.
#[must_use]
pub fn exposition(registry: &Registry) -> Vec<u8> {
    let mut text = Vec::with_capacity(64 * 1024);
    // The families are the registry's own, hence well-formed, and a Vec takes every write.
    if let Err(error) = TextEncoder::new().encode(&registry.gather(), &mut text) {
        tracing::error!(%error, "metrics cannot be written as text");
    }
    text
}

const VALID: &str = "names and labels are valid constants";
const ONCE: &str = "each metric is registered once";

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: &C) {
    registry.register(Box::new(collector.clone())).expect(ONCE);
}

/// A registered counter.
#[must_use]
pub fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let metric = IntCounter::new(name, help).expect(VALID);
    register(registry, &metric);
    metric
}

/// A registered counter with labels.
#[must_use]
pub fn counter_vec(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    let metric = IntCounterVec::new(Opts::new(name, help), labels).expect(VALID);
    register(registry, &metric);
    metric
}

/// A registered gauge.
#[must_use]
pub fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    let metric = IntGauge::new(name, help).expect(VALID);
    register(registry, &metric);
    metric
}

/// A registered gauge with labels.
#[must_use]
pub fn gauge_vec(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    let metric = IntGaugeVec::new(Opts::new(name, help), labels).expect(VALID);
    register(registry, &metric);
    metric
}

/// A registered histogram with labels; `buckets` are upper bounds, ascending.
#[must_use]
pub fn histogram_vec(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> HistogramVec {
    let metric =
        HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels).expect(VALID);
    register(registry, &metric);
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposition_says_what_runs() {
        let registry = process_registry("1.2.3", "abc", "all");
        let text = String::from_utf8(exposition(&registry)).unwrap();
        assert!(
            text.contains(r#"mneme_build_info{revision="abc",target="all",version="1.2.3"} 1"#),
            "{text}"
        );
        assert!(text.contains("mneme_uptime_seconds "), "{text}");
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
    }
}
