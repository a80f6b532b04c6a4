//! What only a directory has: a lock, leftovers of a crash.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;

use bytes::Bytes;
use mneme_bucket::{Bucket, Error, Options};

fn url(directory: &tempfile::TempDir) -> String {
    format!("file://{}", directory.path().display())
}

#[tokio::test]
async fn a_second_opener_is_told_who_holds_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    let error = Bucket::open(&url(&directory), Options::default()).await.unwrap_err();
    assert!(matches!(error, Error::Locked { .. }));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(first);
    Bucket::open(&url(&directory), Options::default()).await.unwrap();
}

#[tokio::test]
async fn a_reader_needs_no_lock_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let writer = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    let reader = Bucket::open_read_only(&url(&directory), Options::default()).await.unwrap();
    writer.put("a", Bytes::from_static(b"1")).await.unwrap();
    assert_eq!(reader.get("a").await.unwrap(), "1");
    assert_eq!(reader.keys("", None, None).await.unwrap(), ["a"]);
    assert!(reader.put("a", Bytes::from_static(b"2")).await.is_err());
    assert!(reader.delete("a").await.is_err());
    assert!(matches!(reader.create("b", Bytes::new()).await, mneme_bucket::Created::Unknown(_)));
    assert_eq!(writer.get("a").await.unwrap(), "1");
    drop((writer, reader));
    let absent = format!("{}/absent", url(&directory));
    assert!(Bucket::open_read_only(&absent, Options::default()).await.is_err());
    assert!(!directory.path().join("absent").exists());
}

#[tokio::test]
async fn unfinished_files_of_a_crash_go_at_the_start_and_never_show() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    bucket.put("a", Bytes::from_static(b"1")).await.unwrap();
    drop(bucket);
    fs::write(directory.path().join(".tmp/17"), b"half").unwrap();
    let bucket = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    assert_eq!(fs::read_dir(directory.path().join(".tmp")).unwrap().count(), 0);
    let listed: Vec<_> = futures::StreamExt::collect::<Vec<_>>(bucket.list("", None)).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].as_ref().unwrap().key, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_creates_of_one_key_have_one_winner_and_leave_no_temporary() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    for round in 0..20 {
        let key = format!("deep/{round}/key");
        let creates = (0..8).map(|racer| bucket.create(&key, Bytes::from(format!("{racer}"))));
        let outcomes = futures::future::join_all(creates).await;
        let winners = outcomes.iter().filter(|outcome| matches!(outcome, mneme_bucket::Created::Yes)).count();
        assert_eq!(winners, 1);
    }
    assert_eq!(fs::read_dir(directory.path().join(".tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn folders_that_somebody_removed_are_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    bucket.put("deep/down/a", Bytes::from_static(b"1")).await.unwrap();
    for folder in [".tmp", "deep"] {
        fs::remove_dir_all(directory.path().join(folder)).unwrap();
        let created = bucket.create("deep/down/b", Bytes::from_static(b"2")).await;
        assert!(matches!(created, mneme_bucket::Created::Yes | mneme_bucket::Created::Exists), "{created:?}");
        bucket.put("deep/down/a", Bytes::from_static(b"1")).await.unwrap();
    }
    assert_eq!(bucket.get("deep/down/b").await.unwrap(), "2");
}

#[tokio::test]
async fn a_change_that_the_directory_refuses_may_pass_and_is_never_a_missing_object() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    fs::remove_dir_all(directory.path()).unwrap();
    match bucket.create("a", Bytes::from_static(b"1")).await {
        mneme_bucket::Created::Unknown(error) => assert!(error.is_transient(), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_deletions_that_overlap_never_wait_for_each_other_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(&url(&directory), Options::default()).await.unwrap();
    let keys: Vec<String> = (0..600).map(|n| format!("wal/{}/{n:03}", n % 3)).collect();
    for key in &keys {
        bucket.put(key, Bytes::new()).await.unwrap();
    }
    let mut backwards = keys.clone();
    backwards.reverse();
    let (one, other, single) =
        tokio::join!(bucket.delete_many(&keys), bucket.delete_many(&backwards), bucket.delete(&keys[300]));
    assert!(one.is_ok() && other.is_ok() && single.is_ok());
    assert!(bucket.keys("", None, None).await.unwrap().is_empty());
    bucket.put("wal/1/again", Bytes::new()).await.unwrap();
    let reader = Bucket::open_read_only(&url(&directory), Options::default()).await.unwrap();
    assert!(reader.delete_many(&["wal/1/again".to_owned()]).await.is_err());
}
