//! What the cache does, as metrics.

use prometheus::{IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry};

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    Memory,
    Disk,
}

impl Tier {
    fn label(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

#[derive(Debug)]
pub(super) struct Metrics {
    hits: IntCounterVec,
    hit_bytes: IntCounterVec,
    misses: IntCounter,
    miss_bytes: IntCounter,
    /// Waited for another reader's request.
    shared: IntCounter,
    requests: IntCounter,
    fetched_bytes: IntCounter,
    evictions: IntCounterVec,
    bytes: IntGaugeVec,
    skipped: IntCounter,
    corrupt: IntCounter,
}

impl Metrics {
    pub(super) fn new() -> Self {
        const VALID: &str = "constant names are valid";
        let tiers =
            |name: &str, help: &str| IntCounterVec::new(Opts::new(name, help), &["tier"]).expect(VALID);
        let counter = |name: &str, help: &str| IntCounter::new(name, help).expect(VALID);
        let metrics = Self {
            hits: tiers("mneme_bucket_cache_hits_total", "Ranges found in the cache."),
            hit_bytes: tiers("mneme_bucket_cache_hit_bytes_total", "Bytes of ranges found in the cache."),
            misses: counter("mneme_bucket_cache_misses_total", "Ranges that were read from the bucket."),
            miss_bytes: counter(
                "mneme_bucket_cache_miss_bytes_total",
                "Bytes of ranges that were read from the bucket.",
            ),
            shared: counter(
                "mneme_bucket_cache_shared_total",
                "Ranges for which a reader waited because another was fetching them.",
            ),
            requests: counter(
                "mneme_bucket_cache_fetches_total",
                "Merged reads of the bucket for missing ranges.",
            ),
            fetched_bytes: counter(
                "mneme_bucket_cache_fetched_bytes_total",
                "Bytes of merged reads, with what lies between the ranges.",
            ),
            evictions: tiers("mneme_bucket_cache_evictions_total", "Ranges that went for others."),
            bytes: IntGaugeVec::new(Opts::new("mneme_bucket_cache_bytes", "Bytes in the cache."), &["tier"])
                .expect(VALID),
            skipped: counter(
                "mneme_bucket_cache_skipped_writes_total",
                "Ranges that were not written to the disk because it was busy or failed.",
            ),
            corrupt: counter(
                "mneme_bucket_cache_corrupt_total",
                "Files on the disk that were not what they should be, and were deleted.",
            ),
        };
        for tier in [Tier::Memory, Tier::Disk] {
            metrics.used(tier, 0);
            for vec in [&metrics.hits, &metrics.hit_bytes, &metrics.evictions] {
                vec.with_label_values(&[tier.label()]);
            }
        }
        metrics
    }

    pub(super) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        for vec in [&self.hits, &self.hit_bytes, &self.evictions] {
            registry.register(Box::new(vec.clone()))?;
        }
        for counter in [
            &self.misses,
            &self.miss_bytes,
            &self.shared,
            &self.requests,
            &self.fetched_bytes,
            &self.skipped,
            &self.corrupt,
        ] {
            registry.register(Box::new(counter.clone()))?;
        }
        registry.register(Box::new(self.bytes.clone()))
    }

    pub(super) fn hit(&self, tier: Tier, bytes: usize) {
        self.hits.with_label_values(&[tier.label()]).inc();
        self.hit_bytes.with_label_values(&[tier.label()]).inc_by(bytes as u64);
    }

    pub(super) fn missed(&self, bytes: u64) {
        self.misses.inc();
        self.miss_bytes.inc_by(bytes);
    }

    pub(super) fn shared(&self) {
        self.shared.inc();
    }

    pub(super) fn fetched(&self, bytes: u64) {
        self.requests.inc();
        self.fetched_bytes.inc_by(bytes);
    }

    pub(super) fn evicted(&self, tier: Tier, entries: usize) {
        self.evictions.with_label_values(&[tier.label()]).inc_by(entries as u64);
    }

    pub(super) fn used(&self, tier: Tier, bytes: u64) {
        self.bytes.with_label_values(&[tier.label()]).set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(super) fn skipped(&self) {
        self.skipped.inc();
    }

    pub(super) fn corrupt(&self) {
        self.corrupt.inc();
    }
}
