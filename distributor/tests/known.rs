//! A series whose labels came before takes a shorter way to the same records; whatever was refused is refused again, in the same words.

mod harness;

use std::sync::Arc;

use harness::{Harness, NOW, Sent, message, series};
use mneme_model::{AnyHistogram, Exemplar, Histogram, Labels, Metadata, MetricType};
use mneme_proto::remote_write::{Encoder, HistogramSample, Sample, SeriesToEncode, Version};
use mneme_tenant::{LabelValueStrategy, Limits, NameValidation};
use mneme_wal::{Catalog, Records};
use proptest::prelude::*;

type Pairs = Vec<(String, String)>;

/// Everything that records say of samples: series, partition, time.
fn told(records: &Records) -> Vec<(Labels, Option<u16>, i64)> {
    let places: Vec<_> = (0..records.series_count() as u32).filter_map(|i| records.series_at(i)).collect();
    let samples = (0..records.sample_count() as u32).filter_map(|n| records.sample(n));
    samples
        .map(|(labels, t)| {
            let place = places.iter().find(|(known, _)| *known == labels);
            let partition = place.map(|(_, partition)| partition.0);
            (labels, partition, t)
        })
        .collect()
}

fn any_labels() -> impl Strategy<Value = Pairs> {
    let name = prop_oneof![
        Just("__name__"),
        Just("a"),
        Just("b"),
        Just("z"),
        Just("ü"),
        Just(""),
        Just("long_name")
    ];
    let value = prop_oneof![
        Just("up"),
        Just("1"),
        Just(""),
        Just("ä"),
        Just("a value over the limit of some forty bytes, which some tenants have")
    ];
    let pair = (name, value).prop_map(|(name, value)| (name.to_owned(), value.to_owned()));
    (prop::collection::vec(pair, 0..5), prop::bool::weighted(0.8)).prop_map(|(mut labels, named)| {
        if named {
            labels.insert(0, ("__name__".to_owned(), "up".to_owned()));
        }
        labels
    })
}

fn any_limits() -> impl Strategy<Value = Limits> {
    (any::<bool>(), prop_oneof![Just(0usize), Just(45)], any::<bool>(), 0u16..3).prop_map(
        |(legacy, value, truncate, shard)| Limits {
            name_validation_scheme: if legacy { NameValidation::Legacy } else { NameValidation::Utf8 },
            max_label_value_length: value,
            label_value_length_over_limit_strategy: if truncate {
                LabelValueStrategy::Truncate
            } else {
                LabelValueStrategy::Error
            },
            max_label_names_per_series: 3,
            ingestion_tenant_shard_size: shard,
            ..Limits::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn seen_before_or_not_the_records_and_the_words_are_the_same(
        sent in prop::collection::vec(any_labels(), 1..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        limits in any_limits(),
        version in prop_oneof![Just(Version::V1), Just(Version::V2)],
    ) {
        let said = ["Help.", "Other."].map(|help| Metadata { metric_type: MetricType::Counter, help: help.into(), unit: "s".into() });
        let samples = [Sample { t: NOW, v: 1.0, st: 0 }];
        let late = [Sample { t: NOW + 86_400_000, v: 0.0, st: 0 }, Sample { t: NOW, v: 0.0, st: 0 }];
        let pairs: Vec<Vec<(&str, &str)>> =
            sent.iter().map(|labels| labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()).collect();
        let first: Vec<_> = pairs.iter().map(|labels| series(labels, &samples)).collect();
        let again: Vec<_> = order.iter().enumerate().map(|(n, at)| {
            let sent = series(&pairs[at.index(pairs.len())], if n % 3 == 0 { &late } else { &samples });
            SeriesToEncode { metadata: said.get(n % 4), ..sent }
        }).collect();
        let (first, again) = (message(version, &first), message(version, &again));
        let knows = Harness::new(limits.clone());
        knows.push(version, first);
        let fresh = Harness::new(limits);
        let answers = [&knows, &fresh].map(|harness| {
            let answer = harness.push(version, again.clone());
            let told = told(harness.log.stored.lock().unwrap().last().expect("also of refused series"));
            (answer.status, answer.body, answer.written, told)
        });
        prop_assert_eq!(&answers[0], &answers[1]);
    }
}

#[test]
fn what_is_refused_of_a_known_series_names_it() {
    let harness = Harness::new(Limits::default());
    let labels = [("__name__", "up"), ("z", "1"), ("a", "2")];
    let good = [Sample { t: NOW, v: 1.0, st: 0 }];
    let future = [Sample { t: NOW + 86_400_000, v: 1.0, st: 0 }];
    let invalid = [HistogramSample {
        t: NOW,
        h: AnyHistogram::Integer(Histogram { count: 9, ..harness::histogram() }),
        st: 0,
    }];
    let exemplars = [Exemplar { labels: Labels::empty(), value: 1.0, timestamp: 0 }];
    let refused = [
        series(&labels, &future),
        SeriesToEncode { labels: &labels, histograms: &invalid, ..Default::default() },
        SeriesToEncode { labels: &labels, exemplars: &exemplars, ..Default::default() },
    ];
    for (refused, version) in refused.iter().flat_map(|r| [(*r, Version::V1), (*r, Version::V2)]) {
        let fresh = Harness::new(Limits::default()).push(version, message(version, &[refused]));
        assert_eq!(harness.push(version, message(version, &[series(&labels, &good)])).status / 100, 2);
        let known = harness.push(version, message(version, &[series(&labels, &good), refused]));
        assert_eq!(known.status, 400);
        assert!(known.body.contains(r#"up{a="2", z="1"}"#), "{}", known.body);
        let words = |body: &str| body.split("; of this request").next().map(str::to_owned);
        assert_eq!(words(&known.body), words(&fresh.body));
    }
}

#[test]
fn a_label_behind_the_samples_is_a_label() {
    let plain = message(Version::V1, &[series(&[("__name__", "up")], &[Sample { t: NOW, v: 1.0, st: 0 }])]);
    let mut behind = plain.clone();
    let label = b"\x0a\x06\x0a\x01a\x12\x01b";
    behind.extend_from_slice(label);
    behind[1] += label.len() as u8;
    let harness = Harness::new(Limits::default());
    for (message, want) in
        [(&plain, "up"), (&behind, r#"up{a="b"}"#), (&behind, r#"up{a="b"}"#), (&plain, "up")]
    {
        assert_eq!(harness.push(Version::V1, message.clone()).status, 200);
        let stored = harness.log.stored.lock().unwrap();
        assert_eq!(stored.last().unwrap().sample(0).unwrap().0.to_string(), want);
    }
}

#[test]
fn numbers_that_name_other_texts_or_none_are_not_the_series_they_were() {
    // One series of symbols 1 = 2 and 3 = 4.
    let request = |symbols: &[&[u8]], labels: &[u8]| {
        let mut whole: Vec<u8> = Vec::new();
        symbols.iter().for_each(|text| {
            whole.extend([0x22, text.len() as u8]);
            whole.extend_from_slice(text);
        });
        let mut series = vec![0x0a, labels.len() as u8];
        series.extend_from_slice(labels);
        // A sample at 1.
        series.extend(b"\x12\x02\x10\x01");
        whole.extend([0x2a, series.len() as u8]);
        whole.extend(series);
        whole
    };
    let harness = Harness::new(Limits::default());
    let named: &[&[u8]] = &[b"", b"__name__", b"up", b"a", b"b"];
    for (symbols, labels, want) in [
        (named, &[1, 2, 3, 4][..], r#"up{a="b"}"#),
        (named, &[1, 2, 3, 4], r#"up{a="b"}"#),
        (named, &[3, 4, 1, 2], r#"up{a="b"}"#),
        (named, &[1, 2, 3, 0], "up"),
        (named, &[1, 2, 3, 0], "up"),
        (named, &[1, 2], "up"),
        (&[b"", b"__name__", b"down", b"a", b"b"], &[1, 2, 3, 4], r#"down{a="b"}"#),
        (&[b"", b"a", b"b", b"__name__", b"up"], &[1, 2, 3, 4], r#"up{a="b"}"#),
        (&[b"", b"__name__", b"up", b"ab", b""], &[1, 2, 3, 4], "up"),
        (&[b"", b"__name__", b"up", b"a", b"\xff"], &[1, 2, 3, 4], "invalid UTF-8"),
        (named, &[1, 2, 3, 5], "out of range"),
        (named, &[1, 2, 3], "odd number"),
        (named, &[1, 2, 3, 4], r#"up{a="b"}"#),
    ] {
        let answer = harness.push(Version::V2, request(symbols, labels));
        if answer.status / 100 == 2 {
            let stored = harness.log.stored.lock().unwrap();
            assert_eq!(stored.last().unwrap().sample(0).unwrap().0.to_string(), want);
        } else {
            assert!(answer.body.contains(want), "{labels:?}: {}", answer.body);
        }
    }
}

#[test]
fn a_new_catalog_knows_nothing_and_a_full_one_learns_nothing() {
    let harness = Harness::new(Limits::default());
    let all: Vec<[(&str, &str); 2]> = ["1", "2", "3"].map(|n| [("__name__", "up"), ("n", n)]).to_vec();
    let samples = [Sample { t: NOW, v: 1.0, st: 0 }];
    let request: Vec<_> = all.iter().map(|labels| series(labels, &samples)).collect();
    for (limit, version) in [1 << 20, 1 << 20, 0, 0].into_iter().zip([Version::V1, Version::V2].repeat(2)) {
        *harness.log.catalog.lock().unwrap() = Arc::new(Catalog::new(limit));
        for _ in 0..2 {
            assert_eq!(harness.push(version, message(version, &request)).written, [3, 0, 0]);
            let stored = harness.log.stored.lock().unwrap();
            assert_eq!(told(stored.last().unwrap()).len(), 3);
        }
    }
}

#[test]
fn metadata_is_written_once_a_cut_and_again_if_it_was_not_durable() {
    let metadata = Metadata { metric_type: MetricType::Counter, help: "Help.".into(), unit: "s".into() };
    let send = |harness: &Harness, help: &str| {
        let metadata = Metadata { help: help.into(), ..metadata.clone() };
        let mut encoder = Encoder::new(Version::V1);
        encoder.metadata("x", &metadata);
        harness.push(Version::V1, encoder.finish()).status
    };
    let harness = Harness::new(Limits::default());
    let wrote = || !harness.log.stored.lock().unwrap().last().unwrap().is_empty();
    harness.fail_with(Sent::Deadline);
    assert_eq!(send(&harness, "Help."), 503);
    harness.fail_with(Sent::Stored);
    for (help, new) in [("Help.", true), ("Help.", false), ("Other.", true), ("Help.", false)] {
        assert_eq!((send(&harness, help), wrote()), (200, new), "{help}");
    }
    *harness.log.catalog.lock().unwrap() = Arc::new(Catalog::new(1 << 20));
    assert_eq!((send(&harness, "Help."), wrote()), (200, true), "a new cut");
}
