//! What is counted of HTTP.

use http::Method;
use prometheus::{HistogramVec, IntCounter, IntCounterVec, IntGauge, Registry};

use crate::metrics::{counter, counter_vec, gauge, histogram_vec};

/// Seconds; from a cached instant query to a query at its time limit.
const DURATION_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Metrics of the HTTP listener. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    pub(super) requests: IntCounterVec,
    pub(super) duration: HistogramVec,
    pub(super) response_bytes: IntCounterVec,
    pub(super) in_flight: IntGauge,
    pub(super) connections: IntGauge,
    pub(super) accepted: IntCounter,
    pub(super) panics: IntCounter,
}

impl Metrics {
    /// Registers them.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        Self {
            requests: counter_vec(
                registry,
                "mneme_http_requests_total",
                "HTTP requests by route template, method and status code.",
                &["route", "method", "code"],
            ),
            duration: histogram_vec(
                registry,
                "mneme_http_request_duration_seconds",
                "Time from a request's headers to the end of its reply.",
                &["route", "method"],
                DURATION_BUCKETS,
            ),
            response_bytes: counter_vec(
                registry,
                "mneme_http_response_bytes_total",
                "Bytes of reply bodies, as compressed.",
                &["route"],
            ),
            in_flight: gauge(registry, "mneme_http_requests_in_flight", "HTTP requests under way."),
            connections: gauge(registry, "mneme_http_connections", "Open HTTP connections."),
            accepted: counter(
                registry,
                "mneme_http_connections_accepted_total",
                "HTTP connections accepted.",
            ),
            panics: counter(
                registry,
                "mneme_http_panics_total",
                "Requests whose handler panicked; each is a bug.",
            ),
        }
    }
}

/// A method as a label; anybody can invent one.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
