//! Ranges of a block out of the cache: what a warm query pays. And the deletions of a truncation in a directory.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may fail by panicking")]

use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mneme_bucket::{Bucket, Cache, CacheOptions, Options};
use tokio::runtime::Runtime;

const KEY: &str = "tenants/a/blocks/01/samples.parquet";

/// 64 ranges of 16 KiB, far apart.
fn ranges() -> Vec<Range<u64>> {
    (0..64).map(|n| n * 100_000..n * 100_000 + (16 << 10)).collect()
}

fn warm(runtime: &Runtime, options: CacheOptions) -> mneme_bucket::Cached {
    runtime.block_on(async {
        let bucket = Bucket::memory();
        bucket.put(KEY, Bytes::from(vec![7; 8 << 20])).await.unwrap();
        let cache = Cache::open(options).await.unwrap();
        let cached = bucket.cached(&cache);
        for range in ranges() {
            cached.get_range(KEY, range).await.unwrap();
        }
        cache.flush().await;
        cached
    })
}

fn cache(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = c.benchmark_group("64 ranges of 16 KiB");
    let cached = warm(&runtime, CacheOptions::default());
    group.bench_function("memory", |b| {
        b.iter(|| runtime.block_on(cached.get_ranges(KEY, black_box(&ranges()))).unwrap());
    });
    let directory = tempfile::tempdir().unwrap();
    let disk = CacheOptions {
        memory_bytes: 0,
        disk_bytes: 1 << 30,
        directory: Some(directory.path().to_owned()),
        ..CacheOptions::default()
    };
    let cached = warm(&runtime, disk);
    group.bench_function("disk", |b| {
        b.iter(|| runtime.block_on(cached.get_ranges(KEY, black_box(&ranges()))).unwrap());
    });
    group.finish();
}

fn delete(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display());
    let bucket = runtime.block_on(Bucket::open(&url, Options::default())).unwrap();
    let keys: Vec<String> = (0..64).map(|n| format!("wal/1/{n:020}")).collect();
    let fill = || {
        for key in &keys {
            runtime.block_on(bucket.put(key, Bytes::from_static(b"segment"))).unwrap();
        }
    };
    let mut group = c.benchmark_group("64 deletions in a directory");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    group.bench_function("one by one", |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    fill();
                    let begun = Instant::now();
                    for key in &keys {
                        runtime.block_on(bucket.delete(key)).unwrap();
                    }
                    begun.elapsed()
                })
                .sum()
        });
    });
    group.bench_function("at once", |b| {
        b.iter_batched(
            &fill,
            |()| runtime.block_on(bucket.delete_many(&keys)).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, cache, delete);
criterion_main!(benches);
