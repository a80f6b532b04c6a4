//! The span of an HTTP request.

use http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A span that is named like the route, below the caller's if the request says so (`traceparent`, W3C Trace Context). Its
/// attributes are those of OpenTelemetry's semantic conventions for HTTP servers. Next to nothing while spans are off.
pub(crate) fn request_span(method: &'static str, route: &str, tenant: &str, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        otel.name = format!("{method} {route}"),
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        tenant,
    );
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        if caller.span().span_context().is_valid() {
            // An error means that no exporter takes the span.
            let _ = span.set_parent(caller);
        }
    }
    span
}

/// Tells the span how its request ended.
pub(crate) fn end_request_span(span: &Span, code: u16) {
    span.record("http.response.status_code", code);
    if code >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}
