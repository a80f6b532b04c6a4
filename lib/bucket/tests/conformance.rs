//! The suite over the backends that are in this crate.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod suite;

use std::sync::Arc;

use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{Bucket, Options};

#[tokio::test]
async fn memory() {
    suite::run(&Bucket::open("memory://", Options::default()).await.unwrap()).await;
}

#[tokio::test]
async fn fake_that_behaves() {
    suite::run(&Bucket::new(Arc::new(Fake::new(1, Faults::none())), Options::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn directory() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}/bucket", directory.path().display());
    let bucket = Bucket::open(&url, Options::default()).await.unwrap();
    suite::run(&bucket).await;
    drop(bucket);
    let again = Bucket::open(&url, Options::default()).await.unwrap();
    assert_eq!(again.get("l/sub/3").await.unwrap(), "l/sub/3", "what was written is there after a restart");
}
