//! What it costs to put a delivered segment's sections into the heads: 100k series of 6 labels over 64 partitions, 2000 samples per
//! segment, series that came before. One iteration is one sample of each: divide by 100,000. Physical limits by PERF (ns per sample):
//! append of (time, value) to columns 20-30, XOR encoding 5.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use mneme_bucket::{AttemptIds, Bucket};
use mneme_ingester::{Config, Ingester, Parts};
use mneme_model::{Labels, PartitionId, TenantId};
use mneme_proto::internal::ingester::{Delivery, DeliveryService as _};
use mneme_server::SystemClock;
use mneme_wal::{CommittedSegment, Records, Wal};

use support::Kept;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SERIES: usize = 100_000;
const BATCH: usize = 2000;
const PARTITIONS: u16 = 64;

fn labels(i: usize) -> Labels {
    let (target, metric) = (i / 500, i % 500);
    Labels::from_pairs([
        ("__name__", format!("process_something_{metric}_total")),
        ("cluster", "eu-west-production".to_owned()),
        ("instance", format!("10.{}.{}.7:9100", target / 250, target % 250)),
        ("job", "kubernetes-service-endpoints".to_owned()),
        ("namespace", format!("department-{}", target % 40)),
        ("pod", format!("worker-7c9d8b6f5-{target:05}")),
    ])
}

async fn write(wal: &Wal, all: &[Labels], step: i64) {
    for (number, batch) in all.chunks(BATCH).enumerate() {
        let mut records = Records::new(TenantId::anonymous());
        for (place, labels) in batch.iter().enumerate() {
            let hash = labels.view().hash(7);
            let series = records.series(labels.view(), hash, PartitionId::of_hash(hash, PARTITIONS));
            let value = (step * ((number * BATCH + place) as i64 % 13)) as f64;
            records.float(series, step * 15_000, value, 0);
        }
        wal.append(&records).await.unwrap();
    }
}

/// Writes the next scrape, and returns how long its segments took to be applied.
async fn deliver_next(
    wal: &Wal,
    all: &[Labels],
    kept: &Kept,
    ingester: &Ingester,
    step: &mut i64,
) -> Duration {
    write(wal, all, *step).await;
    *step += 1;
    let segments = std::mem::take(&mut *kept.0.lock());
    let begun = Instant::now();
    for segment in segments {
        let CommittedSegment { writer, seq, cut, sections } = (*segment).clone();
        let verdict = ingester.deliver(Delivery { writer, seq, cut, sections }).await.unwrap();
        assert!(verdict.conflicts.is_empty() && !verdict.behind);
    }
    begun.elapsed()
}

fn ingester() -> Ingester {
    let parts = Parts {
        instance: "bench".to_owned(),
        bucket: Bucket::memory(),
        clock: Arc::new(SystemClock),
        registry: prometheus::Registry::new(),
        partitions: PARTITIONS,
        attempts: Arc::new(AttemptIds::seeded(1)),
        exclusive: true,
        memory_bytes: 1 << 40,
        spill_directory: None,
    };
    Ingester::new(Config::default(), parts).unwrap()
}

fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all: Vec<Labels> = (0..SERIES).map(labels).collect();
    let kept = Arc::new(Kept::default());
    let parts = mneme_wal::Parts {
        instance: "bench".to_owned(),
        zone: String::new(),
        deliver: Arc::clone(&kept) as Arc<_>,
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::seeded(2)),
        on_commit: None,
    };
    let wal = runtime.block_on(Wal::join(Bucket::memory(), mneme_wal::Config::default(), parts)).unwrap();
    let ingester = ingester();
    runtime.block_on(ingester.replay()).unwrap();
    // The first one brings the series.
    let mut step = 0;
    runtime.block_on(deliver_next(&wal, &all, &kept, &ingester, &mut step));
    criterion.bench_function("apply 100k samples of known series (divide by 100,000)", |bencher| {
        bencher.iter_custom(|rounds| {
            (0..rounds).map(|_| runtime.block_on(deliver_next(&wal, &all, &kept, &ingester, &mut step))).sum()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(1));
    targets = bench
}
criterion_main!(benches);
