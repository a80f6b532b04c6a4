//! A place for routes that come to be after the port is open.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use crate::readiness::Readiness;
use crate::{Kind, Status};

/// When a client may try again while the process starts or ends.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Answers 503 with the reason until the process is ready, then from the router that was set, and 503 again while it
/// drains. Cheap to clone.
#[derive(Clone)]
pub struct Late {
    router: Arc<OnceLock<Router>>,
    readiness: Readiness,
}

impl Late {
    /// Nothing yet.
    #[must_use]
    pub fn new(readiness: Readiness) -> Self {
        Self { router: Arc::new(OnceLock::new()), readiness }
    }

    /// Sets the routes; they serve once the process is ready. A second call changes nothing.
    pub fn set(&self, router: Router) {
        // The first set wins: there is one wiring per process.
        let _ = self.router.set(router);
    }

    /// The router to fall back to.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

async fn answer(State(late): State<Late>, request: Request<Body>) -> Response {
    let reason = late.readiness.reason();
    match (reason, late.router.get()) {
        (None, Some(router)) => match router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        (reason, _) => {
            let reason = reason.unwrap_or_else(|| "not ready".to_owned());
            Status::new(Kind::Unavailable, reason)
                .with_id("not-ready")
                .with_retry_after(RETRY_AFTER)
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use http_body_util::BodyExt;

    use super::*;

    async fn ask(late: &Late) -> (u16, String) {
        let request = Request::get("/api/v1/query").body(Body::empty()).unwrap();
        let response = late.router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn serves_only_while_ready() {
        let readiness = Readiness::new("replaying the WAL");
        let late = Late::new(readiness.clone());
        assert_eq!(
            ask(&late).await,
            (503, "not ready: replaying the WAL (err-mneme-not-ready)\n".to_owned())
        );

        late.set(Router::new().route("/api/v1/query", get(async || "answer")));
        assert_eq!(ask(&late).await.0, 503, "wired but not ready");
        readiness.ready();
        assert_eq!(ask(&late).await, (200, "answer".to_owned()));
        readiness.draining();
        assert_eq!(ask(&late).await.0, 503);
    }
}
