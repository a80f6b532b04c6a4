//! The server: on a free port of the loopback, with one key pair that every request must be signed with.

use std::net::SocketAddr;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use mneme_bucket::{CloudConfig, Credential, Options, S3Config};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::store::Objects;

pub const KEY: &str = "mneme-test";
pub const SECRET: &str = "not-a-secret";

/// Ends with it.
pub struct Server {
    pub address: SocketAddr,
    _task: JoinSet<()>,
}

impl Server {
    pub async fn start(objects: Objects) -> Self {
        let mut service = S3ServiceBuilder::new(objects);
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = HandleError::new(service.build(), |_: s3s::HttpError| async {
            StatusCode::INTERNAL_SERVER_ERROR
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            axum::serve(listener, Router::new().fallback_service(service)).await.unwrap();
        });
        Self { address, _task: task }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn options(&self) -> Options {
        self.options_with(KEY, SECRET)
    }

    pub fn options_with(&self, key: &str, secret: &str) -> Options {
        let s3 = S3Config {
            endpoint: self.endpoint(),
            insecure: true,
            access_key_id: Credential::new(key),
            secret_access_key: Credential::new(secret),
            ..S3Config::default()
        };
        Options { cloud: CloudConfig { s3, ..CloudConfig::default() }, ..Options::default() }
    }
}
