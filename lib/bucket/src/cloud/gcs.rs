//! Google Cloud Storage.

use std::sync::Arc;

use object_store::StaticCredentialProvider;
use object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::http::Connector;
use super::{check_endpoint, no_retries, set};

/// Google Cloud Storage (`gs://BUCKET/PREFIX`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GcsConfig {
    /// File with a service account's key (JSON). Empty is the environment: `GOOGLE_SERVICE_ACCOUNT`,
    /// `GOOGLE_APPLICATION_CREDENTIALS`, else the machine's own account.
    pub service_account_path: String,
    /// URL of another server than `https://storage.googleapis.com`, such as a regional endpoint or an emulator.
    pub endpoint: String,
    /// Sends no credentials, for an emulator.
    pub anonymous: bool,
    /// Allows an endpoint without TLS (`http://`).
    pub insecure: bool,
}

impl GcsConfig {
    /// # Errors
    /// What is wrong, with the option's name and value.
    pub fn validate(&self) -> Result<(), String> {
        check_endpoint("gcs", &self.endpoint, self.insecure)
    }
}

pub(super) fn build(
    bucket: &str,
    config: &GcsConfig,
    connector: Connector,
) -> Result<GoogleCloudStorage, String> {
    config.validate()?;
    let mut builder = GoogleCloudStorageBuilder::from_env();
    if let Some(path) = set(&config.service_account_path) {
        builder = builder.with_service_account_path(path);
    }
    if let Some(endpoint) = set(&config.endpoint) {
        builder = builder.with_base_url(endpoint);
    }
    if config.anonymous {
        let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
        builder = builder.with_credentials(Arc::new(nobody)).with_skip_signature(true);
    }
    builder
        .with_bucket_name(bucket)
        .with_retry(no_retries())
        .with_http_connector(connector)
        .build()
        .map_err(|error| error.to_string())
}
