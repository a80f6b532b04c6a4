//! A broken segment is reported; what is before and after it is kept.

use bytes::Bytes;
use mneme_bucket::Bucket;
use mneme_ingester::Config;

use crate::support::{counter, held, ingester_with, records, started, writer};

#[tokio::test]
async fn a_broken_segment_costs_only_its_own_records() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 0).await;
    for t in 1..=4 {
        wal.append(&records("a", &[("x", t, t as f64)])).await.unwrap();
    }
    let (id, _) = wal.committed();
    bucket.put(&format!("wal/{:020}/{:020}", id.0, 2), Bytes::from_static(b"not a segment")).await.unwrap();

    let registry = prometheus::Registry::new();
    let again = ingester_with(&bucket, Config::default(), &registry);
    again.replay().await.unwrap();
    assert_eq!(held(&again, "a").await["x"], [(1, 1.0), (3, 3.0), (4, 4.0)]);
    assert_eq!(counter(&registry, "mneme_ingester_corrupt_total"), 1.0);
}
