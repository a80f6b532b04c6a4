//! A querier and a client without a socket between them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, header};
use mneme_model::TimestampMs;
use mneme_proto::internal::ingester::QueryService;
use mneme_querier::{BuildInfo, Config, Parts, Querier};
use mneme_server::Clock;
use mneme_tenant::{AuthConfig, Authenticator, Limits, Overrides};
use tower::ServiceExt as _;

/// What the clock says: one hour after the epoch.
pub(crate) const NOW: TimestampMs = 3_600_000;

struct Stopped;

impl Clock for Stopped {
    fn now_ms(&self) -> TimestampMs {
        NOW
    }
}

/// A reply: status and body.
pub(crate) type Reply = (u16, String);

/// A querier over a fake.
pub(crate) struct Api {
    router: Router,
    pub(crate) registry: prometheus::Registry,
}

impl Api {
    pub(crate) fn new(fake: impl QueryService + 'static) -> Self {
        Self::with(fake, Limits::default(), Config::default())
    }

    pub(crate) fn with(fake: impl QueryService + 'static, limits: Limits, config: Config) -> Self {
        let registry = prometheus::Registry::new();
        let parts = Parts {
            service: Arc::new(fake),
            overrides: Overrides::uniform(limits),
            authenticator: Arc::new(Authenticator::new(AuthConfig::default()).unwrap()),
            clock: Arc::new(Stopped),
            registry: registry.clone(),
            build: BuildInfo { version: "1.2.3".to_owned(), ..BuildInfo::default() },
        };
        Self { router: Querier::new(config, parts).unwrap().router(), registry }
    }

    /// GETs below `/prometheus/api/v1/`.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.get_as("", &encoded(&format!("/prometheus/api/v1/{path}"))).await
    }

    /// GETs as a tenant (`""` = without the header).
    pub(crate) async fn get_as(&self, tenant: &str, path: &str) -> Reply {
        let mut request = Request::builder().method(Method::GET).uri(path);
        if !tenant.is_empty() {
            request = request.header("X-Scope-OrgID", tenant);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// POSTs a form below `/api/v1/`.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Reply {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1/{path}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    /// The whole response.
    pub(crate) async fn response(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

/// What a client would have to escape in a URL.
fn encoded(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/?&=%,:+()[]*!@;$".contains(c);
    let escape = |c: char| {
        let mut bytes = [0; 4];
        c.encode_utf8(&mut bytes).bytes().map(|b| format!("%{b:02X}")).collect::<String>()
    };
    path.chars().map(|c| if plain(c) { c.to_string() } else { escape(c) }).collect()
}

/// The body of a success with this data.
pub(crate) fn success(data: &str) -> Reply {
    (200, format!(r#"{{"status":"success","data":{data}}}"#))
}

/// The body of an error.
pub(crate) fn error(code: u16, kind: &str, text: &str) -> Reply {
    let text = serde_json::to_string(text).unwrap();
    (code, format!(r#"{{"status":"error","errorType":"{kind}","error":{text}}}"#))
}
