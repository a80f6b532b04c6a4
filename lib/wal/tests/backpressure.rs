//! One byte budget, a quarter of it per tenant, and tenants in turns: what a large tenant piles up does not delay a small one.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_bucket::{Bucket, Operation};
use mneme_model::TenantId;
use mneme_wal::{AppendError, Appended, Config, DeliverNowhere, Records, Wal};
use support::{add_series, bucket_over, good_fake, one_float, parts, read_back, series};
use tokio::time::Instant;

/// So many samples of one series.
fn samples(tenant: &str, first: i64, count: i64) -> Records {
    let mut records = Records::new(TenantId::new(tenant).unwrap());
    let index = add_series(&mut records, &series("m", 1));
    for t in first..first + count {
        records.float(index, t, t as f64, 0);
    }
    records
}

async fn writer(fake: &Arc<Fake>, max_buffered_bytes: usize) -> (Bucket, Wal) {
    let bucket = bucket_over(fake);
    let config = Config { max_segment_bytes: 10_000, max_buffered_bytes, ..Config::default() };
    let wal = Wal::join(bucket.clone(), config, parts(1, Arc::new(DeliverNowhere))).await.unwrap();
    (bucket, wal)
}

async fn until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it never came");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_over_its_quarter_is_refused_and_the_others_are_not() {
    let fake = good_fake();
    let (bucket, wal) = writer(&fake, 200_000).await;
    fake.set_faults(Faults::down());
    let large: Vec<Records> = (0..30).map(|n| samples("large", n * 100, 100)).collect();
    let larges = futures::future::join_all(large.iter().map(|records| wal.append(records)));
    let small = async {
        until(|| wal.stats().tenant_overloaded() > 0).await;
        let small = samples("small", 0, 1);
        let back = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            fake.set_faults(Faults::none());
        };
        tokio::join!(wal.append(&small), back).0.unwrap();
    };
    let (larges, ()) = tokio::join!(larges, small);
    let taken = larges.iter().filter(|result| result.is_ok()).count();
    let size = large[0].size();
    assert_eq!(taken, 50_000 / size, "a quarter's worth");
    for refused in larges.iter().filter_map(|result| result.as_ref().err()) {
        let words = refused.to_string();
        assert!(matches!(refused, AppendError::TenantOverloaded { limit: 50_000, .. }), "{words}");
        assert!(words.contains("wal.max_buffered_bytes") && words.contains("50000"), "{words}");
    }
    assert_eq!((wal.stats().overloaded(), wal.stats().buffered_bytes()), (0, 0));
    let found: usize = read_back(&bucket).await.segments.values().map(Vec::len).sum();
    assert_eq!(found, taken * 100 + 1, "each once");
}

#[tokio::test(start_paused = true)]
async fn many_tenants_share_the_whole_budget() {
    let fake = good_fake();
    let (_, wal) = writer(&fake, 100_000).await;
    fake.set_faults(Faults::down());
    let requests: Vec<Records> = (0..60).map(|n| samples(&format!("t{n}"), 0, 100)).collect();
    let results = futures::future::join_all(requests.iter().map(|records| wal.append(records))).await;
    let refused =
        results.iter().filter(|r| matches!(r, Err(AppendError::Overloaded { limit: 100_000, .. }))).count();
    assert_eq!(refused, 60 - 100_000 / requests[0].size());
    assert_eq!((wal.stats().tenant_overloaded(), wal.stats().overloaded()), (0, refused as u64));
}

#[tokio::test(start_paused = true)]
async fn a_small_tenant_does_not_wait_behind_a_large_ones_backlog() {
    let fake = good_fake();
    let (bucket, wal) = writer(&fake, 2_000_000).await;
    // Every segment takes a while.
    fake.set_faults_for(Scope::of(Operation::Create), Faults::slow(Duration::from_millis(90)));
    let large: Vec<Records> = (0..150).map(|n| samples("large", n * 100, 100)).collect();
    let larges = futures::future::join_all(large.iter().map(|records| wal.append(records)));
    let smalls = async {
        until(|| wal.stats().waiting_appends() > 100).await;
        let mut worst = 0;
        for t in 0..10 {
            let before = wal.committed().1;
            worst = worst
                .max(wal.append(&one_float("small", &series("s", 1), t, 1.0)).await.unwrap().seq - before);
        }
        worst
    };
    let (larges, worst) = tokio::join!(larges, smalls);
    let seqs: Vec<u64> =
        larges.into_iter().map(|appended: Result<Appended, _>| appended.unwrap().seq).collect();
    assert!(seqs.is_sorted(), "a tenant's own requests keep their order");
    assert!(*seqs.last().unwrap() > 30, "there was a backlog");
    // The segment in flight, the full one behind it, and the next.
    assert!(worst <= 3, "a small tenant waited for {worst} segments");
    let replayed = read_back(&bucket).await;
    assert_eq!(replayed.segments.values().map(Vec::len).sum::<usize>(), 150 * 100 + 10);
    let sizes: Vec<usize> = replayed.segments.values().map(Vec::len).collect();
    let full = sizes.iter().filter(|size| **size >= 300).count();
    assert!(full + 5 >= sizes.len(), "turns fill their segments: {sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_gives_the_bytes_back_and_stores_nothing() {
    let fake = good_fake();
    let (bucket, wal) = writer(&fake, 400_000).await;
    fake.set_faults(Faults::down());
    let requests: Vec<Records> = (0..30).map(|n| samples("t", n * 100, 100)).collect();
    let begun = Instant::now();
    let results = futures::future::join_all(requests.iter().map(|records| wal.append(records))).await;
    assert!(results.iter().all(|result| matches!(result, Err(AppendError::Deadline { .. }))), "{results:?}");
    assert_eq!(begun.elapsed().as_secs(), 10, "the deadline holds for the turn and the commit together");
    let held = wal.stats().buffered_bytes();
    assert!((1..=20_000).contains(&held), "only what is in batches is still held: {held}");
    assert_eq!(wal.stats().waiting_appends(), 0);
    // Giving up the future itself does the same.
    {
        let appends = futures::future::join_all(requests.iter().map(|records| wal.append(records)));
        assert!(tokio::time::timeout(Duration::from_secs(1), appends).await.is_err());
    }
    assert_eq!((wal.stats().buffered_bytes(), wal.stats().waiting_appends()), (held, 0));
    fake.set_faults(Faults::none());
    until(|| wal.stats().buffered_bytes() == 0).await;
    wal.append(&samples("t", 99_999, 1)).await.unwrap();
    let found: usize = read_back(&bucket).await.segments.values().map(Vec::len).sum();
    assert!(found < 1000, "what was never in a batch is not stored: {found}");
}

#[tokio::test(start_paused = true)]
async fn closing_commits_those_who_wait_for_room() {
    let fake = good_fake();
    let (bucket, wal) = writer(&fake, 2_000_000).await;
    fake.set_faults_for(Scope::of(Operation::Create), Faults::slow(Duration::from_millis(50)));
    let requests: Vec<Records> = (0..100).map(|n| samples("t", n * 100, 100)).collect();
    let appends = futures::future::join_all(requests.iter().map(|records| wal.append(records)));
    let (results, closed) = tokio::join!(appends, wal.close(Duration::from_secs(30)));
    assert!(closed && results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(read_back(&bucket).await.segments.values().map(Vec::len).sum::<usize>(), 10_000);
}
