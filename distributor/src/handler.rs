//! `POST push`: from an HTTP request to a reply, step by step as the crate's flow says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use mneme_model::TenantId;
use mneme_proto::remote_write::{Version, snappy};
use mneme_server::{Kind, Status};
use mneme_tenant::AuthError;

use crate::body::read;
use crate::budget::Reservation;
use crate::distributor::{Distributor, Shared, Staged};
use crate::placement::Placement;
use crate::reply::Reply;

/// Where writes are taken: the paths of Mimir and Cortex, Cortex's old one, Prometheus', Thanos' and M3's.
const PATHS: [&str; 5] =
    ["/api/v1/push", "/api/prom/push", "/api/v1/write", "/api/v1/receive", "/api/v1/prom/remote/write"];

/// Messages from this size on are worked on apart from the threads that wait for sockets.
const LARGE: usize = 512 << 10;

impl Distributor {
    /// The routes of remote write.
    pub fn router(&self) -> Router {
        let refuse = || async {
            Reply::refused(None, Status::new(Kind::MethodNotAllowed, "use POST")).into_response()
        };
        PATHS
            .iter()
            .fold(Router::new(), |router, path| router.route(path, post(push).fallback(refuse)))
            .with_state(Arc::clone(&self.shared))
    }
}

async fn push(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let started = Instant::now();
    shared.metrics.inflight_requests.inc();
    let _inflight = Inflight(&shared);
    let (head, body) = request.into_parts();
    let reply = take(&shared, &head.headers, body).await;
    shared.metrics.requests.with_label_values(&[reply.code().as_str()]).inc();
    shared.metrics.duration.observe(started.elapsed().as_secs_f64());
    reply.into_response()
}

/// Counts a request as under way until its end, also where the sender goes away.
struct Inflight<'s>(&'s Shared);

impl Drop for Inflight<'_> {
    fn drop(&mut self) {
        self.0.metrics.inflight_requests.dec();
    }
}

async fn take(shared: &Arc<Shared>, headers: &HeaderMap, body: Body) -> Reply {
    let tenant = match shared.parts.authenticator.tenant(headers) {
        Ok(tenant) => tenant,
        Err(error) => return Reply::refused(None, auth_status(&error)),
    };
    let version = match accepted_version(headers) {
        Ok(version) => version,
        Err(status) => return Reply::refused(None, status),
    };
    let refused = |status| Reply::refused(Some(version), status);
    let attempt = retry_attempt(headers);
    let limits = shared.parts.overrides.limits(&tenant);
    if let Err(status) = shared.check_request_rate(&tenant, &limits, attempt) {
        return refused(status);
    }
    let staged = match receive(shared, headers, body, &tenant, version).await {
        Ok(staged) => staged,
        Err(status) if status.kind == Kind::Unavailable => {
            return refused(shared.later(status, attempt, Duration::ZERO));
        }
        Err(status) => return refused(status),
    };
    if let Err(status) = shared.check_sample_rate(&tenant, &limits, &staged.tally, attempt) {
        return refused(status);
    }
    let outcome = shared.append(staged, attempt).await;
    Reply { version: Some(version), written: outcome.written, result: outcome.result }
}

/// Reads, decompresses and stages the request.
#[tracing::instrument(name = "read_and_stage", skip_all)]
async fn receive(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    body: Body,
    tenant: &TenantId,
    version: Version,
) -> Result<Staged, Status> {
    let mut reserved = shared.budget.empty();
    let body = read(headers, body, &shared.config, &mut reserved).await?;
    shared.metrics.received_bytes.inc_by(body.len() as u64);
    let declared = snappy::declared_len(&body, shared.config.max_decompressed_size_bytes)
        .map_err(|error| snappy_status(&error))?;
    reserved.take(declared)?;
    let placement = shared.placement(tenant).await;
    if declared < LARGE {
        return decode(shared, (tenant, &placement), version, &body, reserved);
    }
    let (shared, tenant) = (Arc::clone(shared), tenant.clone());
    // A sender that goes away does not end this work: what it takes is reserved until it is done.
    tokio::task::spawn_blocking(move || decode(&shared, (&tenant, &placement), version, &body, reserved))
        .await
        .unwrap_or_else(|_| Err(Status::new(Kind::Internal, "the request's decoder failed")))
}

fn decode(
    shared: &Shared,
    to: (&TenantId, &Placement),
    version: Version,
    body: &Bytes,
    reserved: Reservation,
) -> Result<Staged, Status> {
    let mut buffer = shared.buffers.message();
    let staged = match snappy::decompress(body, shared.config.max_decompressed_size_bytes, &mut buffer) {
        Ok(message) => {
            shared.metrics.decompressed_bytes.inc_by(message.len() as u64);
            shared.stage_message(to, version, message, reserved)
        }
        Err(error) => Err(snappy_status(&error)),
    };
    shared.buffers.give_message(buffer);
    staged
}

fn snappy_status(error: &snappy::Error) -> Status {
    match error {
        snappy::Error::TooLarge { declared, max } => {
            let words = format!(
                "the request decompresses to {declared} bytes, more than max_decompressed_size_bytes, {max}"
            );
            Status::new(Kind::TooLarge, words).with_id("distributor-max-write-message-size")
        }
        snappy::Error::Malformed(_) => Status::new(Kind::BadRequest, error.to_string()),
    }
}

/// The message's version by the request's headers, 415 where it is none of ours. Old senders leave the headers out.
fn accepted_version(headers: &HeaderMap) -> Result<Version, Status> {
    let text = |name| headers.get(name).map_or(Ok(""), |value: &http::HeaderValue| value.to_str());
    let broken = |_| Status::new(Kind::Unsupported, "a header is not ASCII");
    let content_type = text(CONTENT_TYPE).map_err(broken)?;
    let version = Version::from_content_type(content_type)
        .map_err(|error| Status::new(Kind::Unsupported, error.to_string()))?;
    let encoding = text(CONTENT_ENCODING).map_err(broken)?.trim();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("snappy") {
        let shown: String = encoding.chars().take(100).collect();
        let words = format!("{shown} encoding (compression) is not accepted; only snappy (block format) is");
        return Err(Status::new(Kind::Unsupported, words));
    }
    Ok(version)
}

fn auth_status(error: &AuthError) -> Status {
    let kind = match error.http() {
        401 => Kind::Unauthenticated,
        403 => Kind::Forbidden,
        _ => Kind::BadRequest,
    };
    Status::new(kind, error.to_string())
}

/// Prometheus says at a retry how many it was before.
fn retry_attempt(headers: &HeaderMap) -> u32 {
    headers.get("retry-attempt").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok()).unwrap_or(0)
}
