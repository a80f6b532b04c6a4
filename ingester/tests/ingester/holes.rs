//! A missing object is reported; what is before and after it is held.

use mneme_bucket::Bucket;
use mneme_ingester::Config;

use crate::support::{counter, held, ingester_with, records, started, writer};

#[tokio::test]
async fn missing_segments_and_log_entries_hide_nothing_else() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 0).await;
    for t in 1..=6 {
        wal.append(&records("a", &[("x", t, t as f64)])).await.unwrap();
    }
    let (id, _) = wal.committed();
    drop(wal);
    bucket.delete(&format!("wal/{:020}/{:020}", id.0, 3)).await.unwrap();
    bucket.delete(&format!("wal/log/{:020}", id.0)).await.unwrap();
    for run in 0..2 {
        let registry = prometheus::Registry::new();
        let again = ingester_with(&bucket, Config::default(), &registry);
        again.replay().await.unwrap();
        let points = [1, 2, 4, 5, 6].map(|t| (t, t as f64));
        assert_eq!(held(&again, "a").await["x"], points, "run {run}");
        assert_eq!(counter(&registry, "mneme_ingester_missing_total"), 2.0);
        assert_eq!(counter(&registry, "mneme_ingester_corrupt_total"), 0.0);
        let _joined = writer(&bucket, &again, 0).await;
    }
}

#[tokio::test]
async fn a_delivery_after_a_hole_is_taken() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 3).await;
    for t in 1..=3 {
        wal.append(&records("a", &[("x", t, t as f64)])).await.unwrap();
    }
    bucket.delete(&format!("wal/{:020}/{:020}", wal.committed().0.0, 2)).await.unwrap();
    assert!(!wal.append(&records("a", &[("x", 4, 4.0)])).await.unwrap().behind);
    assert_eq!(held(&ingester, "a").await["x"], [(1, 1.0), (3, 3.0), (4, 4.0)]);
}
