//! Reads a request's body within its cap, its time and the process' budget.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use mneme_server::{Kind, Status};

use crate::Config;
use crate::budget::Reservation;

/// The whole body. What it takes is reserved as it arrives: a length that is only declared takes nothing from others.
///
/// # Errors
/// 413 over `max_recv_msg_size_bytes`, 503 over the budget or after `recv_timeout` (the caller says when to come back), 400 where the
/// sender broke off.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    config: &Config,
    reserved: &mut Reservation,
) -> Result<Bytes, Status> {
    let max = config.max_recv_msg_size_bytes;
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    check_size(declared.unwrap_or_default(), max)?;
    tokio::time::timeout(config.recv_timeout, collect(body, max, reserved)).await.unwrap_or_else(|_| {
        let words =
            format!("the request's body did not arrive whole within recv_timeout, {:?}", config.recv_timeout);
        Err(Status::new(Kind::Unavailable, words).with_id("distributor-recv-timeout"))
    })
}

async fn collect(mut body: Body, max: usize, reserved: &mut Reservation) -> Result<Bytes, Status> {
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Status::new(Kind::BadRequest, format!("the request's body broke off: {error}"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        let len = first.as_ref().map_or(all.len(), Bytes::len) + data.len();
        check_size(len, max)?;
        reserved.take_to(len)?;
        match first.take() {
            None if all.is_empty() => first = Some(data),
            begun => {
                if let Some(begun) = begun {
                    all.extend_from_slice(&begun);
                }
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}

fn check_size(len: usize, max: usize) -> Result<(), Status> {
    if len <= max {
        return Ok(());
    }
    let words = format!("the request's body is larger than max_recv_msg_size_bytes, {max} bytes");
    Err(Status::new(Kind::TooLarge, words).with_id("distributor-max-write-message-size"))
}
