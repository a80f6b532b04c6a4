//! Every bad input has its status and text, the good rest of its request is stored, and the next request is answered.

mod harness;

use axum::body::Body;
use harness::{Harness, NOW, Sent, good, histogram, message, series};
use http::Request;
use mneme_model::histogram::Span;
use mneme_model::{AnyHistogram, Exemplar, FloatHistogram, Histogram, Labels, Metadata};
use mneme_proto::remote_write::{Encoder, HistogramSample, Sample, SeriesToEncode, Version, snappy};
use mneme_tenant::{Limits, NameValidation};

/// A bad series beside two good ones: status 400, the id, a part of the text; and the good ones are stored.
#[allow(clippy::needless_pass_by_value, reason = "tests read better")]
fn refuses(limits: Limits, bad: &SeriesToEncode<'_>, id: &str, words: &str) {
    for version in [Version::V1, Version::V2] {
        let harness = Harness::new(limits.clone());
        let mut encoder = Encoder::new(version);
        encoder.series(&good("first")).series(bad).series(&good("last"));
        let reply = harness.push(version, encoder.finish());
        assert_eq!(reply.status, 400, "{id}: {}", reply.body);
        assert!(reply.first_line().contains(words), "{id}: {}", reply.body);
        assert!(reply.first_line().contains(&format!("(err-mneme-{id})")), "{id}: {}", reply.body);
        let refused = bad.samples.len() + bad.histograms.len();
        let plural = if refused == 1 { "" } else { "s" };
        let counts = format!("{refused} sample{plural}");
        assert!(
            reply.first_line().contains(&counts) && reply.first_line().contains("2 samples stored"),
            "{id}: {}",
            reply.body
        );
        assert_eq!(reply.written, [2, 0, 0], "{id}");
        assert_eq!(harness.stored(), 2, "{id}");
    }
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

const ONE: [Sample; 1] = [Sample { t: NOW, v: 1.0, st: 0 }];

#[test]
fn labels() {
    let long = "n".repeat(1025);
    let value = "v".repeat(2049);
    let names: Vec<String> = (0..30).map(|i| format!("l{i:02}")).collect();
    let mut many = vec![("__name__", "up")];
    many.extend(names.iter().map(|name| (name.as_str(), "x")));
    let cases: [(Pairs<'_>, &str, &str); 8] = [
        (&[("job", "x")], "missing-metric-name", "no metric name"),
        (&[("__name__", ""), ("job", "x")], "missing-metric-name", "no metric name"),
        (&[], "missing-metric-name", "series '{}'"),
        (&[("__name__", "up"), ("", "x")], "label-invalid", "invalid label name \"\""),
        (&[("__name__", "up"), (&long, "x")], "label-name-too-long", "max_label_name_length of 1024"),
        (&[("__name__", "up"), ("a", &value)], "label-value-too-long", "max_label_value_length of 2048"),
        (
            &many,
            "max-label-names-per-series",
            "31 labels, more than the tenant's limit max_label_names_per_series of 30",
        ),
        (
            &[("__name__", "up"), ("a", "1"), ("b", "1"), ("a", "2")],
            "duplicate-label-names",
            "label \"a\" is there twice",
        ),
    ];
    for (labels, id, words) in cases {
        refuses(Limits::default(), &series(labels, &ONE), id, words);
    }
}

#[test]
fn names_by_the_tenants_scheme() {
    let legacy = Limits { name_validation_scheme: NameValidation::Legacy, ..Limits::default() };
    refuses(
        legacy.clone(),
        &series(&[("__name__", "my.metric")], &ONE),
        "metric-name-invalid",
        "\"my.metric\"",
    );
    refuses(legacy, &series(&[("__name__", "up"), ("a.b", "1")], &ONE), "label-invalid", "\"a.b\"");
    let harness = Harness::new(Limits::default());
    let reply = harness
        .push(Version::V1, message(Version::V1, &[series(&[("__name__", "my.metric"), ("a.b", "1")], &ONE)]));
    assert_eq!((reply.status, harness.stored()), (200, 1));
}

#[test]
fn times() {
    let late = [Sample { t: NOW + 600_001, v: 1.0, st: 0 }];
    refuses(
        Limits::default(),
        &series(&[("__name__", "up")], &late),
        "too-far-in-future",
        "600 s in the future",
    );
    let early = [Sample { t: i64::MIN, v: 1.0, st: 0 }];
    refuses(Limits::default(), &series(&[("__name__", "up")], &early), "too-far-in-past", "before year 1");
    let harness = Harness::new(Limits::default());
    let any = [
        Sample { t: NOW + 600_000, v: 1.0, st: 0 },
        Sample { t: 0, v: 1.0, st: 0 },
        Sample { t: -1, v: 1.0, st: 0 },
    ];
    assert_eq!(
        harness.push(Version::V1, message(Version::V1, &[series(&[("__name__", "up")], &any)])).status,
        200
    );
    assert_eq!(harness.stored(), 3);
}

#[test]
fn native_histograms() {
    let base = histogram();
    let with = |change: &dyn Fn(&mut Histogram)| {
        let mut h = base.clone();
        change(&mut h);
        AnyHistogram::Integer(h)
    };
    let negative = FloatHistogram { count: -1.0, ..FloatHistogram::default() };
    let cases: [(AnyHistogram, &str); 8] = [
        (with(&|h| h.count = 9), "native-histogram-count-mismatch"),
        (with(&|h| (h.count, h.sum) = (1, f64::NAN)), "native-histogram-count-not-big-enough"),
        (with(&|h| h.positive_deltas = vec![1, -2]), "native-histogram-negative-bucket-count"),
        (
            with(&|h| h.positive_spans.push(Span { offset: -1, length: 1 })),
            "native-histogram-span-negative-offset",
        ),
        (with(&|h| h.positive_deltas = vec![3]), "native-histogram-spans-buckets-mismatch"),
        (with(&|h| h.schema = 99), "invalid-native-histogram-schema"),
        (with(&|h| h.custom_values = vec![1.0]), "native-histogram-custom-buckets-invalid"),
        (AnyHistogram::Float(negative), "native-histogram-negative-count"),
    ];
    for (h, id) in cases {
        let samples = [HistogramSample { t: NOW, h, st: 0 }];
        let bad = SeriesToEncode { labels: &[("__name__", "h")], histograms: &samples, ..Default::default() };
        refuses(Limits::default(), &bad, id, "in series 'h'");
    }
}

#[test]
fn native_histograms_over_the_tenants_buckets() {
    let samples = [HistogramSample { t: NOW, h: AnyHistogram::Integer(histogram()), st: 0 }];
    let bad = SeriesToEncode { labels: &[("__name__", "h")], histograms: &samples, ..Default::default() };
    let strict = Limits {
        max_native_histogram_buckets: 1,
        reduce_native_histogram_over_max_buckets: false,
        ..Limits::default()
    };
    refuses(strict, &bad, "max-native-histogram-buckets", "of 2 buckets, more than the tenant's limit");
    let reducing = Limits { max_native_histogram_buckets: 1, ..Limits::default() };
    let harness = Harness::new(reducing);
    let reply = harness.push(Version::V2, message(Version::V2, &[bad]));
    assert!(
        reply.status == 400 && reply.body.contains("err-mneme-not-reducible-native-histogram"),
        "{}",
        reply.body
    );
    let next_to_each_other = Histogram { positive_spans: vec![Span { offset: 1, length: 2 }], ..histogram() };
    let samples = [HistogramSample { t: NOW, h: AnyHistogram::Integer(next_to_each_other), st: 0 }];
    let reducible = SeriesToEncode { histograms: &samples, ..bad };
    assert_eq!(harness.push(Version::V2, message(Version::V2, &[reducible])).written, [0, 1, 0]);
    let off = Harness::new(Limits { native_histograms_ingestion_enabled: false, ..Limits::default() });
    let reply = off.push(Version::V2, message(Version::V2, &[bad, good("x")]));
    assert_eq!(
        (reply.status, reply.written, off.stored()),
        (204, [1, 0, 0], 1),
        "dropped silently: {}",
        reply.body
    );
}

#[test]
fn exemplars_and_metadata() {
    let exemplar = |labels: &[(&str, &str)], timestamp| Exemplar {
        labels: Labels::from_pairs(labels.iter().copied()),
        value: 1.0,
        timestamp,
    };
    let long = "x".repeat(130);
    let cases = [
        (exemplar(&[("trace_id", &long)], NOW), "exemplar-labels-too-long"),
        (exemplar(&[("trace_id", "a")], 0), "exemplar-timestamp-invalid"),
        (exemplar(&[("trace_id", "a")], NOW + 700_000), "exemplar-too-far-in-future"),
    ];
    for (bad, id) in cases {
        let harness = Harness::new(Limits::default());
        let exemplars = [bad, exemplar(&[], NOW)];
        let sent = SeriesToEncode { exemplars: &exemplars, ..good("x") };
        let reply = harness.push(Version::V2, message(Version::V2, &[sent]));
        assert_eq!((reply.status, reply.written), (400, [1, 0, 1]), "{id}: {}", reply.body);
        assert!(
            reply.first_line().contains(&format!(
                "0 samples, 1 exemplar refused, 1 sample, 1 exemplar stored (err-mneme-{id})"
            )),
            "{}",
            reply.body
        );
    }
    let cases = [
        ("", "", "metadata-missing-metric-name"),
        (long.as_str(), "", "metric-name-too-long"),
        ("up", long.as_str(), "unit-too-long"),
    ];
    for (family, unit, id) in cases {
        let harness = Harness::new(Limits { max_metadata_length: 100, ..Limits::default() });
        let mut encoder = Encoder::new(Version::V1);
        encoder.series(&good("x")).metadata(
            family,
            &Metadata { unit: unit.to_owned(), help: "é".repeat(100), ..Metadata::default() },
        );
        let reply = harness.push(Version::V1, encoder.finish());
        assert!(reply.status == 400 && reply.first_line().contains(id), "{id}: {}", reply.body);
        assert_eq!(harness.stored(), 1);
    }
}

#[test]
fn requests_that_are_no_remote_write() {
    let body = snappy::compress(&message(Version::V1, &[good("x")]));
    let post = |headers: &[(&str, &str)], body: &[u8]| {
        let mut request = Request::post("/api/v1/push");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_vec())).unwrap()
    };
    let mut bomb = vec![0x80, 0x80, 0x80, 0x80, 0x04];
    bomb.extend([0; 10]);
    let no_proto = snappy::compress(b"\x0a\xff\xff\xff\xff\x0f");
    let text = snappy::compress(b"hello, world");
    let cases: Vec<(Request<Body>, u16, &str)> = vec![
        (post(&[("content-encoding", "gzip")], &body), 415, "gzip encoding (compression) is not accepted"),
        (post(&[("content-encoding", "zstd")], &body), 415, "zstd"),
        (post(&[("content-type", "application/json")], &body), 415, "expected application/x-protobuf"),
        (
            post(&[("content-type", "application/x-protobuf;proto=io.prometheus.write.v3.Request")], &body),
            415,
            "unknown remote write protobuf message",
        ),
        (post(&[], b"not snappy at all"), 400, "not valid snappy"),
        (post(&[], b""), 400, "not valid snappy"),
        (post(&[], &body[..body.len() - 3]), 400, "not valid snappy"),
        (post(&[], &bomb), 413, "decompresses to 1073741824 bytes"),
        (
            post(&[], &vec![0; 2 << 20]),
            413,
            "max_recv_msg_size_bytes, 1048576 bytes (err-mneme-distributor-max-write-message-size)",
        ),
        (
            post(&[], &no_proto),
            400,
            "the body is no prometheus.WriteRequest: unexpected end of message at byte 6",
        ),
        (post(&[], &text), 400, "the body is no prometheus.WriteRequest"),
        (post(&[("x-scope-orgid", "a|b")], &body), 400, "multiple org IDs"),
        (post(&[("x-scope-orgid", "a/b")], &body), 400, "unsupported character"),
        (Request::get("/api/v1/push").body(Body::empty()).unwrap(), 405, "use POST"),
    ];
    let harness = Harness::new(Limits::default());
    for (request, status, words) in cases {
        let shown = format!("{request:?}");
        let reply = harness.send(request);
        assert_eq!(reply.status, status, "{shown}: {}", reply.body);
        assert!(reply.first_line().contains(words), "{shown}: {}", reply.body);
        assert_eq!(reply.written, [0, 0, 0]);
        assert_eq!(harness.stored(), 0, "{shown}");
    }
    assert_eq!(
        harness.push(Version::V1, message(Version::V1, &[good("x")])).status,
        200,
        "and it still serves"
    );
}

#[test]
fn without_a_tenant_where_one_is_needed() {
    let harness = Harness::trusting_header();
    let reply = harness.push(Version::V1, message(Version::V1, &[good("x")]));
    assert_eq!((reply.status, reply.first_line()), (401, "no org id"));
}

#[test]
fn over_the_rates() {
    let limits = Limits { ingestion_rate: 2.0, request_rate: 3.0, ..Limits::default() };
    let harness = Harness::new(limits);
    let sent = message(Version::V2, &[good("x"), good("y")]);
    assert_eq!(harness.push(Version::V2, sent.clone()).status, 204);
    let reply = harness.push(Version::V2, sent.clone());
    assert_eq!((reply.status, reply.written), (429, [0, 0, 0]));
    let advice = "(err-mneme-tenant-max-ingestion-rate). To adjust the related per-tenant limit, configure limits.ingestion_rate and limits.ingestion_burst_size, or contact your service administrator.";
    assert!(reply.first_line().ends_with(advice), "{}", reply.body);
    assert!((3..=9).contains(&reply.retry_after.unwrap()), "{:?}", reply.retry_after);
    harness.push(Version::V2, sent.clone());
    let reply = harness.push(Version::V2, sent);
    assert!(reply.status == 429 && reply.body.contains("tenant-max-request-rate"), "{}", reply.body);
    assert_eq!(harness.stored(), 2);
}

#[test]
fn a_write_ahead_log_that_cannot() {
    for (fails, status, id) in [
        (Sent::Overloaded, 503, "wal-overloaded"),
        (Sent::Deadline, 503, "wal-deadline"),
        (Sent::Closed, 503, "wal-closed"),
        (Sent::TooLarge, 413, "distributor-max-write-message-size"),
        (Sent::Failed, 500, "wal-failed"),
    ] {
        let harness = Harness::new(Limits::default());
        harness.fail_with(fails);
        let reply = harness.push(Version::V2, message(Version::V2, &[good("x")]));
        assert_eq!((reply.status, reply.written), (status, [0, 0, 0]), "{}", reply.body);
        assert!(reply.first_line().contains(&format!("(err-mneme-{id})")), "{}", reply.body);
        assert_eq!(reply.retry_after.is_some(), status == 503);
    }
}

#[test]
fn another_value_at_the_same_time() {
    let harness = Harness::new(Limits::default());
    harness.fail_with(Sent::Conflicts(vec![1]));
    let reply = harness.push(Version::V2, message(Version::V2, &[good("x"), good("y"), good("z")]));
    assert_eq!((reply.status, reply.written), (400, [2, 0, 0]));
    let want = format!(
        "another value at the same timestamp {NOW} is already stored of series 'up{{job=\"y\"}}'; of this request 1 sample refused, \
         2 samples stored (err-mneme-sample-duplicate-timestamp)"
    );
    assert_eq!(reply.first_line(), want);
    assert_eq!(harness.stored(), 3, "advice: the records are in the log");
}

#[test]
fn another_histogram_at_the_same_time() {
    let harness = Harness::new(Limits::default());
    harness.fail_with(Sent::Conflicts(vec![0, 2]));
    let samples = [NOW, NOW + 1].map(|t| HistogramSample { t, h: AnyHistogram::Integer(histogram()), st: 0 });
    let h = SeriesToEncode { labels: &[("__name__", "h")], histograms: &samples, ..Default::default() };
    let reply = harness.push(Version::V2, message(Version::V2, &[good("x"), h, good("y")]));
    assert_eq!((reply.status, reply.written), (400, [1, 1, 0]), "{}", reply.body);
    let refused = |kind| {
        harness.metric(&format!(
            "mneme_distributor_refused_samples_total{{kind=\"{kind}\",reason=\"sample-duplicate-timestamp\"}}"
        ))
    };
    assert_eq!((refused("float"), refused("histogram")), (1.0, 1.0));
}

#[test]
fn over_the_process_budget_of_bytes() {
    let whole = message(Version::V2, &[good("x")]);
    let (sent, decompressed) = (snappy::compress(&whole).len(), whole.len());
    let with_records = sent + decompressed + 500;
    for (budget, status) in
        [(sent - 1, 413), (sent + decompressed - 1, 413), (sent + decompressed, 413), (with_records, 204)]
    {
        let harness = Harness::with_budget(budget);
        for _ in 0..3 {
            let reply = harness.push(Version::V2, whole.clone());
            assert_eq!(reply.status, status, "{budget}: {}", reply.body);
            assert!(
                status == 204 || reply.first_line().contains("than all requests together may, max_inflight"),
                "{}",
                reply.body
            );
        }
    }
}
