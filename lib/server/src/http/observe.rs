//! What is around every route.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::Method;
use mneme_model::TenantId;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tracing::{Instrument, Span};

use super::body::{Watched, Watcher};
use super::metrics::method_label;
use super::{Config, Metrics, unread};
use crate::tasks::panic_text;
use crate::telemetry::{end_request_span, request_span};
use crate::{Kind, Status};

/// The label of requests that no route took.
const NO_ROUTE: &str = "none";

/// `router` with metrics by route template, a span and a log line per request (debug; warn from 500 on), replies
/// compressed as the client asks (gzip, zstd; streams stay streams), a limit on stalled bodies, `Connection: close` where a body was not
/// read, and a panic of a handler turned into a 500.
///
/// Call it on the router that has the routes: around a fallback the templates would not be known.
pub fn observed<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    config: &Config,
    metrics: &Metrics,
) -> Router<S> {
    let panics = metrics.panics.clone();
    let on_panic = move |payload: Box<dyn std::any::Any + Send>| {
        panics.inc();
        tracing::error!(panic = panic_text(payload.as_ref()), "a request's handler panicked");
        Status::new(Kind::Internal, "internal error: the request met a bug, its details are in the log")
            .into_response()
    };
    router
        .layer(RequestBodyTimeoutLayer::new(config.read_timeout))
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(from_fn(unread::close))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn_with_state(metrics.clone(), observe))
}

async fn observe(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    metrics.in_flight.inc();
    let mut observation = Observation {
        start: Instant::now(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        tenant: tenant(&request),
        code: 499,
        bytes: 0,
        span: Span::none(),
        metrics,
    };
    let span = observation.new_span(&request);
    observation.span = span.clone();
    let response = next.run(request).instrument(span).await;
    observation.code = response.status().as_u16();
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, Watched::wrap(body, observation))
}

/// The tenant that the request names, for the log; whether it may is not decided here.
fn tenant(request: &Request) -> Option<String> {
    let name = request.headers().get("x-scope-orgid")?.to_str().ok()?;
    name.split('|').all(|part| TenantId::new(part).is_ok()).then(|| name.to_owned())
}

/// One request; it is counted and logged when its reply's body ends or the client goes away.
struct Observation {
    start: Instant,
    route: Option<MatchedPath>,
    method: Method,
    path: String,
    tenant: Option<String>,
    /// 499 until there is a reply.
    code: u16,
    bytes: u64,
    span: Span,
    metrics: Metrics,
}

impl Observation {
    fn new_span(&self, request: &Request) -> Span {
        let tenant = self.tenant.as_deref().unwrap_or("");
        request_span(method_label(&self.method), self.route(), tenant, request.headers())
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str)
    }
}

impl Watcher for Observation {
    fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        let seconds = self.start.elapsed().as_secs_f64();
        end_request_span(&self.span, self.code);
        let route = self.route();
        let method = method_label(&self.method);
        self.metrics.in_flight.dec();
        self.metrics.requests.with_label_values(&[route, method, &self.code.to_string()]).inc();
        self.metrics.duration.with_label_values(&[route, method]).observe(seconds);
        self.metrics.response_bytes.with_label_values(&[route]).inc_by(self.bytes);
        let tenant = self.tenant.as_deref().unwrap_or("");
        let (path, code, bytes) = (self.path.as_str(), self.code, self.bytes);
        // 503 is an answer that was meant (starting, overloaded, draining); any other 5xx is a fault.
        if code >= 500 && code != 503 {
            tracing::warn!(method, path, tenant, code, bytes, seconds, "request failed");
        } else {
            tracing::debug!(method, path, tenant, code, bytes, seconds, "request");
        }
    }
}
