//! What is acknowledged is visible, to its tenant only.

use std::sync::Arc;

use mneme_bucket::Bucket;
use mneme_ingester::Config;
use mneme_model::{Cut, Labels, PartitionId, TenantId, WriterId};
use mneme_proto::internal::ingester::{Delivery, DeliveryService, Error, QueryService};
use mneme_wal::Records;

use crate::support::{everything, held, ingester_with, records, started, writer};

#[tokio::test]
async fn an_acknowledged_write_is_visible_to_its_tenant_only() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 0).await;
    let first = wal.append(&records("a", &[("x", 1, 1.0), ("y", 1, 2.0)])).await.unwrap();
    assert!(!first.behind);
    wal.append(&records("a", &[("x", 2, 3.0)])).await.unwrap();
    wal.append(&records("b", &[("x", 1, 9.0)])).await.unwrap();

    let a = held(&ingester, "a").await;
    assert_eq!(a["x"], [(1, 1.0), (2, 3.0)]);
    assert_eq!(a["y"], [(1, 2.0)]);
    assert_eq!(held(&ingester, "b").await["x"], [(1, 9.0)]);
    assert!(held(&ingester, "c").await.is_empty());
    assert_eq!(ingester.label_names(everything("a")).await.unwrap(), ["__name__", "job"]);
    assert_eq!(ingester.label_values("__name__".to_owned(), everything("b")).await.unwrap(), ["x"]);
    assert_eq!(ingester.series(everything("a")).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_series_that_moved_to_another_partition_is_one_series() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 0).await;
    let labels = Labels::from_pairs([("__name__", "x"), ("job", "test")]);
    for (partition, t) in [(0, 1), (3, 2)] {
        let mut records = Records::new(TenantId::new("a").unwrap());
        let series = records.series(labels.view(), labels.view().hash(7), PartitionId(partition));
        records.float(series, t, 1.0, 0);
        wal.append(&records).await.unwrap();
    }
    assert_eq!(held(&ingester, "a").await["x"], [(1, 1.0), (2, 1.0)]);
    assert_eq!(ingester.series(everything("a")).await.unwrap(), [labels]);
}

#[tokio::test]
async fn another_value_at_a_known_time_is_told_and_the_preferred_one_is_kept() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 0).await;
    wal.append(&records("a", &[("x", 1, 1.0), ("y", 1, 5.0)])).await.unwrap();
    let again = wal.append(&records("a", &[("x", 1, 1.0), ("y", 1, 4.0), ("z", 1, 1.0)])).await.unwrap();
    assert_eq!(again.conflicts, [1], "the same value again is no conflict");
    let held = held(&ingester, "a").await;
    assert_eq!((held["y"].as_slice(), held["z"].as_slice()), (&[(1, 5.0)][..], &[(1, 1.0)][..]));
}

#[tokio::test]
async fn segments_before_a_delivered_one_are_read_from_the_bucket_and_applied_once() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 2).await;
    for t in 1..=2 {
        assert!(wal.append(&records("a", &[("x", t, t as f64)])).await.unwrap().behind);
    }
    assert!(held(&ingester, "a").await.is_empty());
    wal.append(&records("a", &[("x", 3, 3.0)])).await.unwrap();
    assert_eq!(held(&ingester, "a").await["x"], [(1, 1.0), (2, 2.0), (3, 3.0)]);

    let old = Delivery { writer: wal.committed().0, seq: 1, cut: Cut(0), sections: Vec::new() };
    assert!(!ingester.deliver(old).await.unwrap().behind);
}

#[tokio::test]
async fn before_the_replay_nothing_is_taken_or_answered() {
    let ingester = ingester_with(&Bucket::memory(), Config::default(), &prometheus::Registry::new());
    assert!(matches!(ingester.select(everything("a"), Arc::default()).await, Err(Error::NotReady(_))));
    let delivery = Delivery { writer: WriterId(1), seq: 1, cut: Cut(0), sections: Vec::new() };
    assert!(ingester.deliver(delivery).await.unwrap().behind);
}
