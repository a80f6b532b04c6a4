//! A real Prometheus reads from Mneme by remote read, and answers as Mneme itself does; and the stream of chunks that Mneme sends holds
//! what Prometheus' own stream of the same data holds, its encoders write the same bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use mneme_model::histogram::Span;
use mneme_model::{AnyHistogram, FloatHistogram, Histogram};
use mneme_proto::remote_read::XorChunks;
use mneme_proto::remote_write::{Encoder, HistogramSample, Sample, SeriesToEncode, Version, snappy};
use mneme_tests::chunked_read::{self, Chunk, STREAM};
use mneme_tests::http::{Client, encode};
use mneme_tests::random_query::data::{self, LENGTH_MS, START_MS};
use mneme_tests::{Mneme, Prometheus, compare, has_debian, say, write};
use serde_json::Value;

/// What Debian's Prometheus 2.42 and 3.14 compute alike. Steps lie 5 ms off the samples, so that none is on the edge of a window. Only
/// floats: 2.42 passes over native histograms in what it reads (its remote read knows them since 2.44).
const QUERIES: &[&str] = &[
    "up",
    "temperature",
    "queue_length",
    "build_info",
    "{__name__=~\"memory_.+\",type!=\"free\"}",
    "http_requests_total{instance=\"zürich:1\"}",
    "rate(http_requests_total[4m])",
    "increase(cpu_seconds_total{mode=\"user\"}[10m])",
    "irate(http_requests_total{code!~\"4..\"}[2m])",
    "resets(http_requests_total[30m])",
    "sum by (job) (rate(http_requests_total[5m] offset 3m))",
    "count_over_time(queue_length[11m])",
    "changes(build_info[20m])",
    "max by (job) (max_over_time(memory_bytes[3m]))",
    "histogram_quantile(0.9, sum by (le) (rate(request_duration_seconds_bucket[5m])))",
    "rate(http_requests_total{code=\"500\"}[5m]) / on (job, instance) sum by (job, instance) (rate(http_requests_total[5m]))",
    "absent(queue_length{job=\"api\"})",
    "avg_over_time(temperature{job=\"db\"}[1m:10s])",
];
/// 15 s after a sample may be the next one.
const STEP_MS: i64 = 15_000;

#[test]
fn prometheus_answers_from_mnemes_data_as_mneme_does() {
    if !has_debian("prometheus") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mneme = Mneme::start(dir.path());
    write_to(&mneme.client, &mneme.url("/api/v1/push"));
    let config =
        format!("remote_read: [{{url: '{}', read_recent: true}}]", mneme.url("/prometheus/api/v1/read"));
    let prometheus = Prometheus::start(dir.path(), &config);

    let (mut differences, mut points) = (Vec::new(), 0);
    let (end, minutes) = (START_MS + LENGTH_MS - 9_995, |m: i64| m * 60_000);
    for query in QUERIES {
        let over = |start: i64, end: i64| {
            format!(
                "query_range?query={}&start={}&end={}&step={}",
                encode(query),
                seconds(start),
                seconds(end),
                seconds(STEP_MS)
            )
        };
        let at = |time: i64| format!("query?query={}&time={}", encode(query), seconds(time));
        for path in
            [over(end - minutes(75), end), over(end - minutes(3), end), at(end), at(end - minutes(40))]
        {
            let [left, right] = [format!("{}/api/v1", prometheus.url), mneme.url("/prometheus/api/v1")]
                .map(|api| data_of(&mneme.client, &format!("{api}/{path}")));
            points += compare::points(&left);
            differences
                .extend(compare::difference(&left, &right, 1e-12).map(|d| format!("{query}: {path}: {d}")));
        }
    }
    let of_series = |api: &str| {
        let url = format!(
            "{api}/series?match[]={}&start={}&end={}",
            encode("{job=~\"d.*\"}"),
            START_MS / 1000,
            end / 1000
        );
        let mut all: Vec<String> =
            data_of(&mneme.client, &url).as_array().unwrap().iter().map(Value::to_string).collect();
        all.sort();
        all
    };
    let series = of_series(&format!("{}/api/v1", prometheus.url));
    assert!(series.len() > 20 && series == of_series(&mneme.url("/prometheus/api/v1")));
    mneme.stop();

    say(&format!(
        "compared {points} points of {} queries that Prometheus computed from Mneme's data",
        QUERIES.len()
    ));
    assert!(
        differences.is_empty(),
        "Prometheus (left) and Mneme (right) differ:\n{}",
        differences.join("\n")
    );
    assert!(points > 20_000, "the comparison has substance: {points} points");
}

#[test]
fn a_stream_of_chunks_is_as_prometheus_own() {
    if !has_debian("prometheus") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mneme = Mneme::start(dir.path());
    let receiver = [NATIVE, &["--web.enable-remote-write-receiver"]].concat();
    let prometheus = Prometheus::start_with(dir.path(), "global: {}", &receiver);
    let (ours, theirs) = (mneme.url("/api/v1"), format!("{}/api/v1", prometheus.url));
    write_to(&mneme.client, &format!("{ours}/push"));
    write_to(&mneme.client, &format!("{theirs}/write"));

    let (start, end) = (START_MS + 20 * 60_000, START_MS + LENGTH_MS - 15 * 60_000);
    let ask = |pattern: &str, start, end| {
        let [ours, theirs] = [&ours, &theirs].map(|api| {
            streamed(&mneme.client, api, &chunked_read::request("__name__", pattern, start, end, &[1, 0]))
        });
        assert!(ours.keys().eq(theirs.keys()) && !ours.is_empty(), "{:?}\n{:?}", ours.keys(), theirs.keys());
        theirs.into_iter().zip(ours.into_values()).map(|((labels, theirs), ours)| (labels, ours, theirs))
    };
    let (mut samples, mut chunks, mut histograms) = (0, 0, 0);
    // Of all times: what Prometheus cuts, it forgets the counter resets of.
    for (labels, ours, theirs) in ask("native", START_MS, START_MS + LENGTH_MS) {
        assert_eq!(ours.len(), theirs.len(), "{labels}");
        if labels.contains("float") {
            ours.iter().zip(&theirs).for_each(|(ours, theirs)| same_bits(ours, theirs, &labels));
            histograms += ours.len();
        }
    }
    for (labels, ours, theirs) in ask("[a-mo-z].*", start, end) {
        let within = |chunks: &[Chunk]| -> Vec<(i64, u64)> {
            let all = chunks.iter().flat_map(|chunk| chunked_read::xor(&chunk.data));
            all.filter(|(t, _)| (start..=end).contains(t)).collect()
        };
        assert_eq!(within(&ours), within(&theirs), "{labels}");
        samples += within(&ours).len();
        for chunk in &theirs {
            let (t, v): (Vec<i64>, Vec<f64>) =
                chunked_read::xor(&chunk.data).into_iter().map(|(t, bits)| (t, f64::from_bits(bits))).unzip();
            let encoded: Vec<_> = XorChunks::new(&t, &v).collect();
            if let [encoded] = &encoded[..] {
                let ours = Chunk { data: encoded.data.clone(), ..chunk.clone() };
                same_bits(&ours, chunk, &labels);
                chunks += 1;
            }
        }
    }
    mneme.stop();
    say(&format!(
        "{samples} streamed samples, {chunks} chunks of floats and {histograms} of histograms as Prometheus has them"
    ));
    assert!(samples > 10_000 && chunks > 100 && histograms > 0);
}

/// Prometheus begins a byte before it has bits for it, and so may end with an empty one.
fn same_bits(ours: &Chunk, theirs: &Chunk, labels: &str) {
    let (bits, more) = theirs.data.split_at(ours.data.len().min(theirs.data.len()));
    assert_eq!(Chunk { data: ours.data.clone(), ..theirs.clone() }, *ours, "{labels}: all but the bits");
    assert_eq!(ours.data, bits, "{labels}: chunk of {}..={}", ours.min_time, ours.max_time);
    assert!(more.is_empty() || more == [0], "{labels}: {more:?}");
}

const NATIVE: &[&str] = &["--enable-feature=native-histograms"];

/// All floats of the random queries' data, and native histograms: growing ones with a reset, integer and float.
fn write_to(client: &Client, url: &str) {
    // An hour at a time: Prometheus refuses what is older than that.
    for part in [0..40, 40..80, 80..LENGTH_MS / 60_000] {
        let within = START_MS + part.start * 60_000..START_MS + part.end * 60_000;
        let all = data::series();
        let mut encoder = Encoder::new(Version::V1);
        for series in &all {
            let labels: Vec<_> =
                series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let samples: Vec<Sample> =
                series.samples.iter().filter(|sample| within.contains(&sample.t)).copied().collect();
            if !samples.is_empty() {
                encoder.series(&SeriesToEncode {
                    labels: &labels,
                    samples: &samples,
                    ..SeriesToEncode::default()
                });
            }
        }
        for kind in ["float", "integer"] {
            let labels = [("__name__", "native"), ("kind", kind)];
            let histograms: Vec<HistogramSample> =
                part.clone().map(|minute| histogram(kind, minute)).collect();
            encoder.series(&SeriesToEncode {
                labels: &labels,
                histograms: &histograms,
                ..SeriesToEncode::default()
            });
        }
        let reply = write::send(client, url, Version::V1, &snappy::compress(&encoder.finish())).unwrap();
        assert!(reply.status < 300, "{url}: {} {}", reply.status, reply.text());
    }
}

/// One a minute. At minute 60 it begins anew.
fn histogram(kind: &str, minute: i64) -> HistogramSample {
    let grown = minute % 60 + 1;
    let positive_spans = vec![Span { offset: -1, length: 2 }, Span { offset: 1, length: 1 }];
    let (schema, zero_threshold, sum) = (3, 2f64.powi(-128), grown as f64 * 2.5);
    let h = if kind == "float" {
        AnyHistogram::Float(FloatHistogram {
            schema,
            zero_threshold,
            sum,
            count: grown as f64 * 4.0,
            zero_count: grown as f64,
            positive_spans,
            positive_buckets: vec![grown as f64, grown as f64, grown as f64],
            ..FloatHistogram::default()
        })
    } else {
        AnyHistogram::Integer(Histogram {
            schema,
            zero_threshold,
            sum,
            count: grown.cast_unsigned() * 4,
            zero_count: grown.cast_unsigned(),
            positive_spans,
            positive_deltas: vec![grown, 0, 0],
            ..Histogram::default()
        })
    };
    HistogramSample { t: START_MS + minute * 60_000, h, st: 0 }
}

fn streamed(client: &Client, api: &str, request: &[u8]) -> BTreeMap<String, Vec<Chunk>> {
    let headers = [
        ("Content-Type", "application/x-protobuf"),
        ("Content-Encoding", "snappy"),
        ("X-Prometheus-Remote-Read-Version", "0.1.0"),
    ];
    let reply = client.post(&format!("{api}/read"), &headers, request).unwrap();
    assert_eq!((reply.status, reply.header("content-type")), (200, STREAM), "{api}: {}", reply.text());
    let mut all = BTreeMap::<String, Vec<Chunk>>::new();
    for (labels, chunks) in chunked_read::series(&reply.body) {
        all.entry(format!("{labels:?}")).or_default().extend(chunks);
    }
    all
}

fn data_of(client: &Client, url: &str) -> Value {
    let reply = client.get(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    assert_eq!(reply.status, 200, "{url}: {}", reply.text());
    reply.json()["data"].clone()
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}
