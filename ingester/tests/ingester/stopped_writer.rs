//! A writer that stops holds no cut up for long, and goes on when it is revived, however much was truncated meanwhile.

use std::sync::Arc;

use mneme_bucket::{AttemptIds, Bucket};
use mneme_wal::{DeliverNowhere, Wal};

use crate::support::{Running, counter, held, quick, records, until, writer};

/// A writer that does not see the log: its process is stopped.
async fn stopped_writer(bucket: &Bucket) -> Wal {
    let parts = mneme_wal::Parts {
        instance: "stopped".to_owned(),
        zone: String::new(),
        deliver: Arc::new(DeliverNowhere),
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::random()),
        on_commit: None,
    };
    let config = mneme_wal::Config {
        log_poll_interval: std::time::Duration::from_secs(1_000_000),
        ..mneme_wal::Config::default()
    };
    Wal::join(bucket.clone(), config, parts).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_revived_writer_goes_on_after_its_segments_are_truncated() {
    let bucket = Bucket::memory();
    let running = Running::start(&bucket, quick()).await;
    let stopped = stopped_writer(&bucket).await;
    stopped.append(&records("a", &[("x", 1, 1.0)])).await.unwrap();
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&records("a", &[("x", 2, 2.0)])).await.unwrap();
    let begun = tokio::time::Instant::now();
    until("the seal", || counter(&running.registry, "mneme_ingester_sealed_writers_total") == 1.0).await;
    let held_up = begun.elapsed().as_secs();
    assert!((29..40).contains(&held_up), "sealed after {held_up} s");
    running.saved(running.cut() + 3).await;
    until("truncation", || counter(&running.registry, "mneme_wal_truncated_segments_total") > 3.0).await;

    let again = stopped.append(&records("a", &[("x", 3, 3.0)])).await.unwrap();
    assert!(again.seq >= 1 && stopped.stats().rejoins() == 1);
    wal.append(&records("a", &[("x", 4, 4.0)])).await.unwrap();
    running.kill().await;
    let running = Running::start(&bucket, quick()).await;
    assert_eq!(held(&running.ingester, "a").await["x"], [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]);
}
