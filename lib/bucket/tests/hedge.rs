//! A create without an answer is sent once more: two in flight at most, one object, and none of it for a disk.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_bucket::{Bucket, Chain, Created, Error, Listing, Object, Operation, Options, Outcome, Store};
use tokio::time::Instant;

/// Passes on to a fake; counts creates in flight and holds the first ones back.
#[derive(Debug)]
struct Watched {
    fake: Fake,
    /// So many creates take a minute before they reach the fake.
    stuck: AtomicUsize,
    in_flight: AtomicUsize,
    most: AtomicUsize,
    remote: bool,
}

struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Store for Watched {
    fn is_remote(&self) -> bool {
        self.remote
    }

    async fn get(&self, key: &str) -> Result<Bytes, Error> {
        self.fake.get(key).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.fake.get_range(key, range).await
    }

    async fn head(&self, key: &str) -> Result<Object, Error> {
        self.fake.head(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        self.fake.put(key, bytes).await
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Created {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        let _in_flight = InFlight(&self.in_flight);
        let stuck = self.stuck.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if stuck.is_ok() {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        self.fake.create(key, bytes).await
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        self.fake.list(prefix, after)
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        self.fake.delete(key).await
    }
}

fn watched(seed: u64, stuck: usize, remote: bool) -> (Arc<Watched>, Chain) {
    let store = Arc::new(Watched {
        fake: Fake::new(seed, Faults::none()),
        stuck: stuck.into(),
        in_flight: 0.into(),
        most: 0.into(),
        remote,
    });
    let options = Options { request_timeout: Duration::from_secs(300), ..Options::default() };
    let bucket = Bucket::new(Arc::clone(&store) as Arc<_>, options);
    (store, Chain::new(bucket, "c"))
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_stuck_is_overtaken_by_its_hedge() {
    let (store, chain) = watched(1, 1, true);
    let begun = Instant::now();
    assert_eq!(chain.create(1, &Bytes::from_static(b"mine")).await.unwrap(), Outcome::Won);
    assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
    assert_eq!((chain.bucket().stats().hedges(), store.most.load(Ordering::Relaxed)), (1, 2));
    assert_eq!(chain.bucket().stats().of(Operation::Create).requests, 2);
    assert_eq!(chain.create(2, &Bytes::from_static(b"next")).await.unwrap(), Outcome::Won);
    assert_eq!(chain.bucket().stats().hedges(), 1, "a quick answer needs no hedge");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_found_out_by_the_hedge_and_read_back_as_ours() {
    let (store, chain) = watched(1, 0, true);
    store.fake.set_faults(Faults { lost_reply: 1000, ..Faults::none() });
    let (mine, begun) = (Bytes::from_static(b"mine"), Instant::now());
    let recovers = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        store.fake.set_faults(Faults::none());
    };
    let (outcome, ()) = tokio::join!(chain.create(1, &mine), recovers);
    assert_eq!(outcome.unwrap(), Outcome::Won, "exists, and it is ours");
    assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_at_most_are_in_flight_however_long_it_takes() {
    let (store, chain) = watched(1, 2, true);
    assert_eq!(chain.create(1, &Bytes::from_static(b"mine")).await.unwrap(), Outcome::Won);
    assert_eq!(store.most.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_disk_does_not_do_the_work_twice() {
    let (store, chain) = watched(1, 1, false);
    assert_eq!(chain.create(1, &Bytes::from_static(b"mine")).await.unwrap(), Outcome::Won);
    assert_eq!((chain.bucket().stats().hedges(), store.most.load(Ordering::Relaxed)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_as_a_whole_is_soon_not_asked_twice() {
    let (store, chain) = watched(5, 0, true);
    store.fake.set_faults_for(Scope::of(Operation::Create), Faults::slow(Duration::from_secs(4)));
    for number in 1..=300 {
        let bytes = Bytes::from(format!("{number}"));
        assert_eq!(chain.create(number, &bytes).await.unwrap(), Outcome::Won);
    }
    let hedges = chain.bucket().stats().hedges();
    assert!((1..60).contains(&hedges), "{hedges} hedges of 300 creates");
}
