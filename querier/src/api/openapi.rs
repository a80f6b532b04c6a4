//! The API, described for programs (OpenAPI 3.1).

use axum::response::{IntoResponse, Response};
use http::header;

/// What `/openapi.yaml` answers.
pub(super) const DOCUMENT: &str = include_str!("openapi.yaml");

/// The document.
pub(super) fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml; charset=utf-8")], DOCUMENT).into_response()
}
