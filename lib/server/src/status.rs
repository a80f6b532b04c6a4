//! Turns errors into HTTP statuses: a handful of kinds, each with its code.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 400: mend the request.
    BadRequest,
    /// 401: say who you are.
    Unauthenticated,
    /// 403: ask for the right.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 413: send less at once.
    TooLarge,
    /// 415: send another type or encoding.
    Unsupported,
    /// 422: the query is well-formed and cannot be computed, or is over a limit.
    Unprocessable,
    /// 429: slow down.
    TooMany,
    /// 499: the caller went away.
    Canceled,
    /// 500: our fault.
    Internal,
    /// 503: try again later.
    Unavailable,
}

impl Kind {
    /// The HTTP status code.
    #[must_use]
    pub fn http(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Unprocessable => 422,
            Self::TooMany => 429,
            Self::Canceled => 499,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

/// An error on its way to a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// What can be done about it.
    pub kind: Kind,
    /// A stable id without the prefix `err-mneme-`, `""` if there is none.
    pub id: &'static str,
    /// For people; the first line is what a Prometheus logs.
    pub message: String,
    /// When to try again, for [`Kind::TooMany`] and [`Kind::Unavailable`].
    pub retry_after: Option<Duration>,
}

impl Status {
    /// A status without an id.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, id: "", message: message.into(), retry_after: None }
    }

    /// The same with a stable id; [`Status::text`] carries it.
    #[must_use]
    pub fn with_id(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    /// The same with a time to try again after.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The message with its id and, of a limit, the option that sets it, as written into a reply's first line.
    #[must_use]
    pub fn text(&self) -> String {
        mneme_tenant::error_text(&self.message, self.id)
    }
}

/// Plain text, one line, with `Retry-After` in whole seconds (at least 1) where it is known. The query API has an
/// envelope of its own.
impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.kind.http()).expect("every kind has a valid code");
        let mut response = (code, self.text() + "\n").into_response();
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let status = Status::new(Kind::TooMany, "too fast")
            .with_id("rate")
            .with_retry_after(Duration::from_millis(1200));
        let response = status.into_response();
        assert_eq!(response.status().as_u16(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    }
}
