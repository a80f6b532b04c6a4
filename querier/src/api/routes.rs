//! Which path is answered by what, and what every request goes through: tenant, parameters, answer, metrics.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use mneme_model::TimestampMs;
use tokio::time::Instant;

use super::form::Form;
use super::params::Range;
use super::reply::Reply;
use super::{Error, exemplars, label_values, labels, metadata, query, series, stubs};
use crate::limits::QueryLimits;
use crate::querier::Api;
use crate::source::Source;

/// Below which the same endpoints are found: Mimir's and Cortex' path, Prometheus' own, Cortex' old one.
const PREFIXES: [&str; 3] = ["/prometheus/api/v1", "/api/v1", "/api/prom/api/v1"];

/// One request on its way.
pub(super) struct Call {
    /// The querier.
    pub(super) api: Arc<Api>,
    /// The request's tenants' limits.
    pub(super) limits: QueryLimits,
    /// The request's tenants' data.
    pub(super) source: Source,
    /// The time of day.
    pub(super) now: TimestampMs,
    /// When the request came.
    pub(super) arrived: Instant,
}

impl Call {
    /// The part of a range that the tenants' lookback limit leaves.
    pub(super) fn visible(&self, range: Range) -> Range {
        Range { start: range.start.max(self.limits.floor(self.now)), end: range.end }
    }
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Query,
    QueryRange,
    QueryExemplars,
    FormatQuery,
    Series,
    Labels,
    LabelValues,
    Metadata,
    BuildInfo,
    RuntimeInfo,
    Stub(&'static str),
}

/// Path, endpoint, its name in metrics, and whether a form may be posted.
const ENDPOINTS: [(&str, Endpoint, &str, bool); 18] = [
    ("query", Endpoint::Query, "query", true),
    ("query_range", Endpoint::QueryRange, "query_range", true),
    ("query_exemplars", Endpoint::QueryExemplars, "query_exemplars", true),
    ("format_query", Endpoint::FormatQuery, "format_query", true),
    ("series", Endpoint::Series, "series", true),
    ("labels", Endpoint::Labels, "labels", true),
    ("label/{name}/values", Endpoint::LabelValues, "label_values", false),
    ("metadata", Endpoint::Metadata, "metadata", false),
    ("status/buildinfo", Endpoint::BuildInfo, "status_buildinfo", false),
    ("status/runtimeinfo", Endpoint::RuntimeInfo, "status_runtimeinfo", false),
    ("status/config", Endpoint::Stub(stubs::CONFIG), "status_config", false),
    ("targets", Endpoint::Stub(stubs::TARGETS), "targets", false),
    ("targets/metadata", Endpoint::Stub(stubs::EMPTY_LIST), "targets_metadata", false),
    ("scrape_pools", Endpoint::Stub(stubs::SCRAPE_POOLS), "scrape_pools", false),
    ("alertmanagers", Endpoint::Stub(stubs::ALERTMANAGERS), "alertmanagers", false),
    ("rules", Endpoint::Stub(stubs::RULES), "rules", false),
    ("alerts", Endpoint::Stub(stubs::ALERTS), "alerts", false),
    ("notifications", Endpoint::Stub(stubs::EMPTY_LIST), "notifications", false),
];

/// All paths.
pub(crate) fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for prefix in PREFIXES {
        for (path, endpoint, name, posted) in ENDPOINTS {
            router = router.route(&format!("{prefix}/{path}"), methods(endpoint, name, posted));
        }
    }
    router.with_state(api)
}

fn methods(endpoint: Endpoint, name: &'static str, posted: bool) -> MethodRouter<Arc<Api>> {
    let handler = move |State(api): State<Arc<Api>>, label: Option<Path<String>>, request: Request| async move {
        let seen = Seen::new(&api, name);
        let label = label.map_or_else(String::new, |Path(label)| label);
        let answer = answer(api, endpoint, &label, request).await;
        seen.answered(answer.map_or_else(Error::into_response, Reply::into_response))
    };
    if posted { get(handler).post(handler) } else { get(handler) }
}

async fn answer(api: Arc<Api>, endpoint: Endpoint, label: &str, request: Request) -> Result<Reply, Error> {
    let arrived = Instant::now();
    let tenants = api.tenants(request.headers())?;
    let form = Form::read(request).await?;
    let (limits, source, now) = (api.limits(&tenants), api.source(tenants), api.clock.now_ms());
    let call = Call { api, limits, source, now, arrived };
    match endpoint {
        Endpoint::Query => query::instant(&call, &form).await,
        Endpoint::QueryRange => query::range(&call, &form).await,
        Endpoint::QueryExemplars => exemplars::exemplars(&call, &form).await,
        Endpoint::FormatQuery => query::format(&call, &form),
        Endpoint::Series => series::series(&call, &form).await,
        Endpoint::Labels => labels::labels(&call, &form).await,
        Endpoint::LabelValues => label_values::label_values(&call, label, &form).await,
        Endpoint::Metadata => metadata::metadata(&call, &form).await,
        Endpoint::BuildInfo => Ok(call.api.build.reply()),
        Endpoint::RuntimeInfo => Ok(stubs::runtime_info(call.api.started, now)),
        Endpoint::Stub(data) => Ok(stubs::stub(data)),
    }
}

/// A request that is counted when it is answered, or as 499 when it is dropped.
struct Seen {
    api: Arc<Api>,
    endpoint: &'static str,
    begun: Instant,
    done: bool,
}

impl Seen {
    fn new(api: &Arc<Api>, endpoint: &'static str) -> Self {
        Self { api: api.clone(), endpoint, begun: Instant::now(), done: false }
    }

    fn answered(mut self, response: Response) -> Response {
        self.count(response.status().as_str());
        response
    }

    fn count(&mut self, code: &str) {
        self.done = true;
        let metrics = &self.api.metrics;
        metrics.requests.with_label_values(&[self.endpoint, code]).inc();
        metrics.duration.with_label_values(&[self.endpoint]).observe(self.begun.elapsed().as_secs_f64());
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if !self.done {
            self.count("499");
        }
    }
}
