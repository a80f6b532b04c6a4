//! Spans reach a collector, and a dead collector holds nobody up.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::Request;
use http_body_util::BodyExt;
use mneme_server::http::{Config, Metrics, observed};
use mneme_server::telemetry::{self, Identity, Spans};
use prometheus::Registry;
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;

/// No test waits longer.
const DEADLINE: Duration = Duration::from_secs(20);
const IDENTITY: Identity<'_> = Identity { version: "1.2.3", instance: "node-7" };
/// The identifier of a caller's trace, and the same as bytes.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACE_BYTES: [u8; 16] = 0x4bf92f3577b34da6a3ce929d0e0e4736_u128.to_be_bytes();

/// A collector that takes one request and hands out its head and body.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        tcp.set_read_timeout(Some(DEADLINE)).unwrap();
        let request = read_request(&mut tcp);
        tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        sender.send(request).unwrap();
    });
    (endpoint, requests)
}

fn read_request(tcp: &mut TcpStream) -> (String, Vec<u8>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let n = tcp.read(&mut buffer).unwrap();
        assert!(n > 0, "the request is whole");
        bytes.extend_from_slice(&buffer[..n]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if bytes.len() - end - 4 == length.parse::<usize>().unwrap() {
            return (head, bytes[end + 4..].to_vec());
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_request_becomes_a_span_below_its_callers() {
    let (endpoint, requests) = collector();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = telemetry::Config { otlp_endpoint: endpoint, ..Default::default() };
    let spans = telemetry::init(&config, IDENTITY, runtime.handle()).unwrap().unwrap();

    let handler = async || tracing::info_span!(target: "mneme_test", "stage_of_work").in_scope(|| "answer");
    let router = Router::new().route("/item/{name}", get(handler));
    let router: Router = observed(router, &Config::default(), &Metrics::new(&Registry::new()));
    let request = Request::get("/item/7")
        .header("x-scope-orgid", "team-a")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .body(Body::empty())
        .unwrap();
    runtime.block_on(async {
        let response = router.oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    });
    spans.shutdown(DEADLINE);

    let (head, body) = requests.recv_timeout(DEADLINE).unwrap();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    for text in ["service.name", "mneme", "1.2.3", "node-7", "GET /item/{name}", "team-a", "stage_of_work"] {
        assert!(contains(&body, text.as_bytes()), "{text} is in the spans");
    }
    let below = body.windows(16).filter(|window| *window == TRACE_BYTES).count();
    assert_eq!(below, 2, "the request's span and its stage are of the caller's trace");
}

#[test]
fn a_dead_collector_does_not_hold_up_the_end() {
    // It listens and never answers.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", dead.local_addr().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let spans = Spans::start(&endpoint, IDENTITY, runtime.handle()).unwrap();
    let subscriber = tracing_subscriber::registry().with(spans.layer());
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!(target: "mneme_test", "lost");
        assert!(!span.is_disabled());
    });

    let begun = Instant::now();
    spans.shutdown(Duration::from_millis(200));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
