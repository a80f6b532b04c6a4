//! A restart forgets nothing.

use mneme_bucket::Bucket;
use mneme_wal::{Tail, TailEvent};

use crate::support::{held, records, started, writer};

#[tokio::test]
async fn after_restarts_the_same_is_held() {
    let bucket = Bucket::memory();
    let mut expected = std::collections::BTreeMap::new();
    for run in 0..3 {
        let ingester = started(&bucket).await;
        assert_eq!(held(&ingester, "a").await, expected, "run {run}");
        let wal = writer(&bucket, &ingester, 0).await;
        for t in 0..5 {
            let many: Vec<String> = (0..50).map(|i| format!("m{i}")).collect();
            let samples: Vec<_> = many.iter().map(|name| (name.as_str(), run * 10 + t, t as f64)).collect();
            wal.append(&records("a", &samples)).await.unwrap();
            if t == 2 {
                wal.advance_cut(mneme_model::Cut(1));
            }
        }
        expected = held(&ingester, "a").await;
        assert_eq!(expected.len(), 50);
        assert_eq!(expected["m7"].len(), 5 * (run as usize + 1));
    }
}

#[tokio::test]
async fn writers_of_before_are_sealed_where_nobody_else_writes() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 0).await;
    wal.append(&records("a", &[("x", 1, 1.0)])).await.unwrap();
    let (id, last) = wal.committed();
    drop(wal);
    let _again = started(&bucket).await;
    let next = Tail::new(bucket, id, last).next().await.unwrap();
    assert!(matches!(next, Some(TailEvent::Sealed { .. })), "{next:?}");
}
