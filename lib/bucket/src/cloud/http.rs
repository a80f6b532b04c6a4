//! Connections to a cloud.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService};
use reqwest::{Certificate, Client, redirect};

use super::Reply;

/// How connections are made and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpOptions {
    /// How long a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_conn_timeout: Duration,
    /// Unused connections kept, per host.
    pub max_idle_connections_per_host: usize,
    /// File with certificates (PEM) to trust beside the system's.
    pub tls_ca_path: Option<PathBuf>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            idle_conn_timeout: Duration::from_secs(90),
            max_idle_connections_per_host: 100,
            tls_ca_path: None,
        }
    }
}

/// Gives every part of the library the same client: HTTP/1.1 (a connection per request in flight), neither retries nor
/// redirects, no deadline of its own.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    client: Client,
}

impl Connector {
    pub(super) fn new(options: &HttpOptions) -> Result<Self, String> {
        // The process's TLS library, unless somebody has chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .http1_only()
            .retry(reqwest::retry::never())
            .redirect(redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(options.idle_conn_timeout)
            .pool_max_idle_per_host(options.max_idle_connections_per_host);
        if let Some(path) = &options.tls_ca_path {
            let told =
                |error: &dyn std::fmt::Display| format!("http.tls_ca_path {}: {error}", path.display());
            let pem = std::fs::read(path).map_err(|error| told(&error))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| told(&error))?;
            if certificates.is_empty() {
                return Err(told(&"no certificate in it"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))?;
        Ok(Self { client })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Connector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let reply = request.extensions().get::<Reply>().cloned();
        let response = self.client.call(request).await?;
        if let Some(reply) = reply {
            reply.note(response.status(), response.headers());
        }
        Ok(response)
    }
}
