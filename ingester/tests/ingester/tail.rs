//! What nobody delivers is read from the bucket.

use std::time::Duration;

use mneme_bucket::Bucket;
use mneme_ingester::Config;

use crate::support::{held, ingester_with, records, writer};

#[tokio::test]
async fn a_writer_that_does_not_deliver_is_read() {
    let bucket = Bucket::memory();
    let config = Config { poll_interval: Duration::from_millis(10), ..Config::default() };
    let ingester = ingester_with(&bucket, config, &prometheus::Registry::new());
    ingester.replay().await.unwrap();
    let (signal, drain) = mneme_server::drain::channel();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(ingester.clone().run(drain));

    let wal = writer(&bucket, &ingester, u64::MAX).await;
    wal.append(&records("a", &[("x", 1, 1.0)])).await.unwrap();
    let seen = async {
        while held(&ingester, "a").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), seen).await.expect("the segment is found by polling");

    signal.start();
    tasks.join_next().await.unwrap().unwrap().unwrap();
}
