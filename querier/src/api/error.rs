//! A refused request: Prometheus' error envelope and its codes.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mneme_model::labels::Quoted;
use mneme_proto::internal::ingester::{self, OverBudget};
use mneme_tenant::AuthError;

use crate::json::push_text;

/// The id of the limit of a query's bytes, fetched and computed.
const MEMORY: &str = "max-estimated-memory-consumption-per-query";

/// The word in the envelope's `errorType`, each with its code (`PEERS.md` section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorType {
    /// 400: mend the request.
    BadData,
    /// 422: the query cannot be computed, or is over a limit.
    Execution,
    /// 499: the client went away.
    Canceled,
    /// 503: it took too long.
    Timeout,
    /// 503: not now.
    Unavailable,
    /// 500: our fault.
    Internal,
    /// 413.
    TooLargeEntry,
    /// 429: later, or less at a time.
    TooManyRequests,
    /// 404.
    NotFound,
}

impl ErrorType {
    fn as_str(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::TooLargeEntry => "too_large_entry",
            Self::TooManyRequests => "too_many_requests",
            Self::NotFound => "not_found",
        }
    }

    fn http(self) -> u16 {
        match self {
            Self::BadData => 400,
            Self::Execution => 422,
            Self::Canceled => 499,
            Self::Timeout | Self::Unavailable => 503,
            Self::Internal => 500,
            Self::TooLargeEntry => 413,
            Self::TooManyRequests => 429,
            Self::NotFound => 404,
        }
    }
}

/// An error on its way into an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// What kind.
    pub(crate) kind: ErrorType,
    /// For people.
    pub(crate) message: String,
    /// The stable id's suffix, if any.
    id: &'static str,
    /// Another code than the kind's: 401 and 403 are plain text, as in Mimir and Cortex.
    plain: Option<u16>,
}

impl Error {
    /// An error without an id.
    pub(crate) fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), id: "", plain: None }
    }

    /// 400 with this text.
    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        Self::new(ErrorType::BadData, message)
    }

    /// 400: `invalid parameter "name": reason`.
    pub(crate) fn invalid_parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter {}: {reason}", Quoted(name)))
    }

    /// A limit's refusal: the text goes on with `(err-mneme-<id>)` and the option that sets the limit.
    pub(crate) fn limit(kind: ErrorType, id: &'static str, message: impl Into<String>) -> Self {
        Self { id, ..Self::new(kind, message) }
    }

    /// The same as plain text, for endpoints that speak no JSON.
    pub(crate) fn into_plain(self) -> Self {
        Self { plain: Some(self.plain.unwrap_or(self.kind.http())), ..self }
    }

    fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.plain.unwrap_or(self.kind.http()))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn text(&self) -> String {
        mneme_tenant::error_text(&self.message, self.id)
    }
}

impl From<ingester::Error> for Error {
    fn from(error: ingester::Error) -> Self {
        let kind = match error {
            ingester::Error::NotReady(_)
            | ingester::Error::Overloaded(_)
            | ingester::Error::FloorAboveMark(_) => ErrorType::Unavailable,
            ingester::Error::Internal(_) => ErrorType::Internal,
            ingester::Error::OverBudget(over) => return over.into(),
        };
        Self::new(kind, error.to_string())
    }
}

impl From<OverBudget> for Error {
    fn from(over: OverBudget) -> Self {
        let (id, what, unit, limit, needed) = match over {
            OverBudget::Series { limit, needed } => {
                ("max-series-per-query", "number of series", "series", limit, needed)
            }
            OverBudget::Bytes { limit, needed } => {
                let what = "allowed estimated amount of memory consumed by a single query";
                (MEMORY, what, "bytes", limit, needed)
            }
            OverBudget::Stopped => return Self::new(ErrorType::Canceled, "query was canceled"),
        };
        let message = format!(
            "the query exceeded the maximum {what} (limit: {limit} {unit}, needed at least: {needed})"
        );
        Self::limit(ErrorType::Execution, id, message)
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        let code = error.http();
        Self { plain: (code != 400).then_some(code), ..Self::bad_data(error.to_string()) }
    }
}

impl From<mneme_promql::Error> for Error {
    fn from(error: mneme_promql::Error) -> Self {
        use mneme_promql::Error as E;
        let kind = match error {
            E::BadQuery(_) => ErrorType::BadData,
            E::Execution(_) | E::TooManySamples | E::TooManyBytes { .. } => ErrorType::Execution,
            E::Canceled => ErrorType::Canceled,
            E::Timeout => ErrorType::Timeout,
            E::Storage(_) => ErrorType::Internal,
        };
        let id = match error {
            E::TooManyBytes { .. } => MEMORY,
            _ => "",
        };
        Self { id, ..Self::new(kind, error.to_string()) }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (body, content_type) = match self.plain {
            Some(_) => (format!("{}\n", self.text()).into_bytes(), "text/plain; charset=utf-8"),
            None => (envelope(self.kind.as_str(), &self.text()), "application/json"),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

fn envelope(error_type: &str, message: &str) -> Vec<u8> {
    let mut out = br#"{"status":"error","errorType":""#.to_vec();
    out.extend_from_slice(error_type.as_bytes());
    out.extend_from_slice(br#"","error":"#);
    push_text(&mut out, message);
    out.push(b'}');
    out
}
