//! `/federate`: the last values in the text format.

use axum::body::Body;
use http::{Request, header};
use mneme_model::stale_nan;

use crate::fake::Fake;
use crate::harness::{Api, NOW};

fn api() -> Api {
    Api::new(
        Fake::default()
            .with("anonymous", &[("__name__", "up"), ("job", "a")], &[(NOW - 60_000, 1.0), (NOW - 1000, 2.5)])
            .with("anonymous", &[("__name__", "up"), ("instance", "i")], &[(NOW, 3.0)])
            .with("anonymous", &[("__name__", "gone")], &[(NOW - 60_000, 1.0), (NOW - 1000, stale_nan())])
            .with("anonymous", &[("__name__", "old")], &[(NOW - 300_001, 1.0)])
            .with("anonymous", &[("__name__", "later")], &[(NOW + 1, 1.0)])
            .with("anonymous", &[("job", "nameless")], &[(NOW, 1.0)])
            .with("anonymous", &[("__name__", "http.up")], &[(NOW, 1e9)])
            .with_histogram("anonymous", &[("__name__", "h")], NOW),
    )
}

#[tokio::test]
async fn the_last_samples_within_the_lookback_are_exposed() {
    let (code, body) = api().get_as("", "/federate?match[]=up&match[]=%7Bjob!=%22x%22%7D").await;
    let expected = "# TYPE http_up untyped\n\
        http_up{instance=\"\"} 1e+09 3600000\n\
        # TYPE up untyped\n\
        up{instance=\"i\"} 3 3600000\n\
        up{job=\"a\",instance=\"\"} 2.5 3599000\n";
    assert_eq!((code, body.as_str()), (200, expected));
    assert_eq!(api().get_as("", "/prometheus/federate").await, (200, String::new()));
}

#[tokio::test]
async fn the_content_type_says_how_names_are_escaped() {
    let request = Request::get("/federate?match[]=%7B%22http.up%22%7D")
        .header(header::ACCEPT, "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5")
        .body(Body::empty())
        .unwrap();
    let response = api().response(request).await;
    let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8");
    let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    assert!(body.ends_with(b"{\"http.up\",instance=\"\"} 1e+09 3600000\n"), "{body:?}");
}

#[tokio::test]
async fn errors_are_plain_text() {
    let (code, body) = api().get_as("", "/federate?match[]=%7B").await;
    assert_eq!((code, body.as_str()), (400, "1:2: parse error: unexpected end of input inside braces\n"));
}
