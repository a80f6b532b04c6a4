//! What a sender is told.

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use mneme_proto::remote_write::Version;
use mneme_server::{Kind, Status};

use crate::Counts;

/// Remote write 2.0: how many samples, histograms and exemplars are durable.
const WRITTEN: [&str; 3] = [
    "x-prometheus-remote-write-samples-written",
    "x-prometheus-remote-write-histograms-written",
    "x-prometheus-remote-write-exemplars-written",
];

/// The end of a write request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The message's version, if it got so far.
    pub(crate) version: Option<Version>,
    /// What is durable, as the sender is told.
    pub(crate) written: Counts,
    /// `Err` also where only a part was refused.
    pub(crate) result: Result<(), Status>,
}

impl Reply {
    /// Nothing was written.
    pub(crate) fn refused(version: Option<Version>, status: Status) -> Self {
        Self { version, written: Counts::default(), result: Err(status) }
    }

    /// 200 for 1.0 and 204 for 2.0, as Cortex; else the error's.
    pub(crate) fn code(&self) -> StatusCode {
        match &self.result {
            Ok(()) if self.version == Some(Version::V2) => StatusCode::NO_CONTENT,
            Ok(()) => StatusCode::OK,
            Err(status) => {
                StatusCode::from_u16(status.kind.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// The response. The headers of what was written are always there: to a 2.0 sender a missing one means none.
    pub(crate) fn into_response(self) -> Response {
        let code = self.code();
        let body = match &self.result {
            Ok(()) => Body::empty(),
            Err(status) => Body::from(format!("{}\n", status.text())),
        };
        let mut response = Response::new(body);
        *response.status_mut() = code;
        let headers = response.headers_mut();
        let Counts { floats, histograms, exemplars, .. } = self.written;
        for (name, n) in WRITTEN.into_iter().zip([floats, histograms, exemplars]) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(n));
        }
        if let Err(status) = &self.result {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if let Some(after) = status.retry_after {
                headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
            }
            if status.kind == Kind::MethodNotAllowed {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
        }
        response
    }
}
