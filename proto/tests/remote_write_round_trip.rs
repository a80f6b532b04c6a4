//! Every kind of value survives both versions bit by bit, and no bytes at all make the decoder panic.

use mneme_model::histogram::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint, Span};
use mneme_model::{
    AnyHistogram, Exemplar, FloatHistogram, Histogram, Labels, Metadata, MetricType, stale_nan,
};
use mneme_proto::remote_write::{
    Encoder, Error, HistogramReader, HistogramSample, Malformed, MetadataRef, Request, Sample, Series,
    SeriesProblem, SeriesToEncode, Version, snappy,
};
use proptest::prelude::*;

const VERSIONS: [Version; 2] = [Version::V1, Version::V2];

/// What one series says, owned.
#[derive(Clone, Debug, Default, PartialEq)]
struct Owned {
    labels: Vec<(String, String)>,
    samples: Vec<(i64, u64, i64)>,
    histograms: Vec<HistogramSample>,
    exemplars: Vec<(Labels, u64, i64)>,
    metadata: Option<Metadata>,
}

/// Series, and metadata by family.
type Decoded = (Vec<Owned>, Vec<(String, Metadata)>);

fn decode(version: Version, message: &[u8]) -> Result<Decoded, Error> {
    let request = Request::parse(version, message)?;
    let (mut all, mut series, mut walk) = (Vec::new(), Series::new(), request.timeseries());
    let mut reader = HistogramReader::default();
    let metadata = |m: MetadataRef<'_>| Metadata {
        metric_type: m.metric_type,
        help: m.help.into(),
        unit: m.unit.into(),
    };
    while walk.next(&mut series)? {
        all.push(Owned {
            labels: series.labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            samples: series.samples.iter().map(|s| (s.t, s.v.to_bits(), s.st)).collect(),
            histograms: series
                .histograms
                .iter()
                .map(|h| reader.read(h).cloned())
                .collect::<Result<_, _>>()?,
            exemplars: series
                .exemplars
                .iter()
                .map(|e| {
                    (
                        Labels::from_pairs(series.exemplar_labels(e).iter().copied()),
                        e.value.to_bits(),
                        e.timestamp,
                    )
                })
                .collect(),
            metadata: series.metadata.map(metadata),
        });
    }
    let families = request
        .metadata()
        .map(|m| m.map(|m| (m.family.to_owned(), metadata(m.metadata))))
        .collect::<Result<_, _>>()?;
    Ok((all, families))
}

fn histograms() -> Vec<HistogramSample> {
    let integer = Histogram {
        counter_reset_hint: CounterResetHint::NotCounterReset,
        schema: 3,
        zero_threshold: 1e-128,
        zero_count: 2,
        count: 12,
        sum: -0.0,
        positive_spans: vec![Span { offset: -5, length: 2 }, Span { offset: 3, length: 1 }],
        negative_spans: vec![Span { offset: i32::MIN, length: u32::MAX }],
        positive_deltas: vec![1, -1, i64::MAX],
        negative_deltas: vec![i64::MIN],
        custom_values: vec![],
    };
    let custom = Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        custom_values: vec![0.5, 1.0, f64::MAX],
        ..Histogram::default()
    };
    let float = FloatHistogram {
        counter_reset_hint: CounterResetHint::Gauge,
        schema: -4,
        zero_threshold: 0.25,
        zero_count: 1.5,
        count: 0.0,
        sum: 7.25,
        positive_spans: vec![Span { offset: 0, length: 3 }],
        positive_buckets: vec![0.0, 1.5, f64::INFINITY],
        negative_spans: vec![Span { offset: 1, length: 1 }],
        negative_buckets: vec![0.1],
        custom_values: vec![],
    };
    let stale = FloatHistogram { sum: 1.0, ..FloatHistogram::default() };
    vec![
        HistogramSample { t: 1, h: AnyHistogram::Integer(integer), st: 0 },
        HistogramSample { t: i64::MIN, h: AnyHistogram::Integer(custom), st: 5 },
        HistogramSample { t: i64::MAX, h: AnyHistogram::Float(float), st: -5 },
        HistogramSample { t: 0, h: AnyHistogram::Float(stale), st: 0 },
    ]
}

#[test]
fn every_kind_of_value_survives_both_versions() {
    let labels = [
        ("__name__", "http_requests_total"),
        ("ünïcödé", "välue"),
        ("empty", ""),
        ("a", "same"),
        ("b", "same"),
    ];
    let values = [
        0.0,
        -0.0,
        1.5,
        f64::NAN,
        stale_nan(),
        f64::from_bits(0x7ff8_0000_0000_0099),
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
    ];
    let samples: Vec<_> =
        values.iter().enumerate().map(|(i, v)| Sample { t: i as i64 - 3, v: *v, st: i as i64 * 2 }).collect();
    let exemplars = [
        Exemplar {
            labels: Labels::from_pairs([("trace_id", "abc"), ("span_id", "same")]),
            value: stale_nan(),
            timestamp: 77,
        },
        Exemplar { labels: Labels::empty(), value: 0.0, timestamp: 0 },
    ];
    let metadata =
        Metadata {
            metric_type: MetricType::Counter, help: "Help, ünïcödé.".into(), unit: "seconds".into()
        };
    let histograms = histograms();
    for version in VERSIONS {
        let whole = SeriesToEncode {
            labels: &labels,
            samples: &samples,
            histograms: &histograms,
            exemplars: &exemplars,
            metadata: Some(&metadata),
        };
        let mut encoder = Encoder::new(version);
        encoder
            .series(&whole)
            .series(&SeriesToEncode::default())
            .series(&whole)
            .metadata("http_requests_total", &metadata);
        let (series, families) = decode(version, &encoder.finish()).unwrap();
        let v2 = version == Version::V2;
        let st = |st: i64| if v2 { st } else { 0 };
        let want = Owned {
            labels: labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            samples: samples.iter().map(|s| (s.t, s.v.to_bits(), st(s.st))).collect(),
            histograms: histograms.iter().map(|h| HistogramSample { st: st(h.st), ..h.clone() }).collect(),
            exemplars: exemplars.iter().map(|e| (e.labels.clone(), e.value.to_bits(), e.timestamp)).collect(),
            metadata: v2.then(|| metadata.clone()),
        };
        assert_eq!(series, [want.clone(), Owned::default(), want], "{version:?}");
        let want_families =
            if v2 { vec![] } else { vec![("http_requests_total".to_owned(), metadata.clone())] };
        assert_eq!(families, want_families);
    }
}

#[test]
fn the_bytes_of_one_version_under_the_name_of_the_other_are_an_empty_request() {
    for (written, read) in [(Version::V1, Version::V2), (Version::V2, Version::V1)] {
        let mut encoder = Encoder::new(written);
        encoder.series(&SeriesToEncode {
            labels: &[("__name__", "up")],
            samples: &[Sample { t: 1, v: 1.0, st: 0 }],
            ..Default::default()
        });
        assert_eq!(decode(read, &encoder.finish()), Ok((vec![], vec![])));
    }
}

#[test]
fn what_is_wrong_with_one_series_labels_leaves_the_others_alone() {
    // Series with the references 9,1 and 1 and then 1,2; symbols after them: "", "a", "b\xff" and "c".
    let v2 = b"\x2a\x06\x0a\x02\x09\x01\x12\x00\x2a\x05\x0a\x01\x01\x12\x00\x2a\x04\x0a\x02\x01\x02\x2a\x04\x0a\x02\x01\x03\x22\x00\x22\x01a\x22\x02b\xff\x22\x01c";
    let request = Request::parse(Version::V2, v2).unwrap();
    let (mut series, mut walk, mut problems) = (Series::new(), request.timeseries(), Vec::new());
    while walk.next(&mut series).unwrap() {
        problems.push(series.problem);
    }
    let offset = v2.iter().position(|b| *b == 0xff).unwrap();
    let want = [
        Some(SeriesProblem::Reference { reference: 9, symbols: 4 }),
        Some(SeriesProblem::OddReferences(1)),
        Some(SeriesProblem::Utf8 { offset }),
        None,
    ];
    assert_eq!(problems, want);
    assert_eq!(series.labels, [("a", "c")]);

    let v1 = b"\x0a\x08\x0a\x06\x0a\x01a\x12\x01\xff\x0a\x08\x0a\x06\x0a\x01a\x12\x01b";
    let request = Request::parse(Version::V1, v1).unwrap();
    let mut walk = request.timeseries();
    assert!(walk.next(&mut series).unwrap());
    assert_eq!(series.problem, Some(SeriesProblem::Utf8 { offset: 9 }));
    assert!(walk.next(&mut series).unwrap());
    assert_eq!((series.problem, series.labels.as_slice()), (None, &[("a", "b")][..]));
    assert!(!walk.next(&mut series).unwrap());
}

#[test]
fn unknown_fields_are_skipped_and_wrong_types_are_named_with_their_byte() {
    let unknown = b"\x78\x05\x0a\x0c\x7a\x01x\x12\x07\x10\x05\x79\x00\x00\x00\x00";
    let (whole, broken) = (unknown.len(), decode(Version::V1, unknown).unwrap_err());
    assert!(broken.offset <= whole && matches!(broken.malformed, Malformed::Truncated), "{broken}");
    let (series, _) = decode(Version::V1, b"\x78\x05\x0a\x07\x7a\x01x\x12\x02\x10\x05").unwrap();
    assert_eq!(series[0].samples, [(5, 0, 0)]);
    let error = decode(Version::V1, b"\x08\x01").unwrap_err();
    assert_eq!(error.malformed, Malformed::FieldType { field: 1, found: 0 });
    assert_eq!(error.to_string(), "wrong wire type 0 of field 1 at byte 2");
}

#[test]
fn the_start_timestamp_of_release_candidates_holds_for_the_whole_series() {
    // Symbols "", "a"; a series with created_timestamp 7, one sample without and one with its own start.
    let message =
        b"\x22\x00\x22\x01a\x2a\x10\x0a\x02\x01\x01\x12\x02\x10\x09\x12\x04\x10\x0a\x18\x08\x30\x07";
    let (series, _) = decode(Version::V2, message).unwrap();
    assert_eq!(series[0].samples, [(9, 0, 7), (10, 0, 8)]);
}

fn sample_message(version: Version) -> Vec<u8> {
    let samples = [Sample { t: 1_700_000_000_000, v: 1.5, st: 1_600_000_000_000 }];
    let exemplars =
        [Exemplar { labels: Labels::from_pairs([("trace_id", "abc")]), value: 1.0, timestamp: 77 }];
    let metadata =
        Metadata { metric_type: MetricType::Counter, help: "Help.".into(), unit: "seconds".into() };
    let histograms = histograms();
    let mut encoder = Encoder::new(version);
    for value in ["1", "2", "3"] {
        encoder.series(&SeriesToEncode {
            labels: &[("__name__", "up"), ("job", value)],
            samples: &samples,
            histograms: &histograms,
            exemplars: &exemplars,
            metadata: Some(&metadata),
        });
    }
    encoder.metadata("up", &metadata);
    encoder.finish()
}

#[test]
fn every_prefix_is_an_answer_and_not_a_panic() {
    for version in VERSIONS {
        let message = sample_message(version);
        for end in 0..message.len() {
            let _ = decode(version, &message[..end]);
        }
        assert!(decode(version, &message[..message.len() - 1]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mutated_messages_never_panic(v2 in any::<bool>(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let version = VERSIONS[usize::from(v2)];
        let mut message = sample_message(version);
        for (at, byte) in edits {
            let at = at.index(message.len());
            message[at] = byte;
        }
        let _ = decode(version, &message);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for version in VERSIONS {
            let _ = decode(version, &bytes);
        }
        let _ = snappy::decompress(&bytes, 1 << 20, &mut Vec::new());
    }

    #[test]
    fn floats_and_labels_survive(
        pairs in prop::collection::vec((".{0,20}", ".{0,20}"), 0..6),
        points in prop::collection::vec((any::<i64>(), any::<u64>(), any::<i64>()), 0..20),
    ) {
        let labels: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let samples: Vec<_> = points.iter().map(|(t, bits, st)| Sample { t: *t, v: f64::from_bits(*bits), st: *st }).collect();
        let mut encoder = Encoder::new(Version::V2);
        encoder.series(&SeriesToEncode { labels: &labels, samples: &samples, ..Default::default() });
        let (series, _) = decode(Version::V2, &encoder.finish()).unwrap();
        prop_assert_eq!(&series[0].labels, &pairs);
        prop_assert_eq!(&series[0].samples, &points);
    }
}
