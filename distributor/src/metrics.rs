//! What the distributor counts.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::Reason;
use crate::stage::{Counts, Tally};

/// Metrics `mneme_distributor_*`.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// Requests by HTTP status code.
    pub(crate) requests: IntCounterVec,
    pub(crate) duration: Histogram,
    pub(crate) received_bytes: IntCounter,
    pub(crate) decompressed_bytes: IntCounter,
    pub(crate) inflight_requests: IntGauge,
    pub(crate) inflight_bytes: IntGauge,
    /// Changes of automatic shard sizes, by direction.
    pub(crate) shard_changes: IntCounterVec,
    tenants: IntGaugeVec,
    received: IntCounterVec,
    stored: IntCounterVec,
    refused: IntCounterVec,
    dropped: IntCounterVec,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let vec = |name: &str, help: &str, labels: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(format!("mneme_distributor_{name}"), help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let counter = |name: &str, help: &str| {
            let metric = IntCounter::new(format!("mneme_distributor_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let gauge = |name: &str, help: &str| {
            let metric = IntGauge::new(format!("mneme_distributor_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let tenants = IntGaugeVec::new(
            Opts::new(
                "mneme_distributor_tenants",
                "Tenants of automatic shard size that wrote lately, by the partitions that each is spread over: so many at most, more than half.",
            ),
            &["partitions"],
        )?;
        registry.register(Box::new(tenants.clone()))?;
        let buckets = vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let name = "mneme_distributor_request_duration_seconds";
        let duration = Histogram::with_opts(
            HistogramOpts::new(name, "Time from a write's headers to its reply.").buckets(buckets),
        )?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Self {
            requests: vec("requests_total", "Write requests by status code.", &["code"])?,
            duration,
            received_bytes: counter("received_bytes_total", "Bytes of write requests as they arrived.")?,
            decompressed_bytes: counter(
                "decompressed_bytes_total",
                "Bytes of write requests after decompression.",
            )?,
            inflight_requests: gauge("inflight_requests", "Write requests under way.")?,
            inflight_bytes: gauge(
                "inflight_bytes",
                "Bytes of write requests under way and of their records, against max_inflight_push_requests_bytes.",
            )?,
            shard_changes: vec(
                "shard_changes_total",
                "Changes of tenants' automatic shard sizes, by direction.",
                &["direction"],
            )?,
            tenants,
            received: vec("received_samples_total", "What senders sent, by kind.", &["kind"])?,
            stored: vec("stored_samples_total", "What was made durable, by kind.", &["kind"])?,
            refused: vec(
                "refused_samples_total",
                "What was refused, by kind and reason.",
                &["kind", "reason"],
            )?,
            dropped: vec(
                "dropped_samples_total",
                "What limits had dropped without an error, by kind and reason.",
                &["kind", "reason"],
            )?,
        })
    }

    /// Tenants that are spread over so many partitions, to the next power of two.
    pub(crate) fn tenants_by_partitions(&self, partitions: u16) -> IntGauge {
        let bound = u32::from(partitions).next_power_of_two();
        self.tenants.with_label_values(&[bound.to_string().as_str()])
    }

    /// A request's tally; `stored` is what became durable.
    pub(crate) fn observe(&self, tally: &Tally, stored: Counts) {
        kinds(tally.received, |kind, n| self.received.with_label_values(&[kind]).inc_by(n));
        kinds(stored, |kind, n| self.stored.with_label_values(&[kind]).inc_by(n));
        for (reason, counts) in &tally.refused.by_reason {
            self.refused(reason.id(), *counts);
        }
        for (reason, counts) in &tally.dropped {
            kinds(*counts, |kind, n| self.dropped.with_label_values(&[kind, reason.id()]).inc_by(n));
        }
    }

    /// Samples that are stored, or not, beside another value at their time.
    pub(crate) fn conflicts(&self, counts: Counts) {
        self.refused(Reason::SampleDuplicateTimestamp.id(), counts);
    }

    /// Refused by `reason`, an error's id.
    pub(crate) fn refused(&self, reason: &str, counts: Counts) {
        kinds(counts, |kind, n| self.refused.with_label_values(&[kind, reason]).inc_by(n));
    }
}

fn kinds(counts: Counts, mut each: impl FnMut(&'static str, u64)) {
    let all = [
        ("float", counts.floats),
        ("histogram", counts.histograms),
        ("exemplar", counts.exemplars),
        ("metadata", counts.metadata),
    ];
    all.into_iter().filter(|(_, n)| *n > 0).for_each(|(kind, n)| each(kind, n));
}
