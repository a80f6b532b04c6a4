//! The bucket's counters as metrics.

use mneme_bucket::{Bucket, Operation};
use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// Registers `mneme_bucket_*` of a bucket.
pub(super) fn register(bucket: Bucket, registry: &Registry) -> prometheus::Result<()> {
    let vec = |name, help| IntCounterVec::new(Opts::new(name, help), &["operation"]);
    registry.register(Box::new(BucketMetrics {
        bucket,
        counters: [
            vec("mneme_bucket_requests_total", "Requests to the bucket by operation, retries included.")?,
            vec("mneme_bucket_errors_total", "Requests to the bucket without a definite answer.")?,
            vec("mneme_bucket_bytes_total", "Bytes of objects read from or written to the bucket.")?,
        ],
        hedges: IntCounter::new(
            "mneme_bucket_hedges_total",
            "Creates that were sent a second time because the first had no answer yet.",
        )?,
        adding: Mutex::new(()),
    }))
}

struct BucketMetrics {
    bucket: Bucket,
    /// Requests, errors, bytes.
    counters: [IntCounterVec; 3],
    hedges: IntCounter,
    /// Two scrapes at once must not both add the same difference.
    adding: Mutex<()>,
}

impl Collector for BucketMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.counters.iter().flat_map(Collector::desc).chain(self.hedges.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _adding = self.adding.lock();
        for operation in Operation::ALL {
            let now = self.bucket.stats().of(operation);
            for (vec, value) in self.counters.iter().zip([now.requests, now.errors, now.bytes]) {
                let counter = vec.with_label_values(&[operation.as_str()]);
                counter.inc_by(value.saturating_sub(counter.get()));
            }
        }
        self.hedges.inc_by(self.bucket.stats().hedges().saturating_sub(self.hedges.get()));
        self.counters.iter().flat_map(Collector::collect).chain(self.hedges.collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_to_the_bucket_are_counted() {
        let bucket = Bucket::memory();
        let registry = Registry::new();
        register(bucket.clone(), &registry).unwrap();
        bucket.put("a/b", "four".into()).await.unwrap();
        let _ = registry.gather();
        let text = String::from_utf8(mneme_server::metrics::exposition(&registry)).unwrap();
        assert!(text.contains(r#"mneme_bucket_requests_total{operation="put"} 1"#), "{text}");
        assert!(text.contains(r#"mneme_bucket_bytes_total{operation="put"} 4"#), "{text}");
        assert!(text.contains("mneme_bucket_hedges_total 0"), "{text}");
    }
}
