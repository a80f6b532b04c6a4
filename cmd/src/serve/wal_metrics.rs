//! The WAL writer's counters as metrics.

use std::sync::Arc;

use mneme_wal::{CommitHook, Stats, Wal};
use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Registry};

/// Seconds; from a directory's fsync to a cloud's bad minute.
const COMMIT_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bytes.
const SIZE_BUCKETS: &[f64] =
    &[256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 8_388_608.0];

type Read = fn(&Stats) -> u64;

const COUNTERS: [(&str, &str, Read); 12] = [
    ("mneme_wal_segments_total", "Segments committed, empty ones included.", Stats::segments),
    ("mneme_wal_empty_segments_total", "Segments committed only to carry a new cut.", Stats::empty_segments),
    ("mneme_wal_stored_bytes_total", "Bytes of committed segments in the bucket.", Stats::stored_bytes),
    ("mneme_wal_raw_bytes_total", "Bytes of committed sections before compression.", Stats::raw_bytes),
    ("mneme_wal_appends_total", "Appends taken in.", Stats::appends),
    ("mneme_wal_samples_total", "Samples taken in, floats and histograms.", Stats::samples),
    ("mneme_wal_overloaded_total", "Appends refused because too many bytes were waiting.", Stats::overloaded),
    (
        "mneme_wal_tenant_overloaded_total",
        "Appends refused because too many bytes of their tenant were waiting.",
        Stats::tenant_overloaded,
    ),
    ("mneme_wal_timeouts_total", "Appends that were not durable in time.", Stats::timeouts),
    (
        "mneme_wal_retries_total",
        "Creates whose outcome stayed unknown and that were tried again.",
        Stats::retries,
    ),
    ("mneme_wal_rejoins_total", "Seals met, each followed by a new join.", Stats::rejoins),
    (
        "mneme_wal_undelivered_total",
        "Segments left to their owners to read from the bucket.",
        Stats::undelivered,
    ),
];

const GAUGES: [(&str, &str, Read); 4] = [
    (
        "mneme_wal_waiting_appends",
        "Appends that wait for room in a batch, their tenants in turns.",
        Stats::waiting_appends,
    ),
    (
        "mneme_wal_buffered_bytes",
        "Bytes of batches that are open, waiting or in flight.",
        Stats::buffered_bytes,
    ),
    ("mneme_wal_queued_deliveries", "Durable segments that wait for delivery.", Stats::queued_deliveries),
    (
        "mneme_wal_reference_bytes",
        "Bytes of label sets remembered since the last cut, about.",
        Stats::reference_bytes,
    ),
];

/// Histograms of commits, for the writer to tell.
pub(super) fn commit_hook(registry: &Registry) -> prometheus::Result<CommitHook> {
    let histogram = |name, help, buckets: &[f64]| {
        let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
        registry.register(Box::new(histogram.clone()))?;
        Ok::<_, prometheus::Error>(histogram)
    };
    let name = "mneme_wal_commit_duration_seconds";
    let duration = histogram(name, "Time from a segment's creation until it was durable.", COMMIT_BUCKETS)?;
    let size =
        histogram("mneme_wal_segment_bytes", "Bytes of a committed segment in the bucket.", SIZE_BUCKETS)?;
    Ok(Arc::new(move |time, bytes| {
        duration.observe(time.as_secs_f64());
        size.observe(bytes as f64);
    }))
}

/// Registers the counters of a writer.
pub(super) fn register(wal: Arc<Wal>, registry: &Registry) -> prometheus::Result<()> {
    let counters = COUNTERS.iter().map(|&(name, help, read)| Ok((IntCounter::new(name, help)?, read)));
    let gauges = GAUGES.iter().map(|&(name, help, read)| Ok((IntGauge::new(name, help)?, read)));
    registry.register(Box::new(WalMetrics {
        wal,
        counters: counters.collect::<prometheus::Result<_>>()?,
        gauges: gauges.collect::<prometheus::Result<_>>()?,
        adding: Mutex::new(()),
    }))
}

struct WalMetrics {
    wal: Arc<Wal>,
    counters: Vec<(IntCounter, Read)>,
    gauges: Vec<(IntGauge, Read)>,
    /// Two scrapes at once must not both add the same difference.
    adding: Mutex<()>,
}

impl Collector for WalMetrics {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = self.gauges.iter().flat_map(|(gauge, _)| gauge.desc());
        self.counters.iter().flat_map(|(counter, _)| counter.desc()).chain(gauges).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _adding = self.adding.lock();
        let stats = self.wal.stats();
        for (counter, read) in &self.counters {
            counter.inc_by(read(stats).saturating_sub(counter.get()));
        }
        for (gauge, read) in &self.gauges {
            gauge.set(i64::try_from(read(stats)).unwrap_or(i64::MAX));
        }
        let gauges = self.gauges.iter().flat_map(|(gauge, _)| gauge.collect());
        self.counters.iter().flat_map(|(counter, _)| counter.collect()).chain(gauges).collect()
    }
}
