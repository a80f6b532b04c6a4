//! Complete cuts become checkpoints, the WAL is truncated behind them, and a start needs no more than both.

use mneme_bucket::Bucket;

use crate::support::{PARTITIONS, Running, counter, held, keys, quick, records, segments, writer};

#[tokio::test(start_paused = true)]
async fn a_start_from_checkpoints_and_a_truncated_log_holds_the_same() {
    let bucket = Bucket::memory();
    let mut expected = std::collections::BTreeMap::new();
    for run in 0..3 {
        let running = Running::start(&bucket, quick()).await;
        assert_eq!(held(&running.ingester, "a").await, expected, "run {run}");
        let wal = writer(&bucket, &running.ingester, 0).await;
        for round in 0..4 {
            for t in 0..5 {
                let t = run * 1000 + round * 10 + t;
                wal.append(&records("a", &[("x", t, t as f64), ("y", t, 1.0), ("z", t, 2.0)])).await.unwrap();
            }
            running.saved(running.cut() + 1).await;
        }
        expected = held(&running.ingester, "a").await;
        assert_eq!(expected["x"].len(), 20 * (run as usize + 1));
        crate::support::until("truncation", || {
            counter(&running.registry, "mneme_wal_truncated_segments_total") > 10.0
        })
        .await;
        if run % 2 == 0 { running.kill().await } else { running.stop().await }
    }
    assert!(segments(&bucket).await.len() < 20, "{:?}", segments(&bucket).await);
    let running = Running::start(&bucket, quick()).await;
    assert_eq!(held(&running.ingester, "a").await, expected);
    let replayed = counter(&running.registry, "mneme_ingester_checkpoint_loaded_bytes_total");
    assert!(replayed > 0.0);
    assert_eq!(counter(&running.registry, "mneme_ingester_corrupt_checkpoints_total"), 0.0);
    assert_eq!(counter(&running.registry, "mneme_ingester_missing_total"), 0.0);
    assert_eq!(counter(&running.registry, "mneme_ingester_checkpoint_gaps_total"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_cluster_keeps_two_checkpoints_per_partition_and_one_object_per_finished_writer() {
    let bucket = Bucket::memory();
    let running = Running::start(&bucket, quick()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    running.saved(8).await;
    drop(wal);
    assert!(keys(&bucket, "partitions").await.len() <= 3 * usize::from(PARTITIONS));
    running.stop().await;
    // The writers of before are sealed by the next start.
    for _ in 0..3 {
        let running = Running::start(&bucket, quick()).await;
        running.saved(running.cut() + 3).await;
        running.stop().await;
    }
    let left = segments(&bucket).await;
    assert_eq!(left.len(), 1, "{left:?}");
}
