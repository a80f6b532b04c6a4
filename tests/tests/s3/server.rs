//! The server: on a free port of the loopback, with one key pair that every request must be signed with.

use std::net::SocketAddr;

use axum::Router;
use axum::error_handling::HandleError;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, IF_NONE_MATCH};
use axum::http::{HeaderValue, StatusCode};
use mneme_bucket::{CloudConfig, Credential, GcsConfig, Options, S3Config};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::store::Objects;

pub(crate) const KEY: &str = "mneme-test";
pub(crate) const SECRET: &str = "not-a-secret";

/// Ends with it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _task: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(objects: Objects) -> Self {
        let mut service = S3ServiceBuilder::new(objects);
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        Self::serve(service, |router| router).await
    }

    /// Speaks enough of Google's XML API, which is S3's with other names for a few headers, for unsigned requests.
    pub(crate) async fn start_like_gcs(objects: Objects) -> Self {
        async fn translate(mut request: Request) -> Request {
            // An empty one, of nobody.
            request.headers_mut().remove(AUTHORIZATION);
            if request.headers().get("x-goog-if-generation-match").is_some_and(|value| value == "0") {
                request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
            }
            request
        }
        let layer = axum::middleware::map_request(translate);
        Self::serve(S3ServiceBuilder::new(objects), |router| router.layer(layer)).await
    }

    async fn serve(service: S3ServiceBuilder, wrap: impl FnOnce(Router) -> Router) -> Self {
        let service = HandleError::new(service.build(), |_: s3s::HttpError| async {
            StatusCode::INTERNAL_SERVER_ERROR
        });
        let router = wrap(Router::new().fallback_service(service));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, _task: task }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn options(&self) -> Options {
        self.options_with(KEY, SECRET)
    }

    pub(crate) fn options_with(&self, key: &str, secret: &str) -> Options {
        let s3 = S3Config {
            endpoint: self.endpoint(),
            insecure: true,
            access_key_id: Credential::new(key),
            secret_access_key: Credential::new(secret),
            ..S3Config::default()
        };
        Options { cloud: CloudConfig { s3, ..CloudConfig::default() }, ..Options::default() }
    }

    pub(crate) fn gcs_options(&self) -> Options {
        let gcs =
            GcsConfig { endpoint: self.endpoint(), insecure: true, anonymous: true, ..GcsConfig::default() };
        Options { cloud: CloudConfig { gcs, ..CloudConfig::default() }, ..Options::default() }
    }
}
