//! The listener under a raw client: what it counts, refuses and survives, and how it drains.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use mneme_server::drain::{self, Signal};
use mneme_server::http::{Config, Metrics, Server, observed};
use mneme_server::metrics::exposition;
use prometheus::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// No test waits longer.
const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    registry: Registry,
    signal: Signal,
    tasks: JoinSet<()>,
    /// Lets `/held` answer.
    release: Arc<Notify>,
    /// Told when `/held` is being asked.
    held: Arc<Notify>,
}

async fn start(config: Config, grace: Duration) -> Running {
    let registry = Registry::new();
    let metrics = Metrics::new(&registry);
    let config = Config { http_listen_address: "127.0.0.1:0".to_owned(), ..config };
    let server = Server::bind(&config, metrics.clone()).await.unwrap();
    let (held, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (held_in, release_in) = (Arc::clone(&held), Arc::clone(&release));
    let router = Router::new()
        .route("/item/{name}", get(async || "x".repeat(10_000)))
        .route("/panic", get(async || -> &'static str { panic!("as asked") }))
        .route(
            "/echo",
            post(async |body: Result<Bytes, _>| -> Result<Bytes, String> {
                body.map_err(|error: axum::extract::rejection::BytesRejection| error.to_string())
            }),
        )
        .route("/refused", post(async || http::StatusCode::PAYLOAD_TOO_LARGE))
        .route("/panic_post", post(async || -> &'static str { panic!("as asked") }))
        .route(
            "/held",
            get(async move || {
                held_in.notify_one();
                release_in.notified().await;
                "released"
            }),
        );
    let router: Router = observed(router, &config, &metrics);
    let (signal, drain) = drain::channel();
    let address = server.address();
    let mut tasks = JoinSet::new();
    tasks.spawn(server.run(router, drain, grace));
    Running { address, registry, signal, tasks, release, held }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// One request on a connection of its own; the whole reply as text.
    async fn ask(&self, request: &str) -> String {
        let mut tcp = self.connect().await;
        tcp.write_all(request.as_bytes()).await.unwrap();
        read_all(&mut tcp).await
    }

    fn metrics(&self) -> String {
        String::from_utf8(exposition(&self.registry)).unwrap()
    }

    async fn ended(mut self) {
        tokio::time::timeout(DEADLINE, self.tasks.join_next())
            .await
            .expect("the server ends")
            .unwrap()
            .unwrap();
    }
}

async fn read_all(tcp: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    tokio::time::timeout(DEADLINE, tcp.read_to_end(&mut reply)).await.expect("the server closes").unwrap();
    String::from_utf8_lossy(&reply).into_owned()
}

fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn counts_by_route_template_and_compresses_as_asked() {
    let running = start(Config::default(), DEADLINE).await;
    let plain = running.ask(&get_request("/item/a")).await;
    assert!(
        plain.starts_with("HTTP/1.1 200") && plain.contains("content-length: 10000"),
        "{}",
        &plain[..200]
    );
    let request = "GET /item/b HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n";
    let packed = running.ask(request).await;
    assert!(packed.contains("content-encoding: gzip") && packed.len() < 1000, "{}", packed.len());
    assert!(running.ask(&get_request("/nowhere")).await.starts_with("HTTP/1.1 404"));
    let metrics = running.metrics();
    assert!(
        metrics.contains(r#"mneme_http_requests_total{code="200",method="GET",route="/item/{name}"} 2"#),
        "{metrics}"
    );
    assert!(!metrics.contains("/nowhere"), "no label from what strangers ask: {metrics}");
}

#[tokio::test]
async fn a_panicking_handler_is_a_500_and_the_server_goes_on() {
    let running = start(Config::default(), DEADLINE).await;
    let reply = running.ask(&get_request("/panic")).await;
    assert!(reply.starts_with("HTTP/1.1 500") && !reply.contains("as asked"), "{reply}");
    assert!(running.ask(&get_request("/item/a")).await.starts_with("HTTP/1.1 200"));
    assert!(running.metrics().contains("mneme_http_panics_total 1"));
}

#[tokio::test]
async fn a_reply_before_the_body_was_read_says_that_the_connection_closes() {
    let running = start(Config::default(), DEADLINE).await;
    // Not a byte of the body is sent: whoever waits for it does not answer.
    let head = |path: &str| format!("POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n");
    for (path, status) in [("/refused", "413"), ("/panic_post", "500")] {
        let reply = running.ask(&head(path)).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
        assert!(reply.contains("\r\nconnection: close\r\n"), "{reply}");
    }
    // One that was read: the same connection takes the next request.
    let mut tcp = running.connect().await;
    let both = [head("/echo"), "x".repeat(100_000), get_request("/item/a")].concat();
    tcp.write_all(both.as_bytes()).await.unwrap();
    let replies = read_all(&mut tcp).await;
    assert_eq!(replies.matches("HTTP/1.1 200 OK").count(), 2, "{}", replies.len());
}

#[tokio::test]
async fn drain_finishes_what_is_under_way_and_takes_nothing_new() {
    let running = start(Config::default(), DEADLINE).await;
    let mut under_way = running.connect().await;
    under_way.write_all(get_request("/held").as_bytes()).await.unwrap();
    running.held.notified().await;
    running.signal.start();
    // The listener closes before the graceful wait: from then on a connection is refused.
    let refused = async { while TcpStream::connect(running.address).await.is_ok() {} };
    tokio::time::timeout(DEADLINE, refused).await.expect("the port closes");
    running.release.notify_one();
    assert!(read_all(&mut under_way).await.ends_with("released"));
    running.ended().await;
}

#[tokio::test]
async fn drain_gives_up_after_the_grace_period() {
    let running = start(Config::default(), Duration::from_millis(50)).await;
    let mut under_way = running.connect().await;
    under_way.write_all(get_request("/held").as_bytes()).await.unwrap();
    running.held.notified().await;
    running.signal.start();
    running.ended().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_whether_it_has_spoken_or_not() {
    let config = Config { idle_timeout: Duration::from_millis(50), ..Config::default() };
    let running = start(config, DEADLINE).await;
    let mut silent = running.connect().await;
    assert_eq!(read_all(&mut silent).await, "");
    let mut half = running.connect().await;
    half.write_all(b"P").await.unwrap();
    assert_eq!(read_all(&mut half).await, "", "neither HTTP/1 nor HTTP/2 yet");
    let mut used = running.connect().await;
    used.write_all(b"GET /item/a HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
    assert!(read_all(&mut used).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_request_outlives_the_idle_timeout_and_a_stalled_body_is_refused() {
    let short = Duration::from_millis(50);
    let config = Config { idle_timeout: short, read_timeout: short, ..Config::default() };
    let running = start(config, DEADLINE).await;
    let mut stalled = running.connect().await;
    stalled
        .write_all(b"POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 10\r\n\r\nabc")
        .await
        .unwrap();
    let mut held = running.connect().await;
    held.write_all(get_request("/held").as_bytes()).await.unwrap();
    let reply = read_all(&mut stalled).await;
    assert!(reply.starts_with("HTTP/1.1 ") && !reply.contains("abc"), "{reply}");
    running.held.notified().await;
    let mut byte = [0];
    let early = tokio::time::timeout(4 * short, held.read(&mut byte)).await;
    assert!(early.is_err(), "still open, still waiting: {early:?}");
    running.release.notify_one();
    assert!(read_all(&mut held).await.ends_with("released"));
}

#[tokio::test]
async fn connections_over_the_limit_wait_their_turn() {
    let running = start(Config { max_connections: 1, ..Config::default() }, DEADLINE).await;
    let mut first = running.connect().await;
    first.write_all(get_request("/held").as_bytes()).await.unwrap();
    running.held.notified().await;
    let mut second = running.connect().await;
    second.write_all(get_request("/item/a").as_bytes()).await.unwrap();
    assert!(running.metrics().contains("mneme_http_connections 1"));
    running.release.notify_one();
    assert!(read_all(&mut first).await.ends_with("released"));
    assert!(read_all(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn cleartext_http2_is_served() {
    let running = start(Config::default(), DEADLINE).await;
    let tcp = hyper_util::rt::TokioIo::new(running.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, tcp).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async { connection.await.unwrap() });
    let request = http::Request::get("http://t/item/a").body(Body::empty()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status().as_u16(), 200);
}
