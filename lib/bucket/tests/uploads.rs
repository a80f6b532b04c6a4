//! Objects that come in parts, over a store that misbehaves and over a directory: whole or not there, and nothing is left of what was
//! given up.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_bucket::{Bucket, Error, Operation, Options};

const PART: usize = 1000;

fn bucket(fake: &Arc<Fake>) -> Bucket {
    let options = Options {
        part_bytes: PART,
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(20),
        retry_backoff: Duration::from_millis(20),
        ..Options::default()
    };
    Bucket::new(fake.clone(), options)
}

fn pieces(seed: u64, len: usize) -> (Vec<u8>, Vec<Result<Bytes, Error>>) {
    let whole: Vec<u8> = (0..len as u64).map(|n| (n * n + seed) as u8).collect();
    let pieces = whole.chunks(1 + (seed as usize * 37) % 1700);
    (whole.clone(), pieces.map(|piece| Ok(Bytes::copy_from_slice(piece))).collect())
}

#[tokio::test(start_paused = true)]
async fn over_a_nasty_store_an_object_is_whole_or_not_there() {
    let (mut written, mut failed) = (0, 0);
    for seed in 0..400 {
        let fake = Arc::new(Fake::new(seed, Faults { torn: 50, ..Faults::nasty() }));
        let bucket = bucket(&fake);
        // Smaller ones are one request, which may tear.
        let (whole, pieces) = pieces(seed, PART + 1 + (seed as usize * 131) % (6 * PART));
        let result = bucket.put_stream("k", stream::iter(pieces)).await;
        fake.set_faults(Faults::none());
        match (result, fake.peek("k")) {
            (Ok(size), Some(found)) => {
                assert_eq!((size, &found[..]), (whole.len() as u64, &whole[..]), "seed {seed}");
                written += 1;
            }
            (Ok(_), None) => panic!("seed {seed}: written, but not there"),
            (Err(_), found) => {
                assert!(found.is_none_or(|found| found == whole), "seed {seed}");
                failed += 1;
            }
        }
    }
    println!("{written} written, {failed} not");
    assert!(written > 300, "{written} written, {failed} not");
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_is_given_up() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let bucket = bucket(&fake);
    let torn = || Error::Store { operation: "make", key: "k".to_owned(), reason: "torn".to_owned() };
    let (_, all) = pieces(3, 5 * PART);
    let error = bucket.put_stream("k", stream::iter(all).chain(stream::iter([Err(torn())]))).await;
    assert!(error.unwrap_err().to_string().contains("torn"));
    assert_eq!((fake.keys().len(), fake.unfinished()), (0, 0));
    // The store goes away in the middle: its parts stay until it clears them away, but no object is there.
    fake.set_faults_for(Scope::of(Operation::Put), Faults { late: 500, ..Faults::none() });
    for seed in 0..20 {
        let (_, all) = pieces(seed, 3 * PART);
        let _ = bucket.put_stream("k", stream::iter(all).chain(stream::iter([Err(torn())]))).await;
    }
    fake.set_faults(Faults::none());
    assert!(fake.keys().is_empty());
}

#[tokio::test]
async fn a_directory_keeps_nothing_of_what_is_given_up_dropped_or_cut_off_by_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}/bucket", directory.path().display());
    let options = Options { part_bytes: PART, ..Options::default() };
    let bucket = Bucket::open(&url, options.clone()).await.unwrap();
    let temporary = || std::fs::read_dir(directory.path().join("bucket/.tmp")).unwrap().count();
    let (whole, all) = pieces(5, 5 * PART);
    bucket.put_stream("a/b/whole", stream::iter(all)).await.unwrap();
    assert_eq!((bucket.get("a/b/whole").await.unwrap(), temporary()), (Bytes::from(whole), 0));

    let torn = Error::Store { operation: "make", key: "k".to_owned(), reason: "torn".to_owned() };
    let (_, all) = pieces(5, 5 * PART);
    bucket.put_stream("torn", stream::iter(all).chain(stream::iter([Err(torn)]))).await.unwrap_err();
    assert_eq!(temporary(), 0, "given up");

    let (_, all) = pieces(5, 5 * PART);
    let endless = stream::iter(all).chain(stream::pending());
    let mut cut = Box::pin(bucket.put_stream("dropped", endless));
    while temporary() == 0 {
        let _ = tokio::time::timeout(Duration::from_millis(5), &mut cut).await;
    }
    // As a crash leaves it: the name is there.
    std::fs::write(directory.path().join("bucket/.tmp/crashed"), b"half").unwrap();
    drop(cut);
    let gone = tokio::time::timeout(Duration::from_secs(10), async {
        while temporary() > 1 {
            tokio::task::yield_now().await;
        }
    });
    gone.await.unwrap();
    assert_eq!(bucket.keys("", None, None).await.unwrap(), ["a/b/whole"]);
    drop(bucket);
    let again = Bucket::open(&url, options).await.unwrap();
    assert_eq!((again.keys("", None, None).await.unwrap().len(), temporary()), (1, 0));
}
