//! A checkpoint that cannot be read is reported; the WAL is read instead, as far as it is still there.

use bytes::Bytes;
use mneme_bucket::Bucket;

use crate::support::{Running, counter, held, keys, quick, records, writer};

/// Three generations of a sample each, the last one saved just now; returns the checkpoints' keys with data, ascending.
async fn three_generations(bucket: &Bucket) -> Vec<String> {
    let running = Running::start(bucket, quick()).await;
    let wal = writer(bucket, &running.ingester, 0).await;
    for t in 1..=3 {
        if t == 3 {
            let truncated = || counter(&running.registry, "mneme_wal_truncated_segments_total") >= 2.0;
            crate::support::until("truncation", truncated).await;
        }
        let before = with_data(bucket).await.len();
        wal.append(&records("a", &[("x", t, t as f64)])).await.unwrap();
        let written = async {
            while with_data(bucket).await.len() == before {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(600), written)
            .await
            .expect("a checkpoint with data");
    }
    running.kill().await;
    with_data(bucket).await
}

/// Checkpoints without data are shorter than any with some.
async fn with_data(bucket: &Bucket) -> Vec<String> {
    let mut with_data = Vec::new();
    for key in keys(bucket, "partitions").await {
        // One may be deleted since it was listed.
        if bucket.get(&key).await.is_ok_and(|bytes| bytes.len() > 160) {
            with_data.push(key);
        }
    }
    with_data
}

async fn break_at(bucket: &Bucket, key: &str, at: usize) {
    let mut bytes = bucket.get(key).await.unwrap().to_vec();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 0x10;
    bucket.put(key, Bytes::from(bytes)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_a_broken_newest_checkpoint_the_log_has_everything() {
    for at in [0, 20, 40, 100, 150, usize::MAX] {
        let bucket = Bucket::memory();
        let newest = three_generations(&bucket).await.pop().unwrap();
        break_at(&bucket, &newest, at).await;
        let running = Running::start(&bucket, quick()).await;
        assert_eq!(held(&running.ingester, "a").await["x"], [(1, 1.0), (2, 2.0), (3, 3.0)], "byte {at}");
        assert_eq!(counter(&running.registry, "mneme_ingester_corrupt_checkpoints_total"), 1.0);
        assert_eq!(counter(&running.registry, "mneme_ingester_lost_partitions_total"), 0.0);
        // The next checkpoint holds what the broken one should.
        running.saved(running.cut() + 3).await;
        running.kill().await;
        let running = Running::start(&bucket, quick()).await;
        assert_eq!(held(&running.ingester, "a").await["x"], [(1, 1.0), (2, 2.0), (3, 3.0)], "byte {at}");
        assert_eq!(counter(&running.registry, "mneme_ingester_checkpoint_gaps_total"), 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_broken_older_checkpoint_only_its_own_records_are_lost_and_that_is_told() {
    let bucket = Bucket::memory();
    let first = three_generations(&bucket).await.remove(0);
    break_at(&bucket, &first, 100).await;
    let running = Running::start(&bucket, quick()).await;
    assert_eq!(held(&running.ingester, "a").await["x"], [(2, 2.0), (3, 3.0)]);
    assert_eq!(counter(&running.registry, "mneme_ingester_corrupt_checkpoints_total"), 1.0);
    assert_eq!(counter(&running.registry, "mneme_ingester_checkpoint_gaps_total"), 1.0);
    assert_eq!(counter(&running.registry, "mneme_ingester_lost_partitions_total"), 1.0);
}
