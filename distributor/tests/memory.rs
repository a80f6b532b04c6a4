//! What requests take of the process' budget of bytes: as they arrive, as they are worked on, whoever went away.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod harness;

use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use harness::{Harness, NOW, good, message, series};
use http::Request;
use mneme_distributor::Config;
use mneme_proto::remote_write::{Sample, Version, snappy};
use tower::ServiceExt as _;

fn post(body: Body) -> Request<Body> {
    Request::post("/api/v1/push").header("content-type", Version::V1.content_type()).body(body).unwrap()
}

fn small() -> Request<Body> {
    post(Body::from(snappy::compress(&message(Version::V1, &[good("x")]))))
}

/// A body that begins with so many bytes and never ends.
fn stuck(begin: usize) -> Body {
    let begin = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![0; begin]))]);
    Body::from_stream(begin.chain(futures::stream::pending()))
}

/// One series of so many samples of two bytes each: no value, no time.
fn empty_samples(n: usize) -> Bytes {
    let mut series = b"\x0a\x0e\x0a\x08__name__\x12\x02up".to_vec();
    series.extend([0x12, 0].repeat(n));
    let (mut whole, mut len) = (vec![0x0a], series.len());
    while len > 0x7f {
        whole.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    whole.push(len as u8);
    whole.extend(series);
    Bytes::from(snappy::compress(&whole))
}

async fn send(harness: &Harness, request: Request<Body>) -> (u16, String, bool) {
    read(harness.distributor.router().oneshot(request).await.unwrap()).await
}

async fn read(response: Response) -> (u16, String, bool) {
    let (status, retry) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap(), retry)
}

fn config(budget: usize) -> Config {
    Config { max_inflight_push_requests_bytes: budget, ..Config::default() }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap()
}

#[test]
fn a_declared_length_takes_nothing_and_a_body_must_arrive_in_time() {
    let harness =
        Harness::with_config(Config { recv_timeout: Duration::from_millis(100), ..config(256 << 20) });
    runtime().block_on(async {
        let mut idle: Vec<_> = (0..9)
            .map(|_| {
                let mut request = post(stuck(10));
                request.headers_mut().insert("content-length", (32 << 20).into());
                Box::pin(send(&harness, request))
            })
            .collect();
        for request in &mut idle {
            assert!(futures::poll!(request).is_pending());
        }
        assert_eq!(harness.inflight_bytes(), 90);
        assert_eq!(send(&harness, small()).await.0, 200, "others are served");
        for request in idle {
            let (status, body, retry) = request.await;
            assert!(status == 503 && retry && body.contains("err-mneme-distributor-recv-timeout"), "{body}");
        }
        assert_eq!(harness.inflight_bytes(), 0);
    });
}

#[test]
fn work_for_a_sender_that_went_away_keeps_its_bytes() {
    let samples: Vec<_> = (0..70_000).map(|i| Sample { t: NOW - i, v: 1.0, st: 0 }).collect();
    let whole = message(Version::V1, &[series(&[("__name__", "up")], &samples)]);
    let body = snappy::compress(&whole);
    let needed = whole.len() + body.len();
    let harness = Harness::with_config(config(8 << 20));
    runtime().block_on(async {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let blocked = tokio::task::spawn_blocking(move || wait.recv());
        {
            let mut gone = pin!(send(&harness, post(Body::from(body))));
            assert!(futures::poll!(&mut gone).is_pending(), "it waits for the one blocking thread");
        }
        assert_eq!(harness.inflight_bytes(), needed, "the sender went away, the work did not");
        go.send(()).unwrap();
        blocked.await.unwrap().unwrap();
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        assert_eq!(harness.inflight_bytes(), 0);
    });
}

#[test]
fn records_larger_than_the_whole_budget_are_refused_for_good() {
    // 600 KB as sent, 19.2 MB of records and 14.4 MB of samples before.
    let harness = Harness::with_config(config(16 << 20));
    let (status, body, _) = runtime().block_on(send(&harness, post(Body::from(empty_samples(600_000)))));
    assert_eq!(status, 413, "{body}");
    assert!(
        body.contains(
            "max_inflight_push_requests_bytes, 16777216 bytes (err-mneme-distributor-max-write-message-size)"
        ),
        "{body}"
    );
    assert_eq!((harness.stored(), harness.inflight_bytes()), (0, 0));
}

#[test]
fn records_many_times_the_largest_message_are_refused_for_good() {
    let harness = Harness::with_config(Config { max_decompressed_size_bytes: 2 << 20, ..config(256 << 20) });
    let (status, body, _) = runtime().block_on(send(&harness, post(Body::from(empty_samples(600_000)))));
    assert_eq!(status, 413, "{body}");
    assert!(body.contains("records take more than 8388608 bytes of memory"), "{body}");
    assert_eq!((harness.stored(), harness.inflight_bytes()), (0, 0));
}

#[test]
fn records_without_room_now_are_to_come_again() {
    // 200 KB as sent, 6.4 MB of records and 4.8 MB of samples before.
    let harness = Harness::with_config(config(16 << 20));
    runtime().block_on(async {
        let request = || post(Body::from(empty_samples(200_000)));
        {
            let mut holds = pin!(send(&harness, post(stuck(10 << 20))));
            assert!(futures::poll!(&mut holds).is_pending());
            let (status, body, retry) = send(&harness, request()).await;
            assert!(
                status == 503
                    && retry
                    && body.contains("err-mneme-distributor-max-inflight-push-requests-bytes"),
                "{status} {body}"
            );
            assert_eq!((harness.stored(), harness.inflight_bytes()), (0, 10 << 20));
        }
        assert_eq!(send(&harness, request()).await.0, 200);
        assert_eq!((harness.stored(), harness.inflight_bytes()), (200_000, 0));
    });
}
