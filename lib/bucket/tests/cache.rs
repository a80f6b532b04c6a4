//! Ranges through the cache: few requests, exact bytes, budgets that hold, and a disk that may lie.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{Bucket, Cache, CacheOptions, Cached, Error, Operation, Options};
use prometheus::Registry;

const KEY: &str = "tenants/a/blocks/01/samples.parquet";

struct Story {
    fake: Arc<Fake>,
    cached: Cached,
    cache: Cache,
    registry: Registry,
}

async fn story(faults: Faults, options: CacheOptions) -> Story {
    let fake = Arc::new(Fake::new(1, faults));
    fake.poke(KEY, object());
    over(fake, options).await
}

async fn over(fake: Arc<Fake>, options: CacheOptions) -> Story {
    let bucket = Options { operation_timeout: Duration::from_secs(60), ..Options::default() };
    let bucket = Bucket::new(Arc::clone(&fake) as Arc<_>, bucket);
    let cache = Cache::open(options).await.unwrap();
    let registry = Registry::new();
    cache.register(&registry).unwrap();
    Story { fake, cached: bucket.cached(&cache), cache, registry }
}

fn object() -> Bytes {
    (0..100_000_u32).map(|n| (n ^ (n >> 8)) as u8).collect()
}

impl Story {
    async fn read(&self, ranges: &[std::ops::Range<u64>]) {
        let found = self.cached.get_ranges(KEY, ranges).await.unwrap();
        assert_eq!(found.len(), ranges.len());
        for (range, bytes) in ranges.iter().zip(found) {
            assert_eq!(bytes, object()[range.start as usize..range.end as usize], "{range:?}");
        }
    }

    async fn read_one(&self, range: std::ops::Range<u64>) {
        self.read(std::slice::from_ref(&range)).await;
    }

    fn requests(&self) -> u64 {
        self.cached.bucket().stats().of(Operation::Get).requests
    }

    /// The value of a metric's line; of one with tiers, that of the tier.
    fn metric(&self, name: &str, tier: &str) -> f64 {
        let text = prometheus::TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap();
        let label = if tier.is_empty() { String::new() } else { format!("{{tier=\"{tier}\"}}") };
        let start = format!("{name}{label} ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
    }
}

fn on_disk(directory: &Path) -> CacheOptions {
    CacheOptions { directory: Some(directory.to_owned()), disk_bytes: 1 << 20, ..CacheOptions::default() }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(directory).unwrap().map(|folder| folder.unwrap().path());
    let folders = folders.filter(|folder| folder.is_dir());
    folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path())).collect()
}

#[tokio::test(start_paused = true)]
async fn near_ranges_come_with_one_request_and_then_from_memory() {
    let options = CacheOptions { gap_bytes: 1000, ..CacheOptions::default() };
    let story = story(Faults::none(), options).await;
    let ranges = [5000..6000, 0..100, 1000..2000, 500..1500, 90_000..100_000, 7..7, 1000..2000];
    story.read(&ranges).await;
    assert_eq!(story.requests(), 3, "0..2000, 5000..6000, 90000..100000");
    story.read(&ranges).await;
    assert_eq!(story.requests(), 3);
    assert_eq!(story.metric("mneme_bucket_cache_hits_total", "memory"), 6.0);
    assert_eq!(story.metric("mneme_bucket_cache_misses_total", ""), 5.0);
    assert_eq!(story.cached.bucket().stats().of_tenant("a", Operation::Get).bytes, 13_000);
}

#[tokio::test(start_paused = true)]
async fn many_readers_of_one_range_cause_one_request() {
    let story = story(Faults::slow(Duration::from_millis(50)), CacheOptions::default()).await;
    let all = [10..20, 50_000..60_000];
    futures::future::join_all((0..20).map(|_| story.read(&all))).await;
    assert_eq!(story.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_gives_up_leaves_its_turn_to_another() {
    let lost = Faults { lost_reply: 1000, ..Faults::none() };
    let story = story(lost, CacheOptions::default()).await;
    let first = tokio::time::timeout(Duration::from_millis(10), story.read_one(10..20));
    let second = async {
        tokio::task::yield_now().await;
        story.read_one(10..20).await;
    };
    let recovers = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        story.fake.set_faults(Faults::none());
    };
    let (first, (), ()) = tokio::join!(first, second, recovers);
    assert!(first.is_err());
}

#[tokio::test(start_paused = true)]
async fn all_readers_are_told_of_an_error_and_nothing_is_remembered_of_it() {
    let story = story(Faults::none(), CacheOptions::default()).await;
    let absent = "tenants/a/blocks/02/samples.parquet";
    let both = [10..20, 100..200];
    let answers = futures::future::join_all((0..3).map(|_| story.cached.get_ranges(absent, &both))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(Error::NotFound { .. }))));
    assert!(matches!(story.cached.get_range(KEY, 99_999..100_001).await, Err(Error::Range { .. })));
    assert!(matches!(
        story.cached.get_range(KEY, std::ops::Range { start: 9, end: 3 }).await,
        Err(Error::Range { .. })
    ));
    story.fake.poke(absent, object());
    assert_eq!(story.cached.get_range(absent, 0..2).await.unwrap(), object()[..2]);
}

#[tokio::test(start_paused = true)]
async fn bytes_are_exact_whatever_the_store_does_and_the_memory_budget_holds() {
    let options = CacheOptions { memory_bytes: 40_000, gap_bytes: 500, ..CacheOptions::default() };
    let story = story(Faults::nasty_ranges(), options).await;
    for round in 0..40_u64 {
        let starts = (0..5).map(|n| (round * 7919 + n * 2311) % 95_000);
        let ranges: Vec<_> = starts.map(|start| start..start + 1 + (start * 13) % 3000).collect();
        tokio::join!(story.read(&ranges), story.read(&ranges[2..]));
        assert!(story.metric("mneme_bucket_cache_bytes", "memory") <= 40_000.0);
    }
    assert!(story.metric("mneme_bucket_cache_evictions_total", "memory") > 0.0);
}

#[tokio::test]
async fn what_was_read_is_on_the_disk_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let ranges = [0..1000, 50_000..50_010];
    let first = story(Faults::none(), on_disk(directory.path())).await;
    first.read(&ranges).await;
    first.cache.flush().await;
    let fake = Arc::clone(&first.fake);
    drop(first);
    let second = over(fake, on_disk(directory.path())).await;
    second.read(&ranges).await;
    assert_eq!(second.requests(), 0);
    assert_eq!(second.metric("mneme_bucket_cache_hits_total", "disk"), 2.0);
    second.read(&ranges).await;
    assert_eq!(second.metric("mneme_bucket_cache_hits_total", "memory"), 2.0);
}

#[tokio::test]
async fn damaged_files_are_deleted_and_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let first = story(Faults::none(), on_disk(directory.path())).await;
    let ranges = [0..1000, 50_000..51_000, 90_000..91_000];
    for range in ranges.clone() {
        first.read_one(range).await;
    }
    first.cache.flush().await;
    let fake = Arc::clone(&first.fake);
    drop(first);
    let mut damaged = files(directory.path());
    assert_eq!(damaged.len(), 3);
    let mut flipped = std::fs::read(&damaged[0]).unwrap();
    flipped[500] ^= 1;
    std::fs::write(&damaged[0], flipped).unwrap();
    std::fs::File::options().write(true).open(&damaged[1]).unwrap().set_len(40).unwrap();
    let half = damaged[2].with_extension("tmp");
    std::fs::rename(damaged.pop().unwrap(), &half).unwrap();
    let second = over(fake, on_disk(directory.path())).await;
    assert!(!half.exists(), "what was half-written goes at the start");
    second.read(&ranges).await;
    assert_eq!(second.metric("mneme_bucket_cache_corrupt_total", ""), 2.0);
    assert_eq!(second.metric("mneme_bucket_cache_misses_total", ""), 3.0);
    second.cache.flush().await;
    assert_eq!(files(directory.path()).len(), 3, "written again");
}

#[tokio::test]
async fn the_disk_budget_holds_also_when_it_became_smaller() {
    let directory = tempfile::tempdir().unwrap();
    let budget = |disk_bytes| CacheOptions { disk_bytes, ..on_disk(directory.path()) };
    let size = || files(directory.path()).iter().map(|file| file.metadata().unwrap().len()).sum::<u64>();
    let first = story(Faults::none(), budget(20_000)).await;
    for n in 0..60 {
        first.read_one(n * 1000..n * 1000 + 900).await;
        first.cache.flush().await;
    }
    assert!((15_000..=20_000).contains(&size()), "{}", size());
    assert!(first.metric("mneme_bucket_cache_evictions_total", "disk") > 30.0);
    first.read_one(0..2600).await;
    first.cache.flush().await;
    assert!(size() <= 20_000, "an entry of more than an eighth is left out");
    let fake = Arc::clone(&first.fake);
    drop(first);
    let second = over(fake, budget(10_000)).await;
    assert!((7_000..=10_000).contains(&size()), "{}", size());
    assert_eq!(second.metric("mneme_bucket_cache_bytes", "disk"), size() as f64);
}

#[tokio::test]
async fn a_directory_of_another_process_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let first = story(Faults::none(), on_disk(directory.path())).await;
    let second = story(Faults::none(), on_disk(directory.path())).await;
    second.read_one(0..1000).await;
    second.cache.flush().await;
    assert!(files(directory.path()).is_empty());
    first.read_one(0..1000).await;
    first.cache.flush().await;
    assert_eq!(files(directory.path()).len(), 1);
}
