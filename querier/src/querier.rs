//! The role: its parts, and what it makes of them.

use std::num::NonZero;
use std::sync::Arc;

use axum::Router;
use http::HeaderMap;
use mneme_model::TimestampMs;
use mneme_proto::internal::ingester::SharedQueryService;
use mneme_server::SharedClock;
use mneme_tenant::{AuthError, Authenticator, SharedOverrides};
use prometheus::Registry;

use crate::Config;
use crate::api::{self, BuildInfo};
use crate::engine::Engine;
use crate::federation::Tenants;
use crate::limits::QueryLimits;
use crate::metrics::Metrics;
use crate::running::Running;
use crate::source::Source;

/// How much work may wait for a computing thread, of all tenants.
const MAX_QUEUED: usize = 10_000;

/// What a querier is given.
pub struct Parts {
    /// Whom it asks for recent data.
    pub service: SharedQueryService,
    /// The tenants' limits.
    pub overrides: SharedOverrides,
    /// Finds a request's tenants.
    pub authenticator: Arc<Authenticator>,
    /// The time of day.
    pub clock: SharedClock,
    /// Where its metrics are registered.
    pub registry: Registry,
    /// Who the program is.
    pub build: BuildInfo,
}

/// Answers the query API.
pub struct Querier {
    api: Arc<Api>,
}

impl Querier {
    /// # Errors
    /// Those of [`Config::validate`], and metrics that are registered already.
    pub fn new(config: Config, parts: Parts) -> Result<Self, String> {
        config.validate()?;
        let metrics =
            Metrics::register(&parts.registry).map_err(|error| format!("metrics of the querier: {error}"))?;
        let engine = Engine::new(concurrency(config.max_concurrent), MAX_QUEUED, metrics.clone())
            .map_err(|error| format!("threads of the querier: {error}"))?;
        let started = parts.clock.now_ms();
        let running = Running::new(started.cast_unsigned(), config.max_outstanding_requests_per_tenant);
        let Parts { service, overrides, authenticator, clock, registry: _, build } = parts;
        Ok(Self {
            api: Arc::new(Api {
                config,
                service,
                overrides,
                authenticator,
                clock,
                build,
                metrics,
                engine,
                running,
                started,
            }),
        })
    }

    /// All its paths, under each of the prefixes that clients use.
    pub fn router(&self) -> Router {
        api::router(self.api.clone())
    }
}

/// 0 = the number of cores, at least 2.
pub(crate) fn concurrency(configured: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(2, NonZero::get).max(2),
        n => n,
    }
}

/// What every request works with.
pub(crate) struct Api {
    pub(crate) config: Config,
    pub(crate) clock: SharedClock,
    pub(crate) build: BuildInfo,
    pub(crate) metrics: Metrics,
    pub(crate) engine: Engine,
    /// The queries under way.
    pub(crate) running: Running,
    /// When the process came up.
    pub(crate) started: TimestampMs,
    service: SharedQueryService,
    overrides: SharedOverrides,
    authenticator: Arc<Authenticator>,
}

impl Api {
    /// A request's tenants.
    pub(crate) fn tenants(&self, headers: &HeaderMap) -> Result<Tenants, AuthError> {
        Tenants::new(self.authenticator.tenants(headers)?).ok_or(AuthError::NoOrgId)
    }

    /// What these tenants may do together.
    pub(crate) fn limits(&self, tenants: &Tenants) -> QueryLimits {
        let limits: Vec<_> = tenants.ids().iter().map(|id| self.overrides.limits(id)).collect();
        QueryLimits::of(limits.iter().map(|limits| &**limits), &self.config)
    }

    /// The data of these tenants.
    pub(crate) fn source(&self, tenants: Tenants) -> Source {
        Source::new(self.service.clone(), tenants)
    }
}
