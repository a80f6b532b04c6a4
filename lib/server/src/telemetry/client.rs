//! The HTTP client of the exporter, whose thread is not one of the runtime's.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// Sends from any thread with connections of the runtime; once that has ended, every request is an error.
#[derive(Debug)]
pub(super) struct Client {
    runtime: Handle,
    inner: HyperClient,
}

impl Client {
    /// `timeout` is for a request with its reply.
    pub(super) fn new(runtime: Handle, timeout: Duration) -> Self {
        Self { runtime, inner: HyperClient::with_default_connector(timeout, None) }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.inner.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}
