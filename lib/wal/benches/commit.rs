//! What one commit costs, in a directory with its fsyncs and in memory: an append of floats of known series whose segment has about
//! 63 KB, one after the other. "wall" gives commits per second of one writer, "CPU" the time of all threads of this process per
//! commit, fsync included as far as it computes.
//! Physical limits: a directory's is two fsyncs (the file's and the directory's) and 63 KB written; memory's is encoding alone.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures, and fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use criterion::{Criterion, criterion_group, criterion_main};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::{Labels, PartitionId, TenantId};
use mneme_wal::{CommittedSegment, Compression, Config, Deliver, Parts, Records, Verdict, Wal};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

/// So many floats make a segment of about 63 KB, uncompressed so that the store's part does not depend on the values.
const SERIES: usize = 5500;
/// Bytes of a segment.
const WANTED: std::ops::Range<u64> = 60_000..66_000;

struct Nobody;

#[async_trait]
impl Deliver for Nobody {
    async fn deliver(&self, _: Arc<CommittedSegment>) -> Verdict {
        Verdict::default()
    }
}

fn records(step: usize) -> Records {
    let mut records = Records::new(TenantId::anonymous());
    for i in 0..SERIES {
        let labels = Labels::from_pairs([("__name__", "metric".to_owned()), ("i", i.to_string())]);
        let hash = labels.view().hash(7);
        let series = records.series(labels.view(), hash, PartitionId::of_hash(hash, 64));
        let value = ((step * 7919 + i * 31) as f64).sqrt();
        records.float(series, 1_700_000_000_000 + 15_000 * step as i64, value, 0);
    }
    records
}

async fn join(bucket: Bucket) -> Wal {
    let parts = Parts {
        instance: "bench".to_owned(),
        zone: String::new(),
        deliver: Arc::new(Nobody),
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::seeded(1)),
        on_commit: None,
    };
    let config =
        Config { compression: Compression::None, commit_interval: Duration::ZERO, ..Config::default() };
    Wal::join(bucket, config, parts).await.unwrap()
}

/// Time that all threads of this process have computed.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

fn commits(runtime: &Runtime, wal: &Wal, records: &Records, count: u64) {
    runtime.block_on(async {
        for _ in 0..count {
            wal.append(records).await.unwrap();
        }
    });
}

fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().join("bucket").display());
    let directory = runtime.block_on(Bucket::open(&url, Options::default())).unwrap();
    for (name, bucket) in [("directory", directory), ("memory", Bucket::memory())] {
        let wal = runtime.block_on(join(bucket));
        // The first writes the labels as well.
        commits(&runtime, &wal, &records(0), 1);
        let next = records(1);
        let before = (wal.stats().stored_bytes(), wal.stats().segments());
        commits(&runtime, &wal, &next, 10);
        let bytes = (wal.stats().stored_bytes() - before.0) / (wal.stats().segments() - before.1);
        println!("{name}: {bytes} bytes per segment");
        assert!(WANTED.contains(&bytes), "SERIES no longer makes segments of 63 KB");
        criterion.bench_function(&format!("commit 63 KB, {name}, wall"), |bencher| {
            bencher.iter_custom(|count| {
                let begin = Instant::now();
                commits(&runtime, &wal, &next, count);
                begin.elapsed()
            });
        });
        criterion.bench_function(&format!("commit 63 KB, {name}, CPU"), |bencher| {
            bencher.iter_custom(|count| {
                let begin = cpu();
                commits(&runtime, &wal, &next, count);
                cpu() - begin
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(2));
    targets = bench
}
criterion_main!(benches);
