//! `GET /`: what runs here, for whoever opens the address in a browser.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use mneme_server::{Readiness, State as Life};
use prometheus::Registry;
use prometheus::proto::MetricFamily;
use serde::Serialize;

use crate::build::{REVISION, VERSION};

const HTML: &str = include_str!("page.html");

/// Samples taken in since the start, of all tenants.
const SAMPLES: &str = "mneme_distributor_stored_samples_total";
/// Series in memory.
const SERIES: &str = "mneme_ingester_memory_series";
/// Tenants with series in memory.
const TENANTS: &str = "mneme_ingester_memory_tenants";

/// What the page shows.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) registry: Registry,
    pub(super) readiness: Readiness,
    pub(super) started: Instant,
    pub(super) target: Arc<str>,
    pub(super) bucket: Arc<str>,
}

/// `/` and the figures that it asks for every 2 s.
pub(super) fn router(page: Page) -> Router {
    Router::new().route("/", get(async || Html(HTML))).route("/overview.json", get(overview)).with_state(page)
}

#[derive(Serialize)]
struct Overview<'a> {
    version: &'static str,
    revision: &'static str,
    uptime_seconds: f64,
    target: &'a str,
    bucket: &'a str,
    state: String,
    tenants: f64,
    series: f64,
    samples_total: f64,
}

async fn overview(State(page): State<Page>) -> Response {
    let families = page.registry.gather();
    let overview = Overview {
        version: VERSION,
        revision: REVISION,
        uptime_seconds: page.started.elapsed().as_secs_f64(),
        state: match page.readiness.state() {
            Life::Starting(doing) => doing,
            Life::Ready => "ready".to_owned(),
            Life::Draining => "shutting down".to_owned(),
        },
        tenants: sum(&families, TENANTS),
        series: sum(&families, SERIES),
        samples_total: sum(&families, SAMPLES),
        target: &page.target,
        bucket: &page.bucket,
    };
    let json = serde_json::to_vec(&overview).expect("texts and finite numbers are JSON");
    ([(CONTENT_TYPE, "application/json")], json).into_response()
}

/// Of a counter or gauge over its labels.
fn sum(families: &[MetricFamily], name: &str) -> f64 {
    let metrics = families.iter().filter(|family| family.name() == name).flat_map(MetricFamily::get_metric);
    metrics.map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value()).sum()
}
