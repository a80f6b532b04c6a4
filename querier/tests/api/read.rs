//! Remote read, as a Prometheus server asks for it.

use axum::body::Body;
use http::{Request, header};
use mneme_proto::remote_write::snappy;
use mneme_querier::Config;
use mneme_tenant::Limits;

use crate::fake::Fake;
use crate::harness::Api;

fn fake() -> Fake {
    Fake::default()
        .with("anonymous", &[("__name__", "up"), ("job", "b")], &[(1000, 1.0), (2000, 2.0), (9000, 3.0)])
        .with("anonymous", &[("__name__", "up"), ("job", "a")], &[(1000, 4.0)])
        .with_histogram("anonymous", &[("__name__", "h")], 1000)
}

/// `{__name__="<name>"}` over 0..=5000, with these accepted types.
fn request(name: &str, types: &[u8]) -> Vec<u8> {
    let mut matcher = vec![0x12, 8];
    matcher.extend(b"__name__");
    matcher.extend([0x1a, name.len() as u8]);
    matcher.extend(name.as_bytes());
    let mut query = vec![0x10, 0x88, 0x27, 0x1a, matcher.len() as u8];
    query.extend(matcher);
    let mut message = vec![0x0a, query.len() as u8];
    message.extend(query);
    types.iter().for_each(|kind| message.extend([0x10, *kind]));
    snappy::compress(&message)
}

async fn read(api: &Api, path: &str, body: Vec<u8>) -> (u16, String, String, Vec<u8>) {
    let request = Request::post(path).body(Body::from(body)).unwrap();
    let response = api.response(request).await;
    let text = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (code, kind, encoding) =
        (response.status().as_u16(), text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (code, kind, encoding, body.to_vec())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn samples_come_in_one_compressed_message() {
    let api = Api::new(fake());
    for path in ["/api/v1/read", "/prometheus/api/v1/read", "/api/prom/read"] {
        let (code, kind, encoding, body) = read(&api, path, request("up", &[])).await;
        assert_eq!((code, kind.as_str(), encoding.as_str()), (200, "application/x-protobuf", "snappy"));
        let mut buffer = Vec::new();
        let message = snappy::decompress(&body, 1 << 20, &mut buffer).unwrap();
        let sample = |value: f64, t: [u8; 2]| [&[9], &value.to_le_bytes()[..], &[0x10], &t].concat();
        assert!(
            contains(message, &sample(2.0, [0xd0, 0x0f])) && contains(message, &sample(4.0, [0xe8, 0x07]))
        );
        assert!(!contains(message, &3f64.to_le_bytes()), "a sample outside of the asked time");
    }
}

#[tokio::test]
async fn chunks_come_in_frames_of_one_series_each_in_order() {
    let api = Api::new(fake());
    let (code, kind, encoding, body) = read(&api, "/api/v1/read", request("up", &[1, 0])).await;
    assert_eq!((code, encoding.as_str()), (200, ""));
    assert_eq!(kind, "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
    let (first, rest) = body[5..].split_at(body[0].into());
    assert_eq!(body[1..5], crc32c(first).to_be_bytes());
    let second = &rest[5..];
    assert_eq!(usize::from(rest[0]), second.len());
    assert!(contains(first, b"job\x12\x01a") && contains(second, b"job\x12\x01b"));
    // XOR, two samples.
    assert!(contains(second, &[0x18, 1, 0x22]) && contains(second, &[0, 2, 0xd0, 0x0f]));
    let (_, _, _, histogram) = read(&api, "/api/v1/read", request("h", &[1])).await;
    assert!(contains(&histogram, &[0x18, 3, 0x22]));
}

/// By the definition: polynomial 0x1EDC6F41, reflected.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0x82F6_3B78 & (crc & 1).wrapping_neg()))
    })
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_in_plain_text() {
    let api = Api::new(fake());
    let (code, kind, _, body) = read(&api, "/api/v1/read", b"\xff".to_vec()).await;
    assert_eq!((code, kind.as_str()), (400, "text/plain; charset=utf-8"), "{body:?}");
    let (code, _, _, body) = read(&api, "/api/v1/read", request("up", &[7])).await;
    assert!(code == 400 && body.starts_with(b"server does not support any of the requested response types"));
    let config = Config { remote_read_sample_limit: 2, ..Config::default() };
    let api = Api::with(fake(), Limits::default(), config);
    let (code, _, _, body) = read(&api, "/api/v1/read", request("up", &[])).await;
    assert_eq!((code, body.as_slice()), (400, &b"exceeded sample limit (2)\n"[..]));
}
