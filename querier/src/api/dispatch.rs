//! What every request goes through: tenants, parameters, the endpoint.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use mneme_model::TimestampMs;
use tokio::time::{Instant, timeout_at};

use super::form::Form;
use super::params::Range;
use super::routes::Endpoint;
use super::{
    Error, ErrorType, active, cardinality, exemplars, explain, features, federate, label_values, labels,
    metadata, openapi, query, read, rules, search, series, stubs, tsdb,
};
use crate::federation::Tenants;
use crate::limits::QueryLimits;
use crate::querier::Api;
use crate::running::{Asked, Entry};
use crate::source::Source;

/// One request on its way.
pub(super) struct Call {
    /// The querier.
    pub(super) api: Arc<Api>,
    /// Whose data is asked for.
    pub(super) tenants: Tenants,
    /// Their limits.
    pub(super) limits: QueryLimits,
    /// Their data.
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

    /// When the answer must be there, unless the request says earlier.
    pub(super) fn deadline(&self) -> Instant {
        self.arrived + self.limits.timeout
    }

    /// Waits for data, but not beyond the deadline.
    pub(super) async fn within<T, E: Into<Error>>(
        &self,
        data: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        match timeout_at(self.deadline(), data).await {
            Ok(data) => data.map_err(Into::into),
            Err(_) => Err(Error::new(ErrorType::Timeout, "query timed out in query preparation")),
        }
    }

    /// Lists a query among those under way.
    pub(super) fn begin(&self, endpoint: &'static str, text: &str) -> Result<Entry, Error> {
        let budget = self.limits.budget();
        let (tenants, now, arrived) = (&self.tenants, self.now, self.arrived);
        self.api.running.begin(Asked { text, tenants, endpoint, now, arrived, budget })
    }
}

/// The reply of an endpoint; `path` is the variable part of the path, if any.
pub(super) async fn answer(
    api: Arc<Api>,
    endpoint: Endpoint,
    path: &str,
    request: Request,
) -> Result<Response, Error> {
    let arrived = Instant::now();
    let tenants = api.tenants(request.headers())?;
    let (limits, source, now) = (api.limits(&tenants), api.source(tenants.clone()), api.clock.now_ms());
    let call = Call { api, tenants, limits, source, now, arrived };
    let headers = request.headers().clone();
    let (form, body) = match endpoint {
        Endpoint::Read => (Form::default(), request.into_body()),
        Endpoint::Federate => (Form::read(request).await.map_err(Error::into_plain)?, Body::empty()),
        _ => (Form::read(request).await?, Body::empty()),
    };
    let (call, form) = (&call, &form);
    let reply = match endpoint {
        Endpoint::Query => query::instant(call, form).await,
        Endpoint::QueryRange => query::range(call, form).await,
        Endpoint::QueryExemplars => exemplars::exemplars(call, form).await,
        Endpoint::QueryExplain => explain::explain(call, form).await,
        Endpoint::FormatQuery => query::format(call, form),
        Endpoint::ParseQuery => query::parse(call, form),
        Endpoint::Series => series::series(call, form).await,
        Endpoint::Labels => labels::labels(call, form).await,
        Endpoint::LabelValues => label_values::label_values(call, path, form).await,
        Endpoint::Metadata => metadata::metadata(call, form).await,
        Endpoint::Search(what) => return search::search(call, what, form).await,
        Endpoint::Queries => Ok(active::list(call)),
        Endpoint::CancelQuery => active::cancel(call, path),
        Endpoint::CardinalityNames => return cardinality::label_names(call, form).await,
        Endpoint::CardinalityValues => return cardinality::label_values(call, form).await,
        Endpoint::ActiveSeries => return cardinality::active_series(call, form).await,
        Endpoint::Tsdb => tsdb::tsdb(call, form).await,
        Endpoint::UserStats => return tsdb::user_stats(call).await,
        Endpoint::Features => Ok(features::features(call)),
        Endpoint::Rules => rules::rules(form),
        Endpoint::TargetsMetadata => stubs::targets_metadata(form),
        Endpoint::ScrapePoolConfig => stubs::scrape_pool_config(form),
        Endpoint::RelabelSteps => stubs::relabel_steps(form),
        Endpoint::Admin => Err(Error::new(ErrorType::Unavailable, "admin APIs disabled")),
        Endpoint::BuildInfo => Ok(call.api.build.reply()),
        Endpoint::RuntimeInfo => Ok(stubs::runtime_info(call.api.started, call.now)),
        Endpoint::Stub(data) => Ok(stubs::stub(data)),
        Endpoint::NoContent => Ok(stubs::nothing()),
        Endpoint::OpenApi => return Ok(openapi::document()),
        Endpoint::Read => return read::read(call, body).await.map_err(Error::into_plain),
        Endpoint::Federate => {
            return federate::federate(call, &headers, form).await.map_err(Error::into_plain);
        }
    };
    reply.map(IntoResponse::into_response)
}
