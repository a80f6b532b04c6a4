//! What is taken: every kind of value, by every path, in whatever order and size it comes.

mod harness;

use axum::body::Body;
use bytes::Bytes;
use harness::{Harness, NOW, good, histogram, message, series};
use http::Request;
use mneme_model::{
    AnyHistogram, Exemplar, FloatHistogram, Labels, Metadata, MetricType, TenantId, stale_nan,
};
use mneme_proto::remote_write::{Encoder, HistogramSample, Sample, SeriesToEncode, Version, snappy};
use mneme_tenant::Limits;

#[test]
fn every_kind_of_value_is_stored_and_counted() {
    let samples = [stale_nan(), f64::NAN, -0.0].map(|v| Sample { t: NOW, v, st: NOW - 5 });
    let samples: Vec<_> =
        samples.into_iter().enumerate().map(|(i, s)| Sample { t: NOW + i as i64, ..s }).collect();
    let stale = FloatHistogram { sum: stale_nan(), ..FloatHistogram::default() };
    let histograms = [
        HistogramSample { t: NOW, h: AnyHistogram::Integer(histogram()), st: 0 },
        HistogramSample { t: NOW + 1, h: AnyHistogram::Float(stale), st: 0 },
    ];
    let exemplars =
        [Exemplar { labels: Labels::from_pairs([("trace_id", "a")]), value: 1.0, timestamp: NOW }];
    let metadata = Metadata { metric_type: MetricType::Histogram, help: "Help.".into(), unit: "s".into() };
    for (version, status) in [(Version::V1, 200), (Version::V2, 204)] {
        let harness = Harness::new(Limits::default());
        let labels = [("z", "last"), ("__name__", "x_bucket"), ("empty", "")];
        let mut encoder = Encoder::new(version);
        encoder
            .series(&SeriesToEncode { metadata: Some(&metadata), ..series(&labels, &samples) })
            .series(&SeriesToEncode {
                labels: &[("__name__", "h")],
                histograms: &histograms,
                ..Default::default()
            })
            .series(&SeriesToEncode {
                labels: &[("__name__", "only_exemplars")],
                exemplars: &exemplars,
                ..Default::default()
            })
            .metadata("x", &metadata);
        let reply = harness.push(version, encoder.finish());
        assert_eq!(
            (reply.status, reply.body.as_str(), reply.written),
            (status, "", [3, 2, 1]),
            "{version:?}"
        );
        let stored = harness.log.stored.lock().unwrap();
        assert_eq!(stored[0].series_count(), 3);
        let (labels, t) = stored[0].sample(2).unwrap();
        assert_eq!((labels.to_string().as_str(), t), (r#"x_bucket{z="last"}"#, NOW + 2));
        assert_eq!(stored[0].sample(4).unwrap().0.to_string(), "h");
        assert!(stored[0].sample(5).is_none());
        assert_eq!(stored[0].tenant().as_str(), "anonymous");
    }
}

#[test]
fn every_path_takes_writes_and_old_senders_may_leave_headers_out() {
    let harness = Harness::new(Limits::default());
    let body = snappy::compress(&message(Version::V1, &[good("x")]));
    for path in
        ["/api/v1/push", "/api/prom/push", "/api/v1/write", "/api/v1/receive", "/api/v1/prom/remote/write"]
    {
        let request =
            Request::post(path).header("x-scope-orgid", "team-a").body(Body::from(body.clone())).unwrap();
        assert_eq!(harness.send(request).status, 200, "{path}");
    }
    assert!(harness.log.stored.lock().unwrap().iter().all(|records| records.tenant().as_str() == "team-a"));
    assert_eq!(harness.stored(), 5);
}

#[test]
fn an_empty_request_is_fine() {
    let harness = Harness::new(Limits::default());
    assert_eq!(harness.push(Version::V1, vec![]).status, 200);
    assert_eq!(harness.push(Version::V2, vec![]).status, 204);
}

#[test]
fn a_large_request_in_pieces_without_a_length_is_one_request() {
    let harness = Harness::new(Limits::default());
    let samples: Vec<_> = (0..70_000).map(|i| Sample { t: NOW - i, v: 1.0, st: 0 }).collect();
    let whole = message(Version::V2, &[series(&[("__name__", "up")], &samples)]);
    assert!(whole.len() > 1 << 20, "large enough for the blocking threads: {}", whole.len());
    let body = Bytes::from(snappy::compress(&whole));
    assert!(body.len() < 1 << 20, "{}", body.len());
    let pieces: Vec<Result<Bytes, std::io::Error>> =
        body.chunks(10_000).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
    let request = Request::post("/api/v1/push")
        .header("content-type", Version::V2.content_type())
        .body(Body::from_stream(futures::stream::iter(pieces)));
    let reply = harness.send(request.unwrap());
    assert_eq!((reply.status, reply.written), (204, [70_000, 0, 0]), "{}", reply.body);
}

#[tokio::test]
async fn the_process_own_samples_take_the_same_way() {
    let harness = Harness::new(Limits::default());
    let tenant = TenantId::anonymous();
    let own = [
        (Labels::from_pairs([("__name__", "a")]), NOW, 1.0),
        (Labels::from_pairs([("__name__", "b")]), NOW, 2.0),
    ];
    let counts = harness.distributor.push_own(&tenant, &own).await.unwrap();
    assert_eq!((counts.floats, harness.stored()), (2, 2));
    let nameless = [(Labels::from_pairs([("job", "x")]), NOW, 1.0)];
    let refused = harness.distributor.push_own(&tenant, &nameless).await.unwrap_err();
    assert_eq!(refused.id, "missing-metric-name");
    std::thread::spawn(move || drop(harness)).join().unwrap();
}
