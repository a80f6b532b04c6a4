//! Every kind of data of remote write 1.0 and 2.0 is kept: floats with their bits, stale markers, integer, float and
//! custom-bucket histograms, exemplars, metadata. Asked before and after a SIGKILL, the answers are the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use mneme_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Span};
use mneme_model::{
    AnyHistogram, Exemplar, FloatHistogram, Histogram, Labels, Metadata, MetricType, stale_nan,
};
use mneme_proto::remote_write::{Encoder, HistogramSample, Sample, SeriesToEncode, Version, snappy};
use mneme_tests::{Mneme, now_ms, write};
use serde_json::{Value, json};

#[test]
fn every_kind_of_data_is_kept_and_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut mneme = Mneme::start(dir.path());
    let t = now_ms() / 1000 * 1000;
    for version in [Version::V1, Version::V2] {
        send_everything(&mneme, version, t);
    }
    check_everything(&mneme, t);
    mneme.kill();
    let mneme = Mneme::start(dir.path());
    check_everything(&mneme, t);
    mneme.stop();
}

/// The metric names end with the version.
fn name(version: Version, what: &str) -> String {
    format!("{what}_{}", if version == Version::V1 { "v1" } else { "v2" })
}

fn send_everything(mneme: &Mneme, version: Version, t: i64) {
    let integer = Histogram {
        schema: 0,
        count: 4,
        zero_count: 1,
        sum: 4.5,
        zero_threshold: 0.001,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        positive_deltas: vec![1, 1],
        ..Histogram::default()
    };
    let float = FloatHistogram {
        schema: 1,
        count: 1.5,
        sum: -2.0,
        zero_threshold: 0.001,
        negative_spans: vec![Span { offset: 1, length: 1 }],
        negative_buckets: vec![1.5],
        ..FloatHistogram::default()
    };
    let custom = Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: 5,
        sum: 9.0,
        positive_spans: vec![Span { offset: 0, length: 3 }],
        positive_deltas: vec![1, 1, -1],
        custom_values: vec![0.5, 2.0],
        ..Histogram::default()
    };
    // 1.0 has no field for custom bounds: there it is sent as an exponential one.
    let custom = if version == Version::V1 { integer.clone() } else { Histogram { count: 4, ..custom } };
    // Finer than anyone computes with: kept as 8, where buckets 1 to 4 of schema 10 are one.
    let finer = Histogram {
        schema: 10,
        count: 7,
        sum: 7.0,
        positive_spans: vec![Span { offset: 0, length: 5 }],
        positive_deltas: vec![1, 0, 0, 0, 2],
        ..Histogram::default()
    };
    let histograms = [
        ("finer", AnyHistogram::Integer(finer)),
        ("integer", AnyHistogram::Integer(integer)),
        ("float", AnyHistogram::Float(float)),
        ("custom", AnyHistogram::Integer(custom)),
    ];
    let metadata = Metadata {
        metric_type: MetricType::Counter,
        help: "Something \"counted\"".into(),
        unit: "bytes".into(),
    };
    let mut encoder = Encoder::new(version);

    let counter = name(version, "counter");
    let exemplars =
        [Exemplar { labels: Labels::from_pairs([("trace_id", "abc")]), value: 0.25, timestamp: t - 1000 }];
    let samples = [
        Sample { t: t - 2000, v: f64::from_bits(1), st: 0 },
        Sample { t: t - 1000, v: -0.0, st: 0 },
        Sample { t, v: 0.1 + 0.2, st: if version == Version::V2 { t - 60_000 } else { 0 } },
    ];
    encoder.series(&SeriesToEncode {
        labels: &[("__name__", &counter), ("job", "kinds")],
        samples: &samples,
        exemplars: &exemplars,
        metadata: Some(&metadata),
        ..SeriesToEncode::default()
    });
    encoder.metadata(&counter, &metadata);

    let ended = name(version, "ended");
    let samples = [Sample { t: t - 1000, v: 1.0, st: 0 }, Sample { t, v: stale_nan(), st: 0 }];
    encoder.series(&SeriesToEncode {
        labels: &[("__name__", &ended)],
        samples: &samples,
        ..SeriesToEncode::default()
    });

    for (kind, histogram) in histograms {
        let name = name(version, kind);
        let histograms = [HistogramSample { t, h: histogram, st: 0 }];
        encoder.series(&SeriesToEncode {
            labels: &[("__name__", &name)],
            histograms: &histograms,
            ..SeriesToEncode::default()
        });
    }
    let reply =
        write::send(&mneme.client, &mneme.url("/api/v1/push"), version, &snappy::compress(&encoder.finish()))
            .unwrap();
    assert_eq!(reply.status / 100, 2, "{}", reply.text());
    let written = |kind: &str| reply.header(&format!("x-prometheus-remote-write-{kind}-written")).to_owned();
    assert_eq!(
        (written("samples"), written("histograms"), written("exemplars")),
        ("5".into(), "4".into(), "1".into())
    );
}

fn check_everything(mneme: &Mneme, t: i64) {
    let seconds = t as f64 / 1000.0;
    for version in [Version::V1, Version::V2] {
        let ask = |what: &str| mneme.query(&name(version, what), seconds)["result"][0].clone();
        let raw = mneme.query(&format!("{}[10s]", name(version, "counter")), seconds);
        let values: Vec<_> =
            raw["result"][0]["values"].as_array().unwrap().iter().map(|v| v[1].clone()).collect();
        assert_eq!(values, ["5e-324", "-0", "0.30000000000000004"], "{version:?}");

        assert_eq!(ask("ended"), Value::Null, "a stale marker ends a series");
        let before = mneme.query(&name(version, "ended"), seconds - 0.5);
        assert_eq!(before["result"][0]["value"][1], "1");

        let integer = &ask("integer")["histogram"][1];
        assert_eq!((&integer["count"], &integer["sum"]), (&json!("4"), &json!("4.5")));
        let zero = json!([3, "-0.001", "0.001", "1"]);
        assert_eq!(integer["buckets"], json!([zero, [0, "0.5", "1", "1"], [0, "1", "2", "2"]]));
        let float = &ask("float")["histogram"][1];
        assert_eq!((&float["count"], &float["sum"]), (&json!("1.5"), &json!("-2")));
        assert_eq!(float["buckets"].as_array().unwrap().len(), 1);

        let finer = &ask("finer")["histogram"][1];
        let of_schema_8 = json!([[0, "0.9972960560854698", "1", "1"], [0, "1", "1.0027112750502025", "6"]]);
        assert_eq!(finer["buckets"], of_schema_8, "{finer}");

        let name = name(version, "counter");
        let metadata = mneme.get(&format!("/prometheus/api/v1/metadata?metric={name}")).json();
        assert_eq!(
            metadata["data"][&name],
            json!([{"type": "counter", "help": "Something \"counted\"", "unit": "bytes"}]),
            "{version:?}"
        );
        let url =
            format!("/prometheus/api/v1/query_exemplars?query={name}&start={}&end={seconds}", seconds - 10.0);
        let exemplars = mneme.get(&url).json();
        let exemplar = &exemplars["data"][0]["exemplars"][0];
        assert_eq!(
            (&exemplar["labels"]["trace_id"], &exemplar["value"]),
            (&json!("abc"), &json!("0.25")),
            "{exemplars}"
        );
    }
    let custom = &mneme.query("custom_v2", seconds)["result"][0]["histogram"][1].clone();
    assert_eq!(custom["count"], "4");
    let buckets = json!([[3, "-Inf", "0.5", "1"], [0, "0.5", "2", "2"], [0, "2", "+Inf", "1"]]);
    assert_eq!(custom["buckets"], buckets, "custom bounds: {custom}");
}
