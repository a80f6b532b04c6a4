//! Segments that are torn, flipped or foreign: reported with key and offset; what is before and after them is kept.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use mneme_bucket::Bucket;
use mneme_bucket::fake::Fake;
use mneme_model::WriterId;
use mneme_wal::{Error, Header, Tail};
use support::{bucket_over, good_fake, join, one_float, read_back, series};

/// Five segments of one writer, one sample each, the first one defining the series.
async fn five_segments() -> (Arc<Fake>, Bucket, Vec<String>) {
    let fake = good_fake();
    let bucket = bucket_over(&fake);
    let wal = join(&bucket, 1).await;
    for t in 1..=5 {
        wal.append(&one_float("t", &series("m", 1), t, 1.0)).await.unwrap();
    }
    let keys = fake.keys().into_iter().filter(|key| !key.contains("log")).collect();
    (fake, bucket, keys)
}

async fn times(bucket: &Bucket) -> Vec<i64> {
    read_back(bucket).await.segments.values().flatten().map(|sample| sample.t).collect()
}

#[tokio::test(start_paused = true)]
async fn every_torn_length_is_reported_and_the_others_are_kept() {
    let (fake, bucket, keys) = five_segments().await;
    let whole = fake.peek(&keys[2]).unwrap();
    for len in 0..whole.len() {
        fake.poke(&keys[2], whole.slice(..len));
        let replayed = read_back(&bucket).await;
        assert_eq!(replayed.corrupt.len(), 1, "{len} of {} bytes", whole.len());
        assert_eq!(replayed.corrupt[0].0, keys[2]);
        assert!(replayed.corrupt[0].2 <= whole.len() as u64);
        assert_eq!(times(&bucket).await, [1, 2, 4, 5]);
    }
}

#[tokio::test(start_paused = true)]
async fn every_flipped_bit_is_reported() {
    let (fake, bucket, keys) = five_segments().await;
    let whole = fake.peek(&keys[1]).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fake.poke(&keys[1], flipped.into());
        let replayed = read_back(&bucket).await;
        assert_eq!(replayed.corrupt.len(), 1, "bit {bit}");
        assert_eq!(replayed.segments.values().flatten().count(), 4, "bit {bit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_definition_costs_the_samples_that_need_it_and_no_more() {
    let (fake, bucket, keys) = five_segments().await;
    fake.poke(&keys[0], Bytes::from_static(b"not a segment"));
    let replayed = read_back(&bucket).await;
    assert_eq!((replayed.corrupt.len(), replayed.unknown_references), (1, 4));
    assert!(replayed.corrupt[0].3.contains("not a WAL segment"));
}

#[tokio::test(start_paused = true)]
async fn anothers_segment_is_reported() {
    let (fake, bucket, keys) = five_segments().await;
    fake.poke(&keys[3], fake.peek(&keys[2]).unwrap());
    let replayed = read_back(&bucket).await;
    assert!(replayed.corrupt[0].3.contains("another's"), "{:?}", replayed.corrupt);
    assert_eq!(times(&bucket).await, [1, 2, 3, 5]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_format_stops_the_reader_and_never_skips() {
    let (fake, bucket, keys) = five_segments().await;
    let mut newer = fake.peek(&keys[2]).unwrap().to_vec();
    newer[8] = 2;
    let header_len = u32::from_le_bytes(newer[12..16].try_into().unwrap()) as usize;
    let crc = crc32c::crc32c(&newer[..header_len - 4]);
    newer[header_len - 4..header_len].copy_from_slice(&crc.to_le_bytes());
    fake.poke(&keys[2], newer.into());
    let mut tail = Tail::new(bucket.clone(), WriterId(1), 0);
    for _ in 0..2 {
        assert!(tail.next().await.unwrap().is_some());
    }
    for _ in 0..2 {
        let error = tail.next().await.unwrap_err();
        assert!(matches!(error, Error::UnknownFormat { found: 2, newest: 1, .. }));
        assert!(error.to_string().contains(&keys[2]));
    }
    assert_eq!(tail.position(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tail_goes_on_where_it_was_and_is_told_of_truncation() {
    let (fake, bucket, keys) = five_segments().await;
    let mut tail = Tail::new(bucket.clone(), WriterId(1), 3);
    tail.next().await.unwrap().unwrap();
    tail.next().await.unwrap().unwrap();
    assert!(tail.next().await.unwrap().is_none());
    assert_eq!(tail.position(), 5);
    keys.iter().for_each(|key| fake.remove(key));
    assert!(matches!(tail.next().await, Err(Error::Truncated { seq: 5, .. })));
}

#[tokio::test(start_paused = true)]
async fn headers_say_what_is_inside() {
    let (fake, _, keys) = five_segments().await;
    let header = Header::decode(&fake.peek(&keys[0]).unwrap()).unwrap();
    assert_eq!((header.writer, header.seq), (WriterId(1), 1));
    assert_eq!((header.sections[0].counts.series, header.sections[0].counts.floats), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn replay_of_no_writer_is_empty() {
    assert!(mneme_wal::replay(&Bucket::memory(), &BTreeMap::new()).next().await.is_none());
}
