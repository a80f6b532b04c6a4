//! S3 over the wire: the backends' suite, what a store must not get away with, and whole processes on it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod process;
mod server;
mod store;
#[path = "../../../lib/bucket/tests/suite/mod.rs"]
mod suite;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mneme_bucket::{AttemptIds, Bucket, Chain, Created, Error, Operation, Outcome, check};

use server::Server;
use store::{BUCKET, Mischief, Objects};

async fn bucket(server: &Server) -> Bucket {
    Bucket::open(&format!("s3://{BUCKET}/some/prefix"), server.options()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_does_what_every_backend_does() {
    let objects = Objects::default();
    let server = Server::start(objects.clone()).await;
    suite::run(&Bucket::open(&format!("s3://{BUCKET}"), server.options()).await.unwrap()).await;
    let whole = objects.keys().len();
    suite::run(&bucket(&server).await).await;
    let below = objects.keys().iter().filter(|key| key.starts_with("some/prefix/")).count();
    assert_eq!(below, whole, "a prefix holds what a whole bucket would");
}

/// Not Google's: the client for it, against a stand-in that is S3 with other names of headers.
#[tokio::test(flavor = "multi_thread")]
async fn the_client_for_gcs_does_too_against_a_stand_in() {
    let server = Server::start_like_gcs(Objects::default()).await;
    suite::run(&Bucket::open(&format!("gs://{BUCKET}/some/prefix"), server.gcs_options()).await.unwrap())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_creates_have_two_winners_is_refused() {
    let server =
        Server::start(Objects::with(Mischief { creates_are_not_atomic: true, ..Mischief::default() })).await;
    let error = check::check(&bucket(&server).await, &AttemptIds::random()).await.unwrap_err();
    assert!(matches!(error, Error::Unfit(_)) && error.to_string().contains("not atomic"), "{error}");
}

#[tokio::test]
async fn a_conflict_is_no_loss_and_a_lost_answer_is_read_back() {
    let objects = Objects::default();
    let server = Server::start(objects.clone()).await;
    let bucket = bucket(&server).await;
    objects.mischief.conflicts.store(2, Ordering::Relaxed);
    let created = bucket.create("c/first", Bytes::from_static(b"1")).await;
    assert!(matches!(created, Created::Unknown(Error::Store { .. })), "{created:?}");
    let chain = Chain::new(bucket.clone(), "c");
    assert_eq!(chain.create(1, &Bytes::from_static(b"one")).await.unwrap(), Outcome::Won);
    objects.mischief.lost_answers.store(1, Ordering::Relaxed);
    let before = bucket.stats().of(Operation::Create).requests;
    assert_eq!(chain.create(2, &Bytes::from_static(b"two")).await.unwrap(), Outcome::Won);
    assert_eq!(bucket.stats().of(Operation::Create).requests - before, 1, "read back, not sent again");
    assert_eq!(
        objects.mischief.lost_answers.load(Ordering::Relaxed),
        0,
        "one request, not the library's retries"
    );
}

#[tokio::test]
async fn wrong_credentials_and_a_bucket_that_is_not_there_are_told_soon_and_never_as_a_missing_object() {
    let server = Server::start(Objects::default()).await;
    let begun = Instant::now();
    let url = format!("s3://{BUCKET}");
    let stranger = Bucket::open(&url, server.options_with("mneme-test", "wrong")).await.unwrap();
    let error = check::check(&stranger, &AttemptIds::random()).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let mut options = server.options();
    options.operation_timeout = Duration::from_millis(200);
    let absent = Bucket::open("s3://another-bucket", options).await.unwrap();
    for error in [
        absent.get("a").await.unwrap_err(),
        absent.put("a", Bytes::new()).await.unwrap_err(),
        absent.keys("a", None, None).await.unwrap_err(),
        check::check(&absent, &AttemptIds::random()).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, Error::Store { .. }) && error.to_string().contains("NoSuchBucket"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn versions_and_expiry_are_read_where_the_store_tells_them() {
    let mischief = Mischief { versioned: true, expiring: Some("some/prefix/wal/"), ..Mischief::default() };
    let objects = Objects::with(mischief);
    let server = Server::start(objects.clone()).await;
    let [(wal, in_wal), (tenants, in_tenants)] =
        check::habits(&bucket(&server).await, &AttemptIds::random()).await.unwrap();
    assert_eq!((wal, tenants), ("wal/", "tenants/"));
    assert_eq!((in_wal.versioned, in_tenants.versioned), (Some(true), Some(true)));
    assert!(in_wal.expiry.unwrap().contains("tidy") && in_tenants.expiry.is_none());
    assert!(objects.keys().is_empty(), "it leaves nothing behind");
}
