//! `POST /ingester/flush`: recent data into blocks, now.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mneme_ingester::{FlushReport, Ingester};
use mneme_model::TenantId;
use mneme_server::{Kind, Status};
use mneme_tenant::Authenticator;
use serde::Deserialize;
use serde_json::json;

/// What the endpoint needs.
#[derive(Clone)]
struct Flush {
    ingester: Ingester,
    authenticator: Arc<Authenticator>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Whether to answer once it is done.
    #[serde(default)]
    wait: bool,
    /// Only this tenant.
    tenant: Option<String>,
}

/// The route; for operators.
pub(super) fn router(ingester: Ingester, authenticator: Arc<Authenticator>) -> Router {
    Router::new().route("/ingester/flush", post(flush)).with_state(Flush { ingester, authenticator })
}

async fn flush(
    State(state): State<Flush>,
    headers: HeaderMap,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Status> {
    state.authenticator.operator(&headers).map_err(|error| {
        let kind = if error.http() == 401 { Kind::Unauthenticated } else { Kind::Forbidden };
        Status::new(kind, error.to_string())
    })?;
    let tenant = parameters.tenant.as_deref().map(TenantId::new).transpose();
    let tenant = tenant.map_err(|error| Status::new(Kind::BadRequest, error.to_string()))?;
    let unavailable = |reason: String| Status::new(Kind::Unavailable, format!("flush: {reason}"));
    let done = state.ingester.request_flush(tenant).map_err(unavailable)?;
    if !parameters.wait {
        return Ok(json_answer(StatusCode::ACCEPTED, &json!({ "status": "accepted" })));
    }
    let report = done.await.unwrap_or_else(|_| Err("the process is shutting down".to_owned()));
    Ok(answer(&report.map_err(unavailable)?))
}

fn answer(report: &FlushReport) -> Response {
    let FlushReport { cut, tenants, blocks, series, samples, bytes, failed } = report;
    let failed: Vec<_> = failed
        .iter()
        .map(|(tenant, reason)| json!({ "tenant": tenant.as_str(), "reason": reason }))
        .collect();
    let (code, status) = if failed.is_empty() {
        (StatusCode::OK, "success")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "error")
    };
    let data = json!({
        "cut": cut.0, "tenants": tenants, "blocks": blocks, "series": series, "samples": samples, "bytes": bytes, "failed": failed,
    });
    json_answer(code, &json!({ "status": status, "data": data }))
}

fn json_answer(code: StatusCode, body: &serde_json::Value) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
