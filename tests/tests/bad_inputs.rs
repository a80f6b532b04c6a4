//! Every bad write gets its status and a first line that a person understands; the good rest is committed, and the
//! process survives all of them.

use mneme_model::histogram::Span;
use mneme_model::{AnyHistogram, Histogram};
use mneme_proto::remote_write::{Encoder, HistogramSample, Sample, SeriesToEncode, Version, snappy};
use mneme_tests::http::Reply;
use mneme_tests::{Mneme, now_ms, write};

const CONFIG: &str = "
distributor:
  max_recv_msg_size_bytes: 65536
  max_decompressed_size_bytes: 1048576
overrides:
  slow:
    ingestion_rate: 1
    ingestion_burst_size: 2
  impatient:
    request_rate: 0.001
    request_burst_size: 1
";

struct Target {
    mneme: Mneme,
}

type Headers<'h> = &'h [(&'h str, &'h str)];

impl Target {
    fn post(&self, headers: Headers<'_>, body: &[u8]) -> Reply {
        self.mneme.client.post(&self.mneme.url("/api/v1/push"), headers, body).expect("an answer")
    }

    /// A well-formed request with other headers.
    fn post_as(&self, changed: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut headers: Vec<_> = write::headers(Version::V1)
            .into_iter()
            .filter(|(n, _)| !changed.iter().any(|(c, _)| c == n))
            .collect();
        headers.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        self.post(&headers, body)
    }

    fn send(&self, version: Version, body: &[u8]) -> Reply {
        self.post(&write::headers(version), body)
    }

    /// Sends one series beside a good one named `good`: the bad one is refused with 400 and this id, the good one is there.
    fn refuses_series(&self, labels: &[(&str, &str)], sample: Sample, id: &str) {
        for version in [Version::V1, Version::V2] {
            let good = format!("good_beside_{}", id.replace('-', "_"));
            let good_sample = [Sample { t: now_ms(), v: 1.0, st: 0 }];
            let body = write::body(version, &[(&[("__name__", &good)], &good_sample), (labels, &[sample])]);
            let reply = self.send(version, &body);
            self.refused(&reply, 400, id);
            assert_eq!(
                reply.header("x-prometheus-remote-write-samples-written"),
                "1",
                "{id}: {}",
                reply.text()
            );
            let found = self.mneme.query(&good, now_ms() as f64 / 1000.0 + 1.0);
            assert_eq!(
                found["result"].as_array().map(Vec::len),
                Some(1),
                "the good rest beside {id} is committed"
            );
        }
    }

    /// The reply has this status, and its first line holds the id or words.
    fn refused(&self, reply: &Reply, status: u16, words: &str) {
        let text = reply.text();
        let first = text.lines().next().unwrap_or("");
        assert_eq!(reply.status, status, "{words}: {text}");
        assert!(first.contains(words), "{words} in {first:?}");
        assert!(first.len() > words.len() + 10, "a sentence, not only an id: {first:?}");
        assert!(reply.header("content-type").starts_with("text/plain"), "{words}");
    }
}

#[test]
fn every_bad_write_gets_its_status_and_the_process_survives() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mneme.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let target = Target { mneme: Mneme::start_with(dir.path(), &["--config", config.to_str().unwrap()]) };

    headers_that_are_not_taken(&target);
    bodies_that_cannot_be_read(&target);
    series_that_are_refused(&target);
    values_at_one_time(&target);
    histograms_that_contradict_themselves(&target);
    rates(&target);

    assert_eq!(target.mneme.get("/ready").status, 200);
    target.mneme.stop();
}

fn headers_that_are_not_taken(target: &Target) {
    let body = write::body(Version::V1, &[(&[("__name__", "up")], &[Sample { t: now_ms(), v: 1.0, st: 0 }])]);
    target.refused(&target.post_as(&[("Content-Type", "application/json")], &body), 415, "application/json");
    let unknown = "application/x-protobuf;proto=io.prometheus.write.v3.Request";
    target.refused(&target.post_as(&[("Content-Type", unknown)], &body), 415, "v3.Request");
    target.refused(&target.post_as(&[("Content-Encoding", "gzip")], &body), 415, "gzip");
    target.refused(&target.post_as(&[("X-Scope-OrgID", "a/b")], &body), 400, "unsupported character");
    let long = "a".repeat(151);
    target.refused(&target.post_as(&[("X-Scope-OrgID", &long)], &body), 400, "too long");
    let get = target.mneme.get("/api/v1/push");
    assert_eq!((get.status, get.header("allow")), (405, "POST"));
    let reply = target.post_as(&[("Content-Type", ""), ("X-Prometheus-Remote-Write-Version", "")], &body);
    assert!(reply.status == 200, "old senders leave headers out: {}", reply.text());
}

fn bodies_that_cannot_be_read(target: &Target) {
    target.refused(&target.send(Version::V1, b"\xff\xff\xff\xff\xff\xff"), 400, "snappy");
    target.refused(&target.send(Version::V1, &snappy::compress(b"\x0a\xff\x01 no protobuf")), 400, "byte");
    // Declares 4 GiB - 1, and has none of it.
    target.refused(
        &target.send(Version::V1, b"\xff\xff\xff\xff\x0f\x00"),
        413,
        "max_decompressed_size_bytes",
    );
    target.refused(&target.send(Version::V1, &vec![0; 70_000]), 413, "max_recv_msg_size_bytes");
    // 2.0: a label that points outside of the symbols.
    let series = SeriesToEncode { labels: &[("__name__", "up")], ..SeriesToEncode::default() };
    let mut encoder = Encoder::new(Version::V2);
    encoder.series(&series);
    let mut broken = encoder.finish();
    let last = broken.len() - 1;
    broken[last] = 99;
    let reply = target.send(Version::V2, &snappy::compress(&broken));
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.header("x-prometheus-remote-write-samples-written"), "0");
}

fn series_that_are_refused(target: &Target) {
    let now = Sample { t: now_ms(), v: 1.0, st: 0 };
    let long_name = "n".repeat(1025);
    let long_value = "v".repeat(2049);
    let names: Vec<String> = (0..40).map(|i| format!("l{i}")).collect();
    let mut many: Vec<(&str, &str)> = vec![("__name__", "many")];
    many.extend(names.iter().map(|name| (name.as_str(), "1")));

    target.refuses_series(&[("job", "no name")], now, "err-mneme-missing-metric-name");
    target.refuses_series(
        &[("__name__", "a"), ("b", "1"), ("b", "2")],
        now,
        "err-mneme-duplicate-label-names",
    );
    target.refuses_series(&[("__name__", "a"), (&long_name, "1")], now, "err-mneme-label-name-too-long");
    target.refuses_series(&[("__name__", "a"), ("b", &long_value)], now, "err-mneme-label-value-too-long");
    target.refuses_series(&many, now, "err-mneme-max-label-names-per-series");
    let future = Sample { t: now_ms() + 3_600_000, ..now };
    target.refuses_series(&[("__name__", "tomorrow")], future, "err-mneme-too-far-in-future");
}

fn values_at_one_time(target: &Target) {
    let t = now_ms();
    let send = |v| {
        let other = [Sample { t, v: 7.0, st: 0 }];
        let samples = [Sample { t, v, st: 0 }];
        let name = format!("beside_{v}");
        target.send(
            Version::V1,
            &write::body(
                Version::V1,
                &[(&[("__name__", "twice")], &samples), (&[("__name__", &name)], &other)],
            ),
        )
    };
    assert_eq!(send(1.0).status, 200);
    assert_eq!(send(1.0).status, 200, "the same again is fine");
    target.refused(&send(2.0), 400, "err-mneme-sample-duplicate-timestamp");
    let found = target.mneme.query("beside_2", t as f64 / 1000.0);
    assert_eq!(found["result"][0]["value"][1], "7", "the rest is committed");
    let stored = target.mneme.query("twice", t as f64 / 1000.0);
    assert_eq!(stored["result"][0]["value"][1], "2", "of two values the larger bits are kept");
    target.refused(&send(1.0), 400, "err-mneme-sample-duplicate-timestamp");
    assert_eq!(target.mneme.query("twice", t as f64 / 1000.0)["result"][0]["value"][1], "2");
}

fn histograms_that_contradict_themselves(target: &Target) {
    let good = Histogram {
        schema: 0,
        count: 3,
        sum: 4.0,
        zero_threshold: 0.001,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        positive_deltas: vec![1, 1],
        ..Histogram::default()
    };
    let send = |version, h: &Histogram| {
        let histograms = [HistogramSample { t: now_ms(), h: AnyHistogram::Integer(h.clone()), st: 0 }];
        let labels = [("__name__", "latency")];
        let mut encoder = Encoder::new(version);
        encoder.series(&SeriesToEncode {
            labels: &labels,
            histograms: &histograms,
            ..SeriesToEncode::default()
        });
        target.send(version, &snappy::compress(&encoder.finish()))
    };
    for version in [Version::V1, Version::V2] {
        let count = Histogram { count: 5, ..good.clone() };
        target.refused(&send(version, &count), 400, "err-mneme-native-histogram-count-mismatch");
        let spans = Histogram { positive_spans: vec![Span { offset: 0, length: 9 }], ..good.clone() };
        target.refused(&send(version, &spans), 400, "err-mneme-native-histogram-spans-buckets-mismatch");
        let negative = Histogram { positive_deltas: vec![1, -2], ..good.clone() };
        target.refused(&send(version, &negative), 400, "err-mneme-native-histogram-negative-bucket-count");
        let schema = Histogram { schema: 77, ..good.clone() };
        target.refused(&send(version, &schema), 400, "err-mneme-invalid-native-histogram-schema");
        let reply = send(version, &good);
        assert!(reply.status / 100 == 2, "{}", reply.text());
        assert_eq!(reply.header("x-prometheus-remote-write-histograms-written"), "1");
    }
}

fn rates(target: &Target) {
    let t = now_ms();
    let samples: Vec<_> = (0..10).map(|i| Sample { t: t - i, v: 1.0, st: 0 }).rev().collect();
    let body = write::body(Version::V1, &[(&[("__name__", "up")], &samples)]);
    // Ten samples at a burst of two: the first request passes, or a large one never could, and leaves the tenant in debt.
    assert_eq!(target.post_as(&[("X-Scope-OrgID", "slow")], &body).status, 200);
    let reply = target.post_as(&[("X-Scope-OrgID", "slow")], &body);
    target.refused(&reply, 429, "err-mneme-tenant-max-ingestion-rate");
    assert!(
        reply.header("retry-after").parse::<u64>().is_ok(),
        "Retry-After: {:?}",
        reply.header("retry-after")
    );

    assert_eq!(target.post_as(&[("X-Scope-OrgID", "impatient")], &body).status, 200);
    let reply = target.post_as(&[("X-Scope-OrgID", "impatient")], &body);
    target.refused(&reply, 429, "err-mneme-tenant-max-request-rate");
    assert!(reply.header("retry-after").parse::<u64>().is_ok());
}

#[test]
fn without_a_tenant_where_one_is_required_is_401() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mneme.yaml");
    std::fs::write(&config, "auth: {mode: trust-header}\n").unwrap();
    let mneme = Mneme::start_with(dir.path(), &["--config", config.to_str().unwrap()]);
    let body = write::body(Version::V1, &[(&[("__name__", "up")], &[Sample { t: now_ms(), v: 1.0, st: 0 }])]);
    let reply = write::send(&mneme.client, &mneme.url("/api/v1/push"), Version::V1, &body).unwrap();
    assert_eq!((reply.status, reply.text().trim()), (401, "no org id"));
    let reply = mneme.get("/prometheus/api/v1/query?query=up");
    assert_eq!(reply.status, 401, "{}", reply.text());
    mneme.stop();
}
