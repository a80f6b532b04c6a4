//! Reads a request's body within its cap and the process' budget.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use mneme_server::{Kind, Status};

use crate::budget::Reservation;

/// The whole body. What it takes is reserved before it is read: all at once where its length is declared.
///
/// # Errors
/// 413 over `max`, 503 over the budget (the caller says when to come back), 400 where the sender broke off.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    max: usize,
    reserved: &mut Reservation,
) -> Result<Bytes, Status> {
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if let Some(declared) = declared {
        reserve(declared, max, reserved)?;
    }
    let mut body = body;
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Status::new(Kind::BadRequest, format!("the request's body broke off: {error}"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        let len = first.as_ref().map_or(all.len(), Bytes::len) + data.len();
        reserve(len, max, reserved)?;
        match first.take() {
            None if all.is_empty() => first = Some(data),
            begun => {
                if let Some(begun) = begun {
                    all.reserve(declared.unwrap_or(len).min(max));
                    all.extend_from_slice(&begun);
                }
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}

fn reserve(len: usize, max: usize, reserved: &mut Reservation) -> Result<(), Status> {
    if len > max {
        let words = format!("the request's body is larger than max_recv_msg_size_bytes, {max} bytes");
        return Err(Status::new(Kind::TooLarge, words).with_id("distributor-max-write-message-size"));
    }
    if !reserved.grow_to(len) {
        return Err(over_budget(len));
    }
    Ok(())
}

/// The process has no room for a request of `bytes` now.
pub(crate) fn over_budget(bytes: usize) -> Status {
    let words = format!(
        "the process works on as many bytes of requests as it may (max_inflight_push_requests_bytes) and has no room for {bytes} more"
    );
    Status::new(Kind::Unavailable, words).with_id("distributor-max-inflight-push-requests-bytes")
}
