//! What is written is read, and what is broken is told.

use std::collections::BTreeMap;

use bytes::Bytes;
use mneme_bucket::Bucket;
use mneme_head::{Head, HeadConfig, Window};
use mneme_model::{
    AnyHistogram, Cut, Exemplar, Histogram, Labels, Metadata, MetricType, PartitionId, TenantId, WriterId,
};
use mneme_wal::Error;

use super::{CheckpointReader, Encoder, Header, Places, key, load};

const COUNT: u16 = 64;
const PARTITION: PartitionId = PartitionId(9);

fn header(from: u64, cut: u64) -> Header {
    let places = Places { log: 5, writers: BTreeMap::from([(WriterId(2), 7), (WriterId(4), 1)]) };
    let floor = Cut(0);
    Header {
        attempt: 1,
        from: Cut(from),
        cut: Cut(cut),
        floor,
        time: 0,
        partition: PARTITION,
        count: COUNT,
        places,
    }
}

/// Tenants with floats, histograms, late samples, exemplars and metadata, in generations 0..4.
fn filled(series: usize) -> Head {
    let head = Head::new(HeadConfig::default());
    for name in ["a", "b", "quite-another"] {
        let tenant = TenantId::new(name).unwrap();
        let mut appender = head.appender();
        for number in 0..series {
            let labels = Labels::from_pairs([("__name__", format!("m{number}")), ("t", name.to_owned())]);
            for cut in 0..4 {
                let series = appender.series(&tenant, labels.view(), Cut(cut));
                for t in 0..5 {
                    let t = cut as i64 * 100 + t - if number % 3 == 0 { 150 } else { 0 };
                    let _new = appender.float(series, Cut(cut), t, (number as f64).sqrt() + t as f64, 0);
                }
                if number % 7 == 0 {
                    let histogram =
                        Histogram { count: 3, sum: cut as f64, zero_count: 3, ..Histogram::default() };
                    let t = cut as i64 * 100 + 50;
                    let _new = appender.histogram(series, Cut(cut), t, 0, &AnyHistogram::Integer(histogram));
                    let labels = Labels::from_pairs([("trace", format!("{number}"))]);
                    let exemplar = Exemplar { labels, value: 1.5, timestamp: t };
                    appender.stamped_exemplar(series, Cut(cut), exemplar);
                }
            }
        }
        let metadata =
            Metadata { metric_type: MetricType::Counter, help: "Help.".to_owned(), unit: "s".to_owned() };
        appender.metadata(&tenant, "m1", metadata);
    }
    head
}

async fn put(bucket: &Bucket, bytes: &Bytes) {
    bucket.put(&key(PARTITION, COUNT, Cut(4)), bytes.clone()).await.unwrap();
}

async fn restore(bucket: &Bucket, size: u64, head: &Head) -> Result<Header, Error> {
    let reader = CheckpointReader::open(bucket, PARTITION, COUNT, Cut(4), size).await?;
    for pages in reader.batches() {
        let stored = reader.fetch(pages.clone()).await?;
        load(head, &reader, pages, &stored)?;
    }
    Ok(reader.header)
}

/// Everything that a head answers, by generation.
fn answers(head: &Head, from: u64) -> String {
    let mut out = Vec::new();
    for tenant in ["a", "b", "quite-another"] {
        let window = Window::all().from_cut(Cut(from));
        for one in head.select(tenant, &[], window).unwrap() {
            let mut samples = mneme_model::Samples::default();
            mneme_model::chunk::merge(&one.chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
            out.push(format!("{tenant} {:?} {samples:?}", one.labels));
        }
        out.sort_unstable();
        let mut exemplars: Vec<_> = head
            .exemplars(tenant, &[], i64::MIN, i64::MAX)
            .into_iter()
            .map(|one| format!("{one:?}"))
            .collect();
        exemplars.sort_unstable();
        out.push(format!("{tenant} {exemplars:?} {:?}", head.metadata(tenant, None)));
    }
    out.join("\n")
}

#[tokio::test]
async fn a_loaded_head_answers_as_the_saved_one() {
    // Small, and large enough for several pages and ranges.
    for series in [0, 1, 40, 5_000] {
        let (head, bucket) = (filled(series), Bucket::memory());
        let encoded = Encoder::default().encode(&head, &header(0, 4)).unwrap();
        assert_eq!(encoded.series, 3 * series as u64);
        put(&bucket, &encoded.bytes).await;
        let again = Head::new(HeadConfig::default());
        let size = encoded.bytes.len() as u64;
        assert_eq!(restore(&bucket, size, &again).await.unwrap(), header(0, 4));
        assert!(answers(&again, 0) == answers(&head, 0), "{series} series");
        assert!(answers(&again, 2) == answers(&head, 2), "{series} series, later generations");
        // Once more changes nothing.
        restore(&bucket, size, &again).await.unwrap();
        assert!(answers(&again, 0) == answers(&head, 0), "{series} series, twice");
    }
}

#[test]
fn an_encoder_that_is_used_again_writes_the_same() {
    let mut encoder = Encoder::default();
    for series in [5_000, 1, 0, 40] {
        let head = filled(series);
        let again = encoder.encode(&head, &header(0, 4)).unwrap();
        assert!(again.bytes == Encoder::default().encode(&head, &header(0, 4)).unwrap().bytes, "{series}");
        encoder.reuse(again.bytes);
    }
}

#[tokio::test]
async fn only_the_generations_asked_for_are_saved() {
    let (head, bucket) = (filled(10), Bucket::memory());
    put(&bucket, &Encoder::default().encode(&head, &header(2, 4)).unwrap().bytes).await;
    let again = Head::new(HeadConfig::default());
    let size = bucket.head(&key(PARTITION, COUNT, Cut(4))).await.unwrap().size;
    restore(&bucket, size, &again).await.unwrap();
    let generations: Vec<Cut> = again.generations().iter().map(|generation| generation.cut).collect();
    assert_eq!(generations, [Cut(2), Cut(3)]);
}

#[tokio::test]
async fn every_flipped_bit_and_every_length_is_an_error_that_names_the_key() {
    let bucket = Bucket::memory();
    let whole = Encoder::default().encode(&filled(2), &header(0, 4)).unwrap().bytes;
    let key = key(PARTITION, COUNT, Cut(4));
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        put(&bucket, &bytes.into()).await;
        match restore(&bucket, whole.len() as u64, &Head::new(HeadConfig::default())).await {
            Err(Error::Corrupt { key: named, .. }) => assert_eq!(named, key),
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    for len in (1..whole.len()).step_by(7) {
        put(&bucket, &whole.slice(..len)).await;
        let head = Head::new(HeadConfig::default());
        for listed in [len, whole.len()] {
            let read = restore(&bucket, listed as u64, &head).await;
            assert!(matches!(read, Err(Error::Corrupt { .. })), "length {len}, listed as {listed}");
        }
    }
}
