//! What every backend must do. One suite: memory, a directory, the fake that behaves (`tests/conformance.rs`), S3, GCS and Azure
//! (`tests/s3` and `tests/azure` of the crate `tests`).

use bytes::Bytes;
use futures::TryStreamExt;
use mneme_bucket::{AttemptIds, Bucket, Chain, Created, Error, Operation, Outcome, check};

/// Runs everything. The bucket is empty before, and holds a few objects afterwards.
pub(crate) async fn run(bucket: &Bucket) {
    objects_are_whole_and_created_once(bucket).await;
    ranges_are_exact_or_refused(bucket).await;
    large_objects_come_back(bucket).await;
    objects_of_parts_are_there_once_they_are_whole(bucket).await;
    listings_are_by_whole_segments_and_show_sizes_and_times(bucket).await;
    many_objects_are_listed_and_deleted(bucket).await;
    a_chain_grows_without_gaps(bucket).await;
    racing_creates_have_one_winner(bucket).await;
    check::check(bucket, &AttemptIds::random()).await.unwrap();
    assert!(bucket.keys("check", None, None).await.unwrap().is_empty(), "the check leaves nothing behind");
}

async fn objects_are_whole_and_created_once(bucket: &Bucket) {
    assert!(matches!(bucket.get("a/b").await, Err(Error::NotFound { .. })));
    assert!(matches!(bucket.head("a/b").await, Err(Error::NotFound { .. })));
    assert!(matches!(bucket.get_range("a/b", 0..1).await, Err(Error::NotFound { .. })));
    let created = bucket.create("a/b", Bytes::from_static(b"0123456789")).await;
    assert!(matches!(created, Created::Yes), "{created:?}");
    assert!(matches!(bucket.create("a/b", Bytes::from_static(b"other")).await, Created::Exists));
    assert_eq!(bucket.get("a/b").await.unwrap(), "0123456789");
    bucket.put("a/b", Bytes::from_static(b"new")).await.unwrap();
    assert_eq!(bucket.get("a/b").await.unwrap(), "new");
    assert_eq!(bucket.head("a/b").await.unwrap().size, 3);
    bucket.delete("a/b").await.unwrap();
    bucket.delete("a/b").await.unwrap();
    assert!(matches!(bucket.get("a/b").await, Err(Error::NotFound { .. })));
    assert!(matches!(bucket.create("a/b", Bytes::from_static(b"again")).await, Created::Yes));
    assert!(matches!(bucket.get("../b").await, Err(Error::InvalidKey { .. })));
    for key in ["odd/a*(b)'!/x", "odd/a+b=c&d%20e", "odd/100%", "odd/~^`{}|\"<>#?[]@:;,$"] {
        assert!(matches!(bucket.create(key, Bytes::from(key)).await, Created::Yes), "{key}");
        assert_eq!(bucket.get(key).await.unwrap(), key);
        assert_eq!(bucket.keys("odd", None, None).await.unwrap(), [key]);
        bucket.delete(key).await.unwrap();
    }
    bucket.put("a/empty", Bytes::new()).await.unwrap();
    assert_eq!(bucket.get("a/empty").await.unwrap(), "");
}

async fn ranges_are_exact_or_refused(bucket: &Bucket) {
    bucket.put("r/ten", Bytes::from_static(b"0123456789")).await.unwrap();
    for (range, bytes) in [(0..10, "0123456789"), (3..6, "345"), (9..10, "9"), (4..4, ""), (10..10, "")] {
        assert_eq!(bucket.get_range("r/ten", range.clone()).await.unwrap(), bytes, "{range:?}");
    }
    for range in [3..11, 10..11, 11..12, 100..200, 11..11] {
        let error = bucket.get_range("r/ten", range.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Range { .. }), "{range:?}: {error}");
    }
}

async fn large_objects_come_back(bucket: &Bucket) {
    let large: Bytes = (0..9_u32 << 20).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect();
    assert!(matches!(bucket.create("deep/er/and/deeper", large.clone()).await, Created::Yes));
    assert_eq!(bucket.get("deep/er/and/deeper").await.unwrap(), large);
    let range = 5_000_001..8_000_003;
    let part = bucket.get_range("deep/er/and/deeper", range.start as u64..range.end as u64).await.unwrap();
    assert_eq!(part, large[range]);
    assert!(bucket.stats().of(Operation::Create).requests >= 3);
    assert!(bucket.stats().of(Operation::Get).bytes >= large.len() as u64);
}

async fn objects_of_parts_are_there_once_they_are_whole(bucket: &Bucket) {
    let size = bucket.options().part_bytes;
    for len in [0, 7, size, 2 * size + 5] {
        let (key, whole) = (format!("u/{len}"), (0..len).map(|n| (n ^ (n >> 9)) as u8).collect::<Vec<u8>>());
        let pieces: Vec<Bytes> = whole.chunks(3 << 20).map(Bytes::copy_from_slice).collect();
        let written =
            bucket.put_stream(&key, futures::stream::iter(pieces.clone().into_iter().map(Ok))).await;
        assert_eq!(written.unwrap(), len as u64);
        assert_eq!(bucket.get(&key).await.unwrap(), whole, "{key}");
        let torn = Error::Store { operation: "make", key: key.clone(), reason: "half-way".to_owned() };
        let pieces = pieces.into_iter().map(Ok).chain([Err(torn)]);
        let other = format!("u/torn{len}");
        let error = bucket.put_stream(&other, futures::stream::iter(pieces)).await.unwrap_err();
        assert!(error.to_string().contains("half-way"), "{error}");
        assert!(matches!(bucket.head(&other).await, Err(Error::NotFound { .. })), "nothing half is there");
    }
    let listed = bucket.keys("u", None, None).await.unwrap();
    assert_eq!(listed.len(), 4, "{listed:?}");
}

async fn listings_are_by_whole_segments_and_show_sizes_and_times(bucket: &Bucket) {
    for key in ["l/2", "l/1", "l/sub/3", "list/4", "l/10"] {
        bucket.put(key, Bytes::from(key)).await.unwrap();
    }
    let list = async |prefix: &str, after: Option<&str>| -> Vec<String> {
        let mut keys: Vec<String> =
            bucket.list(prefix, after).map_ok(|object| object.key).try_collect().await.unwrap();
        keys.sort_unstable();
        keys
    };
    assert_eq!(list("l", None).await, ["l/1", "l/10", "l/2", "l/sub/3"]);
    assert_eq!(list("l", Some("l/10")).await, ["l/2", "l/sub/3"]);
    assert_eq!(list("l", Some("l/15")).await, ["l/2", "l/sub/3"], "after a key that is not there");
    assert_eq!(list("nothing", None).await, [""; 0]);
    assert_eq!(bucket.keys("l", None, Some("l/2")).await.unwrap(), ["l/1", "l/10"]);
    bucket.put("l/other/deep/er", Bytes::new()).await.unwrap();
    assert_eq!(bucket.folders("l").await.unwrap(), ["other", "sub"]);
    assert!(bucket.folders("nothing").await.unwrap().is_empty());
    bucket.delete("l/other/deep/er").await.unwrap();
    let objects: Vec<_> = bucket.list("l/sub", None).try_collect().await.unwrap();
    let head = bucket.head("l/sub/3").await.unwrap();
    assert_eq!((objects[0].key.as_str(), objects[0].size, head.size), ("l/sub/3", 7, 7));
    let apart = (objects[0].modified_ms - head.modified_ms).abs();
    assert!(apart < 1000, "a listing and a look at the object tell the same time: {apart} ms apart");
}

/// More than a page of S3's listings would be slow; the server of the tests has pages of 100.
async fn many_objects_are_listed_and_deleted(bucket: &Bucket) {
    let keys: Vec<String> = (0..250).map(|n| format!("many/{:020}", n * 3)).collect();
    for chunk in keys.chunks(25) {
        let puts = chunk.iter().map(|key| bucket.put(key, Bytes::from_static(b"x")));
        futures::future::try_join_all(puts).await.unwrap();
    }
    assert_eq!(bucket.keys("many", None, None).await.unwrap(), keys);
    bucket.delete_many(&keys[..200]).await.unwrap();
    assert_eq!(bucket.keys("many", None, None).await.unwrap(), keys[200..]);
    bucket.delete_many(&keys).await.unwrap();
    assert!(bucket.keys("many", None, None).await.unwrap().is_empty());
    bucket.delete_many(&[]).await.unwrap();
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

async fn racing_creates_have_one_winner(bucket: &Bucket) {
    for round in 0..20 {
        let key = format!("race/{round}");
        let bodies: Vec<Bytes> = (0..8).map(|racer| Bytes::from(format!("{round} {racer}"))).collect();
        let creates = bodies.iter().map(|body| bucket.create(&key, body.clone()));
        let created = futures::future::join_all(creates).await;
        let winners: Vec<&Bytes> = created
            .iter()
            .zip(&bodies)
            .filter(|(created, _)| matches!(created, Created::Yes))
            .map(|(_, body)| body)
            .collect();
        assert_eq!(winners, [&bucket.get(&key).await.unwrap()], "round {round}");
    }
}
