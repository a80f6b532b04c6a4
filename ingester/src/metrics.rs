//! What an ingester counts.

use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

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
    /// Checkpoints loaded at the start.
    pub(crate) checkpoints_loaded: IntCounter,
    /// Their bytes.
    pub(crate) checkpoint_bytes_loaded: IntCounter,
    /// Checkpoints written.
    pub(crate) checkpoints_written: IntCounter,
    /// Their bytes.
    pub(crate) checkpoint_bytes_written: IntCounter,
    /// How long a round of checkpoints takes.
    pub(crate) checkpoint_seconds: Histogram,
    /// Checkpoints that could not be made, because something else is in their place.
    pub(crate) checkpoint_failures: IntCounter,
    /// Checkpoints that cannot be read.
    pub(crate) corrupt_checkpoints: IntCounter,
    /// Generations of partitions that should be in a checkpoint and are in none.
    pub(crate) checkpoint_gaps: IntCounter,
    /// Partitions of which something is in no checkpoint and not in the WAL any more.
    pub(crate) lost_partitions: IntCounter,
    /// Everything below this cut is in checkpoints.
    pub(crate) checkpoint_cut: IntGauge,
    /// Writers sealed because they held up a cut.
    pub(crate) sealed_writers: IntCounter,
    /// Segments deleted.
    pub(crate) truncated_segments: IntCounter,
    /// Segments left.
    pub(crate) wal_segments: IntGauge,
    /// Their bytes.
    pub(crate) wal_bytes: IntGauge,
    /// 1 while the heads are full, or what was left meanwhile is read.
    pub(crate) behind: IntGauge,
    /// The heads' budget.
    pub(crate) memory_limit: IntGauge,
    /// Bytes of samples put into local files.
    pub(crate) spilled_bytes: IntCounter,
    /// Files that could not be written.
    pub(crate) spill_failures: IntCounter,
    /// Tenants' flushes by how they ended.
    pub(crate) flushes: IntCounterVec,
    /// How long a flush of all tenants takes.
    pub(crate) flush_seconds: Histogram,
    /// Tenants' flushes that failed, by reason.
    pub(crate) flush_failures: IntCounterVec,
    /// When all tenants were last flushed and none failed, seconds since 1970.
    pub(crate) flush_last_success: Gauge,
    /// Time of the oldest sample that is not in a block, seconds since 1970.
    pub(crate) oldest_unflushed: Gauge,
    /// Blocks committed.
    pub(crate) flushed_blocks: IntCounter,
    /// Samples in them.
    pub(crate) flushed_samples: IntCounter,
    /// Series in them; one that is in two blocks counts twice.
    pub(crate) flushed_series: IntCounter,
    /// Bytes of their files.
    pub(crate) flushed_bytes: IntCounter,
    /// Tenants whose last flush failed.
    pub(crate) flush_failing: IntGauge,
    /// Everything below this cut is in blocks.
    pub(crate) flush_cut: IntGauge,
    /// Objects of blocks that no version lists, deleted.
    pub(crate) cleaned_objects: IntCounter,
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
            checkpoints_loaded: counter(
                "mneme_ingester_checkpoints_loaded_total",
                "Checkpoints loaded at the start.",
            )?,
            checkpoint_bytes_loaded: counter(
                "mneme_ingester_checkpoint_loaded_bytes_total",
                "Bytes of checkpoints loaded at the start.",
            )?,
            checkpoints_written: counter("mneme_ingester_checkpoints_written_total", "Checkpoints written.")?,
            checkpoint_bytes_written: counter(
                "mneme_ingester_checkpoint_written_bytes_total",
                "Bytes of checkpoints written.",
            )?,
            checkpoint_seconds: register(
                registry,
                Histogram::with_opts(
                    HistogramOpts::new(
                        "mneme_ingester_checkpoint_duration_seconds",
                        "Time that the checkpoints of all partitions took.",
                    )
                    .buckets(vec![0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0]),
                ),
            )?,
            checkpoint_failures: counter(
                "mneme_ingester_checkpoint_failures_total",
                "Checkpoints that could not be made: something else is in their place.",
            )?,
            corrupt_checkpoints: counter(
                "mneme_ingester_corrupt_checkpoints_total",
                "Checkpoints that cannot be read; the WAL is read instead.",
            )?,
            checkpoint_gaps: counter(
                "mneme_ingester_checkpoint_gaps_total",
                "Generations of partitions that should be in a checkpoint and are in none.",
            )?,
            lost_partitions: counter(
                "mneme_ingester_lost_partitions_total",
                "Partitions of which records are in no checkpoint and not in the WAL any more.",
            )?,
            checkpoint_cut: gauge(
                "mneme_ingester_checkpoint_cut",
                "Everything stamped below this cut is in checkpoints.",
            )?,
            sealed_writers: counter(
                "mneme_ingester_sealed_writers_total",
                "WAL writers sealed because they held up a cut.",
            )?,
            truncated_segments: counter(
                "mneme_wal_truncated_segments_total",
                "WAL segments deleted behind checkpoints.",
            )?,
            wal_segments: gauge(
                "mneme_wal_kept_segments",
                "WAL segments in the bucket after the last truncation.",
            )?,
            wal_bytes: gauge(
                "mneme_wal_kept_bytes",
                "Bytes of WAL segments in the bucket after the last truncation.",
            )?,
            behind: gauge(
                "mneme_ingester_behind",
                "1 while recent data takes more memory than it may: nothing is read from the WAL, questions are refused.",
            )?,
            memory_limit: gauge(
                "mneme_ingester_memory_limit_bytes",
                "Bytes that recent data may take in memory.",
            )?,
            spilled_bytes: counter(
                "mneme_ingester_spilled_bytes_total",
                "Bytes of samples put into local files for want of memory.",
            )?,
            spill_failures: counter(
                "mneme_ingester_spill_failures_total",
                "Files for samples that could not be written.",
            )?,
            flushes: by(
                "mneme_ingester_flushes_total",
                "Flushes of a tenant: committed, void because another was faster, or failed.",
                "outcome",
            )?,
            flush_seconds: register(
                registry,
                Histogram::with_opts(
                    HistogramOpts::new(
                        "mneme_ingester_flush_duration_seconds",
                        "Time that a flush of all tenants took.",
                    )
                    .buckets(vec![0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0]),
                ),
            )?,
            flush_failures: by(
                "mneme_ingester_flush_failures_total",
                "Flushes of a tenant that failed, by reason: bucket, manifest, block, mark_behind, overtaken.",
                "reason",
            )?,
            flush_last_success: register(
                registry,
                Gauge::new(
                    "mneme_ingester_flush_last_success_timestamp_seconds",
                    "When all tenants were last flushed and none failed; 0: not since the start.",
                ),
            )?,
            oldest_unflushed: register(
                registry,
                Gauge::new(
                    "mneme_ingester_oldest_unflushed_timestamp_seconds",
                    "Time of the oldest sample that is not in a block; the present where there is none.",
                ),
            )?,
            flushed_blocks: counter("mneme_ingester_flushed_blocks_total", "Blocks written and committed.")?,
            flushed_samples: counter("mneme_ingester_flushed_samples_total", "Samples in these blocks.")?,
            flushed_series: counter(
                "mneme_ingester_flushed_series_total",
                "Series in these blocks; one in two blocks counts twice.",
            )?,
            flushed_bytes: counter("mneme_ingester_flushed_bytes_total", "Bytes of these blocks.")?,
            flush_failing: gauge(
                "mneme_ingester_flush_failing_tenants",
                "Tenants whose last flush failed; the log names them.",
            )?,
            flush_cut: gauge("mneme_ingester_flush_cut", "Everything stamped below this cut is in blocks.")?,
            cleaned_objects: counter(
                "mneme_ingester_cleaned_objects_total",
                "Objects of blocks that no version of a manifest lists, deleted.",
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
