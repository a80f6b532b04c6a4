//! One suite for every backend: memory, a directory, the fake that behaves.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{AttemptIds, Bucket, Chain, Created, Error, Operation, Options, Outcome, check};

async fn objects_are_whole_and_created_once(bucket: &Bucket) {
    assert!(matches!(bucket.get("a/b").await, Err(Error::NotFound { .. })));
    assert!(matches!(bucket.head("a/b").await, Err(Error::NotFound { .. })));
    assert!(matches!(bucket.create("a/b", Bytes::from_static(b"0123456789")).await, Created::Yes));
    assert!(matches!(bucket.create("a/b", Bytes::from_static(b"other")).await, Created::Exists));
    assert_eq!(bucket.get("a/b").await.unwrap(), "0123456789");
    assert_eq!(bucket.get_range("a/b", 3..6).await.unwrap(), "345");
    assert!(bucket.get_range("a/b", 3..11).await.is_err());
    assert_eq!(bucket.head("a/b").await.unwrap().size, 10);
    bucket.put("a/b", Bytes::from_static(b"new")).await.unwrap();
    assert_eq!(bucket.get("a/b").await.unwrap(), "new");
    bucket.delete("a/b").await.unwrap();
    bucket.delete("a/b").await.unwrap();
    assert!(matches!(bucket.get("a/b").await, Err(Error::NotFound { .. })));
    assert!(matches!(bucket.get("../b").await, Err(Error::InvalidKey { .. })));
    let large = Bytes::from(vec![7; 3 << 20]);
    assert!(matches!(bucket.create("deep/er/and/deeper", large.clone()).await, Created::Yes));
    assert_eq!(bucket.get("deep/er/and/deeper").await.unwrap(), large);
    assert!(bucket.stats().of(Operation::Create).requests >= 3);
    assert!(bucket.stats().of(Operation::Get).bytes >= large.len() as u64);
}

async fn listings_are_ascending_and_by_whole_segments(bucket: &Bucket) {
    for key in ["l/2", "l/1", "l/sub/3", "list/4", "l/10"] {
        bucket.put(key, Bytes::from_static(b"x")).await.unwrap();
    }
    let list = async |prefix: &str, after: Option<&str>| -> Vec<String> {
        bucket.list(prefix, after).map_ok(|object| object.key).try_collect().await.unwrap()
    };
    assert_eq!(list("l", None).await, ["l/1", "l/10", "l/2", "l/sub/3"]);
    assert_eq!(list("l", Some("l/10")).await, ["l/2", "l/sub/3"]);
    assert_eq!(list("nothing", None).await, [""; 0]);
}

async fn a_chain_grows_without_gaps(bucket: &Bucket) {
    let chain = Chain::new(bucket.clone(), "chain");
    assert_eq!(chain.newest(0).await.unwrap(), None);
    for number in 1..=3 {
        let bytes = Bytes::from(format!("number {number}"));
        assert_eq!(chain.create(number, &bytes).await.unwrap(), Outcome::Won);
        let other = Bytes::from_static(b"late");
        assert_eq!(chain.create(number, &other).await.unwrap(), Outcome::Lost(bytes));
    }
    assert_eq!(chain.newest(0).await.unwrap(), Some(3));
    chain.delete_through(2).await.unwrap();
    assert_eq!(chain.read(2).await.unwrap(), None);
    assert_eq!(chain.newest(0).await.unwrap(), Some(3));
}

async fn suite(bucket: &Bucket) {
    objects_are_whole_and_created_once(bucket).await;
    listings_are_ascending_and_by_whole_segments(bucket).await;
    a_chain_grows_without_gaps(bucket).await;
    check::check(bucket, &AttemptIds::random()).await.unwrap();
}

#[tokio::test]
async fn memory() {
    suite(&Bucket::open("memory://", Options::default()).await.unwrap()).await;
}

#[tokio::test]
async fn fake_that_behaves() {
    suite(&Bucket::new(Arc::new(Fake::new(1, Faults::none())), Options::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn directory() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}/bucket", directory.path().display());
    let bucket = Bucket::open(&url, Options::default()).await.unwrap();
    suite(&bucket).await;
    drop(bucket);
    let again = Bucket::open(&url, Options::default()).await.unwrap();
    assert_eq!(again.get("l/sub/3").await.unwrap(), "x", "what was written is there after a restart");
}
