//! What pages of other origins may read.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::Config;

/// The layer for routers that browsers of other origins may ask: the query API, not the operators' endpoints.
/// Methods and headers are Prometheus's, with DELETE (which ends a query) and the tenant's header.
pub fn cors(config: &Config) -> CorsLayer {
    let origins = &config.cors_allowed_origins;
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::DELETE, Method::OPTIONS])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ORIGIN,
            HeaderName::from_static("x-scope-orgid"),
        ])
        .expose_headers([header::DATE])
        .max_age(Duration::from_secs(600))
}
