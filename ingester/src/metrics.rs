//! What an ingester counts.

use prometheus::{Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// The ingester's metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Samples of applied sections, by what became of them.
    pub(crate) samples: IntCounterVec,
    /// Exemplars applied.
    pub(crate) exemplars: IntCounter,
    /// Metadata records applied.
    pub(crate) metadata: IntCounter,
    /// Segments applied, by where they came from.
    pub(crate) segments: IntCounterVec,
    /// Bytes of applied sections.
    pub(crate) section_bytes: IntCounter,
    /// Segments or sections that could not be read.
    pub(crate) corrupt: IntCounter,
    /// Objects of the WAL that are gone although later ones are there.
    pub(crate) missing: IntCounter,
    /// Series held.
    pub(crate) series: IntGauge,
    /// Tenants with data held.
    pub(crate) tenants: IntGauge,
    /// Bytes of the heads.
    pub(crate) memory: IntGauge,
    /// The newest cut known.
    pub(crate) cut: IntGauge,
    /// Writers whose end was not seen.
    pub(crate) writers: IntGauge,
    /// 1 once the WAL is replayed.
    pub(crate) ready: IntGauge,
    /// How long the replay took, or takes until now.
    pub(crate) replay_seconds: Gauge,
    /// Questions, by kind: how long they took with their wait.
    pub(crate) queries: HistogramVec,
}

impl Metrics {
    /// Registers all; fails if a name is taken.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| register(registry, IntCounter::new(name, help));
        let gauge = |name: &str, help: &str| register(registry, IntGauge::new(name, help));
        let by = |name: &str, help: &str, label: &str| {
            register(registry, IntCounterVec::new(Opts::new(name, help), &[label]))
        };
        Ok(Self {
            samples: by(
                "mneme_ingester_samples_total",
                "Samples read from the WAL: new, the same again, another value at a known time, or left out.",
                "outcome",
            )?,
            exemplars: counter("mneme_ingester_exemplars_total", "Exemplars applied.")?,
            metadata: counter("mneme_ingester_metadata_total", "Metadata records applied.")?,
            segments: by(
                "mneme_ingester_segments_total",
                "WAL segments applied, by where they came from.",
                "source",
            )?,
            section_bytes: counter("mneme_ingester_section_bytes_total", "Bytes of WAL sections applied.")?,
            corrupt: counter(
                "mneme_ingester_corrupt_total",
                "WAL segments or sections that could not be read.",
            )?,
            missing: counter(
                "mneme_ingester_missing_total",
                "WAL objects that are gone although later ones are there.",
            )?,
            series: gauge("mneme_ingester_memory_series", "Series in memory.")?,
            tenants: gauge("mneme_ingester_memory_tenants", "Tenants with data in memory.")?,
            memory: gauge("mneme_ingester_memory_bytes", "Bytes of recent data in memory, an estimate.")?,
            cut: gauge("mneme_ingester_cut", "The newest cut of the WAL.")?,
            writers: gauge("mneme_ingester_open_writers", "WAL writers whose end was not seen.")?,
            ready: gauge("mneme_ingester_ready", "Whether the WAL is replayed and questions are answered.")?,
            replay_seconds: register(
                registry,
                Gauge::new(
                    "mneme_ingester_replay_seconds",
                    "How long the replay of the WAL took, or has taken until now.",
                ),
            )?,
            queries: register(
                registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "mneme_ingester_query_duration_seconds",
                        "Time that questions took, waiting included.",
                    )
                    .buckets(vec![0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]),
                    &["kind"],
                ),
            )?,
        })
    }
}

fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    metric: Result<C, prometheus::Error>,
) -> Result<C, prometheus::Error> {
    let metric = metric?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
