//! The operators' endpoints: is it alive, is it ready, what does it count, how is it configured.
//!
//! None of them shows a tenant's data or a secret. `/config` and `/runtime_config` name tenants and are for operators only
//! ([`Authenticator::operator`]); the others ask nobody.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use mneme_tenant::Authenticator;
use prometheus::Registry;
use serde::Deserialize;

use crate::config::View;
use crate::metrics::{EXPOSITION_TYPE, exposition};
use crate::readiness::{Readiness, State};
use crate::{Kind, Status};

/// Shows the runtime config in force, as YAML.
pub type ShowRuntimeConfig = Arc<dyn Fn() -> String + Send + Sync>;

/// What the endpoints show.
#[derive(Clone)]
pub struct Ops {
    /// For `/metrics`.
    pub registry: Registry,
    /// For `/ready`.
    pub readiness: Readiness,
    /// For `/config`.
    pub config: Arc<View>,
    /// For `/runtime_config`.
    pub runtime_config: ShowRuntimeConfig,
    /// Says who may see `/config` and `/runtime_config`.
    pub authenticator: Arc<Authenticator>,
    /// For `/services`: the roles in this process.
    pub services: Arc<[&'static str]>,
}

/// The routes.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/ready", get(ready))
        .route("/-/ready", get(ready))
        .route("/healthz", get(healthy))
        .route("/-/healthy", get(healthy))
        .route("/metrics", get(metrics))
        .route("/config", get(config))
        .route("/runtime_config", get(runtime_config))
        .route("/services", get(services))
        .with_state(ops)
}

async fn ready(Shared(ops): Shared<Ops>) -> Response {
    match ops.readiness.reason() {
        None => text("ready\n".to_owned()),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason + "\n").into_response(),
    }
}

/// Alive as long as it answers, also while it starts or drains: restarting it would not help.
async fn healthy() -> Response {
    text("healthy\n".to_owned())
}

async fn metrics(Shared(ops): Shared<Ops>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(EXPOSITION_TYPE))], exposition(&ops.registry))
        .into_response()
}

#[derive(Deserialize)]
struct ConfigMode {
    mode: Option<String>,
}

/// `Err` is the refusal of a caller who is no operator.
fn operator(ops: &Ops, headers: &HeaderMap) -> Result<(), Status> {
    ops.authenticator.operator(headers).map_err(|error| {
        let kind = if error.http() == 401 { Kind::Unauthenticated } else { Kind::Forbidden };
        Status::new(kind, error.to_string())
    })
}

async fn config(Shared(ops): Shared<Ops>, headers: HeaderMap, Query(query): Query<ConfigMode>) -> Response {
    if let Err(status) = operator(&ops, &headers) {
        return status.into_response();
    }
    match query.mode.as_deref() {
        None | Some("") => text(ops.config.current()),
        Some("diff") => text(ops.config.diff()),
        Some("defaults") => text(ops.config.defaults()),
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            Status::new(
                Kind::BadRequest,
                format!("mode {other:?} is unknown: leave it out, or take diff or defaults"),
            )
            .into_response()
        }
    }
}

async fn runtime_config(Shared(ops): Shared<Ops>, headers: HeaderMap) -> Response {
    match operator(&ops, &headers) {
        Ok(()) => text((ops.runtime_config)()),
        Err(status) => status.into_response(),
    }
}

async fn services(Shared(ops): Shared<Ops>) -> Response {
    let state = match ops.readiness.state() {
        State::Starting(_) => "Starting",
        State::Ready => "Running",
        State::Draining => "Stopping",
    };
    text(ops.services.iter().map(|name| format!("{name} => {state}\n")).collect())
}

/// Plain text, also for YAML: a browser shows it.
fn text(body: String) -> Response {
    ([(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn ask(ops: &Ops, path: &str) -> (u16, String) {
        let response =
            router(ops.clone()).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn tells_the_process_state() {
        let changed = crate::http::Config { max_connections: 5, ..Default::default() };
        let ops = Ops {
            registry: crate::metrics::process_registry("1", "r", "all"),
            readiness: Readiness::new("replaying the WAL"),
            config: Arc::new(View::new(&changed).unwrap()),
            runtime_config: Arc::new(|| "overrides: {}\n".to_owned()),
            authenticator: Arc::new(Authenticator::new(mneme_tenant::AuthConfig::default()).unwrap()),
            services: Arc::from(["ingester"]),
        };
        assert_eq!(ask(&ops, "/ready").await, (503, "not ready: replaying the WAL\n".to_owned()));
        assert_eq!(ask(&ops, "/healthz").await.0, 200);
        assert_eq!(ask(&ops, "/services").await.1, "ingester => Starting\n");
        ops.readiness.ready();
        assert_eq!(ask(&ops, "/-/ready").await.0, 200);
        assert!(ask(&ops, "/metrics").await.1.contains("mneme_build_info{"));
        assert_eq!(ask(&ops, "/config?mode=diff").await, (200, "max_connections: 5\n".to_owned()));
        assert!(ask(&ops, "/config?mode=defaults").await.1.contains("max_connections: 10000"));
        assert_eq!(ask(&ops, "/config?mode=else").await.0, 400);
        assert_eq!(ask(&ops, "/runtime_config").await.1, "overrides: {}\n");
        ops.readiness.draining();
        assert_eq!(ask(&ops, "/ready").await, (503, "shutting down\n".to_owned()));
    }
}
