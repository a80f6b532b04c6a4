//! Objects that are gone: reported, what is before and after them is kept.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use mneme_bucket::fake::Fake;
use mneme_bucket::{AttemptIds, Bucket};
use mneme_model::{Cut, Labels, PartitionId, TenantId, WriterId};
use mneme_wal::{Config, DeliverNowhere, Error, Log, Records, Tail, Wal};
use support::{bucket_over, good_fake, join, one_float, parts, read_back, series};

fn segment(writer: u64, seq: u64) -> String {
    format!("wal/{writer:020}/{seq:020}")
}

fn entry(number: u64) -> String {
    format!("wal/log/{number:020}")
}

/// Writers one after the other, each with so many segments of a sample each: times are writer * 100 + number.
async fn written(writers: &[u64]) -> (Arc<Fake>, Bucket) {
    let fake = good_fake();
    let bucket = bucket_over(&fake);
    for (seed, segments) in (1..).zip(writers) {
        let wal = join(&bucket, seed).await;
        for seq in 1..=*segments {
            let t = (wal.committed().0.0 * 100 + seq) as i64;
            wal.append(&one_float("t", &series("m", 1), t, 1.0)).await.unwrap();
        }
    }
    (fake, bucket)
}

async fn times(bucket: &Bucket) -> Vec<i64> {
    read_back(bucket).await.segments.values().flatten().map(|sample| sample.t).collect()
}

#[tokio::test(start_paused = true)]
async fn segments_after_a_hole_are_read_and_the_hole_is_reported() {
    let (fake, bucket) = written(&[6]).await;
    fake.remove(&segment(1, 3));
    let replayed = read_back(&bucket).await;
    assert_eq!(replayed.missing, [(segment(1, 3), 3, 3)]);
    assert_eq!(times(&bucket).await, [101, 102, 104, 105, 106]);
    fake.remove(&segment(1, 4));
    fake.remove(&segment(1, 2));
    assert_eq!(read_back(&bucket).await.missing, [(segment(1, 2), 2, 4)]);
}

#[tokio::test(start_paused = true)]
async fn the_newest_segments_absence_is_the_end() {
    let (fake, bucket) = written(&[3]).await;
    fake.remove(&segment(1, 3));
    assert_eq!(read_back(&bucket).await.missing, []);
    assert_eq!(times(&bucket).await, [101, 102]);
}

#[tokio::test(start_paused = true)]
async fn a_chain_whose_beginning_is_gone_is_read_from_the_oldest_segment() {
    let (fake, bucket) = written(&[4]).await;
    fake.remove(&segment(1, 1));
    fake.remove(&segment(1, 2));
    let replayed = read_back(&bucket).await;
    assert_eq!(replayed.missing, [(segment(1, 1), 1, 2)]);
    assert_eq!((replayed.segments.len(), replayed.unknown_references), (2, 2), "the definition is lost");
}

#[tokio::test(start_paused = true)]
async fn a_tail_without_listing_takes_a_hole_for_the_end() {
    let (fake, bucket) = written(&[3]).await;
    fake.remove(&segment(1, 2));
    let mut tail = Tail::new(bucket.clone(), WriterId(1), 0).without_listing();
    tail.next().await.unwrap().unwrap();
    assert!(tail.next().await.unwrap().is_none());
    let requests = fake.requests();
    assert!(tail.next().await.unwrap().is_none());
    assert_eq!(fake.requests() - requests, 2, "the next one, and whether the one before is still there");
}

#[tokio::test(start_paused = true)]
async fn a_name_past_every_number_is_no_hole() {
    let (fake, bucket) = written(&[2]).await;
    fake.poke(&segment(1, u64::MAX), Bytes::from_static(b"foreign"));
    let replayed = read_back(&bucket).await;
    assert_eq!((replayed.missing, replayed.segments.len()), (vec![], 2));
}

#[tokio::test(start_paused = true)]
async fn a_lost_log_entry_hides_no_writer() {
    for lost in 1..=3 {
        let (fake, bucket) = written(&[2, 2, 2]).await;
        fake.remove(&entry(lost));
        let mut log = Log::new(bucket.clone());
        log.refresh().await.unwrap();
        assert_eq!(log.missing(), 1, "entry {lost}");
        assert_eq!(log.writers().keys().map(|writer| writer.0).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(times(&bucket).await, [101, 102, 201, 202, 301, 302]);
        let wal = join(&bucket, 9).await;
        assert_eq!(wal.committed().0, WriterId(4), "no number is given out twice");
        assert_eq!(read_back(&bucket).await.missing, []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_log_is_no_empty_wal() {
    let (fake, bucket) = written(&[2, 2]).await;
    fake.remove(&entry(1));
    fake.remove(&entry(2));
    assert_eq!(times(&bucket).await, [101, 102, 201, 202]);
    assert_eq!(join(&bucket, 9).await.committed().0, WriterId(3));
    assert_eq!(times(&bucket).await, [101, 102, 201, 202]);
}

#[tokio::test(start_paused = true)]
async fn cuts_go_on_after_lost_ones() {
    let (fake, bucket) = written(&[1]).await;
    let (mut log, ids) = (Log::new(bucket.clone()), AttemptIds::seeded(5));
    log.refresh().await.unwrap();
    for cut in 1..=4 {
        assert_eq!(log.append_cut(0, &ids).await.unwrap(), Cut(cut));
    }
    fake.remove(&entry(3));
    fake.remove(&entry(4));
    let mut log = Log::new(bucket.clone());
    log.refresh().await.unwrap();
    assert_eq!((log.cut(), log.missing()), (Cut(4), 2));
    assert_eq!(log.append_cut(0, &ids).await.unwrap(), Cut(5));
    assert_eq!(log.missing(), 2, "a hole is reported once");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_name_in_the_log_stops_the_reader() {
    let (fake, bucket) = written(&[1]).await;
    fake.poke(&entry(1 << 40), Bytes::from_static(b"foreign"));
    let error = Log::new(bucket).refresh().await.unwrap_err();
    assert!(matches!(&error, Error::Corrupt { key, .. } if *key == entry(2)), "{error}");
}

/// Requests of ten series in one partition, each with a sample of the value `kind`.
fn ten(kind: u64, long: bool, t: i64) -> Records {
    let mut records = Records::new(TenantId::new("t").unwrap());
    for n in 0..10 {
        let text = if long { n.to_string().repeat(2000) } else { String::new() };
        let labels = Labels::from_pairs([
            ("__name__", "m"),
            ("kind", &kind.to_string()),
            ("n", &n.to_string()),
            ("text", &text),
        ]);
        let index = records.series(labels.view(), kind * 10 + n, PartitionId(0));
        records.float(index, t, kind as f64, 0);
    }
    records
}

#[tokio::test(start_paused = true)]
async fn references_that_started_anew_in_a_hole_are_not_taken_for_those_before_it() {
    let fake = good_fake();
    let bucket = bucket_over(&fake);
    let config = Config { max_reference_bytes: 15_000, ..Config::default() };
    let wal = Wal::join(bucket.clone(), config, parts(1, Arc::new(DeliverNowhere))).await.unwrap();
    // The long labels outgrow their budget, so that the second segment starts anew; the third one defines nothing.
    for (kind, long, t) in [(1, true, 1), (2, false, 2), (2, false, 3)] {
        wal.append(&ten(kind, long, t)).await.unwrap();
    }
    let kinds = |replayed: &support::Replayed| -> Vec<(i64, String)> {
        let samples = replayed.segments.values().flatten();
        samples.map(|sample| (sample.t, sample.labels.get("kind").unwrap().to_owned())).collect()
    };
    let whole = read_back(&bucket).await;
    assert_eq!(kinds(&whole)[10..].iter().filter(|(_, kind)| kind == "2").count(), 20);
    fake.remove(&segment(1, 2));
    let replayed = read_back(&bucket).await;
    assert_eq!(replayed.missing, [(segment(1, 2), 2, 2)]);
    assert_eq!(kinds(&replayed), vec![(1, "1".to_owned()); 10], "nothing of kind 2 is put to kind 1");
    assert_eq!(replayed.unknown_references, 10);
}
