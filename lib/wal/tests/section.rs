//! Sections: everything comes back bit for bit, and no bytes make the decoder panic.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use mneme_model::histogram::{CounterResetHint, Span};
use mneme_model::{
    AnyHistogram, FloatHistogram, Histogram, Labels, Metadata, MetricType, PartitionId, TenantId, stale_nan,
};
use mneme_wal::{Config, Records, References, Section, Wal};
use proptest::prelude::*;
use support::{Collect, Value, apply, bucket_over, good_fake, parts, series};

/// The sections that the records become.
async fn sections_of(requests: &[Records]) -> Vec<(PartitionId, Bytes)> {
    let collect = Arc::new(Collect::default());
    let bucket = bucket_over(&good_fake());
    let wal = Wal::join(bucket, Config::default(), parts(1, collect.clone())).await.unwrap();
    for result in futures::future::join_all(requests.iter().map(|records| wal.append(records))).await {
        result.unwrap();
    }
    let segments = collect.segments.lock();
    segments.iter().flat_map(|segment| segment.sections.clone()).collect()
}

fn sections(requests: &[Records]) -> Vec<(PartitionId, Bytes)> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(sections_of(requests))
}

fn integer_histogram() -> AnyHistogram {
    AnyHistogram::Integer(Histogram {
        counter_reset_hint: CounterResetHint::Gauge,
        schema: -4,
        zero_threshold: 1e-128,
        zero_count: u64::MAX,
        count: 1 << 60,
        sum: stale_nan(),
        positive_spans: vec![Span { offset: i32::MIN, length: 2 }, Span { offset: 3, length: u32::MAX }],
        negative_spans: vec![Span { offset: i32::MAX, length: 1 }],
        positive_deltas: vec![i64::MIN, i64::MAX, 0],
        negative_deltas: vec![-1],
        custom_values: vec![],
    })
}

fn custom_buckets() -> AnyHistogram {
    AnyHistogram::Float(FloatHistogram {
        counter_reset_hint: CounterResetHint::CounterReset,
        schema: -53,
        zero_threshold: 0.0,
        zero_count: -0.0,
        count: 2.5,
        sum: f64::NEG_INFINITY,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        negative_spans: vec![],
        positive_buckets: vec![1.5, 1.0],
        negative_buckets: vec![],
        custom_values: vec![0.1, f64::MAX],
    })
}

/// Some of everything, in one partition.
fn mixed() -> Records {
    let mut records = Records::new(TenantId::new("team-a").unwrap());
    let a = records.series(series("a", 1).view(), 1, PartitionId(5));
    let b = records.series(series("b", 2).view(), 1, PartitionId(5));
    records.histogram(b, 10, 3, &integer_histogram());
    records.float(a, -7, -0.0, 0);
    records.float(a, i64::MIN, f64::from_bits(0x7ff8_0000_dead_beef), i64::MAX);
    records.histogram(b, 11, 0, &custom_buckets());
    records.float(b, i64::MAX, stale_nan(), 0);
    records.exemplar(a, 12, 0.5, Labels::from_pairs([("trace_id", "abc")]).view());
    let metadata =
        Metadata { metric_type: MetricType::Counter, help: "Ünits".to_owned(), unit: "seconds".to_owned() };
    records.metadata(PartitionId(5), "a", &metadata);
    records
}

/// As text, since a NaN is not equal to itself; Rust's text of floats is exact but for NaN payloads.
fn text(histogram: &AnyHistogram) -> String {
    let sum = match histogram {
        AnyHistogram::Integer(histogram) => histogram.sum,
        AnyHistogram::Float(histogram) => histogram.sum,
    };
    format!("{histogram:?} {:x}", sum.to_bits())
}

#[test]
fn everything_comes_back_bit_for_bit_and_in_order() {
    let sections = sections(&[mixed()]);
    assert_eq!(sections.len(), 1);
    let section = Section::parse(sections[0].1.clone()).unwrap();
    let (mut table, mut samples) = (References::new(), Vec::new());
    assert_eq!(apply(&section, &mut table, &mut samples), 0);
    let floats: Vec<(i64, u64, i64)> = samples
        .iter()
        .filter_map(|sample| match sample.value {
            Value::Float { bits, st } => Some((sample.t, bits, st)),
            Value::Histogram { .. } => None,
        })
        .collect();
    let bits = [(-0.0f64).to_bits(), 0x7ff8_0000_dead_beef, mneme_model::STALE_NAN_BITS];
    assert_eq!(floats, [(-7, bits[0], 0), (i64::MIN, bits[1], i64::MAX), (i64::MAX, bits[2], 0)]);
    assert_eq!(section.floats().map(|float| float.ordinal).collect::<Vec<_>>(), [1, 2, 4]);
    // Both are read into the same memory, as the ingester does.
    let mut histogram = AnyHistogram::default();
    let histograms: Vec<_> = section
        .histograms()
        .map(|record| {
            let record = record.unwrap();
            record.read(&mut histogram).unwrap();
            (record.ordinal, record.t, record.st, text(&histogram))
        })
        .collect();
    assert_eq!(histograms, [(0, 10, 3, text(&integer_histogram())), (3, 11, 0, text(&custom_buckets()))]);
    let exemplar = section.exemplars().next().unwrap().unwrap();
    assert_eq!((exemplar.t, exemplar.value, exemplar.labels.get("trace_id")), (12, 0.5, Some("abc")));
    assert_eq!(table.get(exemplar.reference).unwrap().1, series("a", 1));
    let metadata = section.metadata().next().unwrap().unwrap();
    assert_eq!(
        (metadata.tenant, metadata.metric, metadata.help, metadata.unit),
        ("team-a", "a", "Ünits", "seconds")
    );
    assert_eq!(metadata.metric_type, MetricType::Counter);
}

#[test]
fn equal_hashes_do_not_mix_series_up() {
    // `mixed` gives both series the same hash.
    let sections = sections(&[mixed(), mixed()]);
    let definitions: usize =
        sections.iter().map(|(_, raw)| Section::parse(raw.clone()).unwrap().definition_count()).sum();
    assert_eq!(definitions, 2);
}

fn read_all(bytes: Bytes) {
    let Ok(section) = Section::parse(bytes) else { return };
    let _ = section.verify();
    let _ = section.definitions().count() + section.floats().count() + section.histograms().count();
    let _ = section.exemplars().count() + section.metadata().count();
    let mut table = References::<()>::new();
    let _ = table.begin(&section);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutated_sections_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut bytes = sections(&[mixed()])[0].1.to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(bytes.into());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(Bytes::from([b"MWS1".to_vec(), bytes.clone()].concat()));
        let _ = mneme_wal::Header::decode(&bytes);
        let _ = mneme_wal::Entry::decode(&bytes);
    }

    #[test]
    fn any_floats_come_back(samples in prop::collection::vec((0u64..8, any::<i64>(), any::<u64>(), any::<i64>()), 1..60)) {
        let mut records = Records::new(TenantId::anonymous());
        for (n, t, bits, st) in &samples {
            let index = records.series(series("p", *n).view(), n % 3, PartitionId(0));
            records.float(index, *t, f64::from_bits(*bits), *st);
        }
        let sections = sections(&[records]);
        let (mut table, mut found) = (References::new(), Vec::new());
        let section = Section::parse(sections[0].1.clone()).unwrap();
        prop_assert_eq!(apply(&section, &mut table, &mut found), 0);
        for (sample, (n, t, bits, st)) in found.iter().zip(&samples) {
            prop_assert_eq!(&sample.labels, &series("p", *n));
            prop_assert_eq!((sample.t, &sample.value), (*t, &Value::Float { bits: *bits, st: *st }));
        }
        prop_assert_eq!(found.len(), samples.len());
    }
}
