//! A writer that can never append again says so at once, to all.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::fake::Faults;
use mneme_wal::{AppendError, CommittedSegment, Config, Deliver, DeliverNowhere, Verdict, Wal};
use support::{bucket_over, good_fake, join, one_float, parts, read_back, series};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_committer_fails_its_waiters_at_once_and_is_told() {
    let bucket = bucket_over(&good_fake());
    let mut parts = parts(1, Arc::new(DeliverNowhere));
    parts.on_commit = Some(Arc::new(|_, _| panic!("a broken hook")));
    let config = Config { max_segment_bytes: 200, ..Config::default() };
    let wal = Wal::join(bucket, config, parts).await.unwrap();
    let begun = Instant::now();
    let records: Vec<_> = (0..20).map(|n| one_float("t", &series("m", n), 1, 1.0)).collect();
    let appends = futures::future::join_all(records.iter().map(|records| wal.append(records)));
    let (appended, failure) = tokio::join!(appends, wal.failed());
    assert!(appended.iter().all(|result| matches!(result, Err(AppendError::Failed(_)))), "{appended:?}");
    assert!(failure.to_string().contains("panicked"), "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(matches!(wal.append(&records[0]).await, Err(AppendError::Failed(_))));
}

struct Panics;

#[async_trait::async_trait]
impl Deliver for Panics {
    async fn deliver(&self, _: Arc<CommittedSegment>) -> Verdict {
        panic!("a broken owner")
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_delivery_is_told_and_what_is_durable_is_still_acknowledged() {
    let bucket = bucket_over(&good_fake());
    let wal = Wal::join(bucket.clone(), Config::default(), parts(1, Arc::new(Panics))).await.unwrap();
    let (record, begun) = (one_float("t", &series("m", 1), 1, 1.0), Instant::now());
    let (appended, failure) = tokio::join!(wal.append(&record), wal.failed());
    assert!(appended.unwrap().behind, "it is in the bucket, but nobody was told");
    assert!(failure.to_string().contains("delivery panicked"), "{failure}");
    assert!(matches!(wal.append(&record).await, Err(AppendError::Failed(_))));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(read_back(&bucket).await.segments.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_reaches_those_who_wait_for_room_too() {
    let fake = good_fake();
    let config = Config { max_segment_bytes: 1024, ..Config::default() };
    let mut parts = parts(1, Arc::new(DeliverNowhere));
    parts.on_commit = Some(Arc::new(|_, _| panic!("a broken hook")));
    let wal = Wal::join(bucket_over(&fake), config, parts).await.unwrap();
    fake.set_faults(Faults::down());
    let records: Vec<_> = (0..100).map(|n| one_float("t", &series("m", n), 1, 1.0)).collect();
    let appends = futures::future::join_all(records.iter().map(|records| wal.append(records)));
    let comes_back = async {
        let begun = tokio::time::Instant::now();
        while wal.stats().waiting_appends() < 50 {
            assert!(begun.elapsed() < Duration::from_secs(600), "the appends never waited");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        fake.set_faults(Faults::none());
    };
    let (appended, ()) = tokio::join!(appends, comes_back);
    assert!(appended.iter().all(|result| matches!(result, Err(AppendError::Failed(_)))), "{appended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_down_or_a_close_is_no_failure() {
    let fake = good_fake();
    let wal = join(&bucket_over(&fake), 1).await;
    fake.set_faults(Faults { error_before: 1000, ..Faults::none() });
    let _ = wal.append(&one_float("t", &series("m", 1), 1, 1.0)).await;
    assert!(tokio::time::timeout(Duration::from_secs(600), wal.failed()).await.is_err());
    fake.set_faults(Faults::none());
    wal.close(Duration::from_secs(60)).await;
    assert!(tokio::time::timeout(Duration::from_secs(600), wal.failed()).await.is_err());
}
