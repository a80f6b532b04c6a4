//! S3, GCS and Azure: from a URL and options to a [`Store`].
//!
//! One retry policy and one set of deadlines: [`crate::Bucket`]'s. The library's own retries, the client's and redirects are
//! off, so that a create is one request. Credentials that are not configured are looked for by the library, in the
//! environment and at the cloud's metadata service (`docs/buckets.md` lists the variables).

mod azure;
mod config;
mod credential;
mod gcs;
mod http;
mod reply;
mod s3;

use std::sync::Arc;

use object_store::multipart::MultipartStore;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, RetryConfig};

pub use azure::AzureConfig;
pub use config::CloudConfig;
pub use credential::Credential;
pub use gcs::GcsConfig;
pub use http::HttpOptions;
pub(crate) use reply::Reply;
pub use s3::{BucketLookupType, S3Config, SseConfig, SseType};

use self::http::Connector;
use crate::{ObjectStoreAdapter, Store};

/// A cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    S3,
    Gcs,
    Azure,
}

/// What a cloud URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) provider: Provider,
    /// The bucket, or the container.
    pub(crate) bucket: String,
    /// Whole key segments; empty = the whole bucket.
    pub(crate) prefix: String,
}

/// The store at `location`. Nothing is asked of it yet.
///
/// # Errors
/// What is wrong with the options, in words for the operator.
pub(crate) fn open(location: &Location, config: &CloudConfig) -> Result<Arc<dyn Store>, String> {
    let connector = Connector::new(&config.http)?;
    let bucket = location.bucket.as_str();
    let prefix = location.prefix.as_str();
    let store = match location.provider {
        Provider::S3 => below(s3::build(bucket, &config.s3, connector)?, prefix),
        Provider::Gcs => below(gcs::build(bucket, &config.gcs, connector)?, prefix),
        Provider::Azure => below(azure::build(bucket, &config.azure, connector)?, prefix),
    };
    Ok(store.of(location.provider).shared())
}

fn below(store: impl ObjectStore + MultipartStore, prefix: &str) -> ObjectStoreAdapter {
    if prefix.is_empty() {
        return ObjectStoreAdapter::new(Arc::new(store));
    }
    ObjectStoreAdapter::new(Arc::new(PrefixStore::new(store, prefix)))
}

/// The library asks once.
fn no_retries() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

/// The text of an option that is set.
fn set(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Refuses an endpoint that is no URL, or one without TLS that was not asked for.
fn check_endpoint(option: &str, endpoint: &str, insecure: bool) -> Result<(), String> {
    if endpoint.is_empty() {
        return Ok(());
    }
    let url = url::Url::parse(endpoint).map_err(|error| {
        format!("{option}.endpoint {endpoint:?}: {error}; give e.g. https://store.example:9000")
    })?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if insecure => Ok(()),
        "http" => Err(format!(
            "{option}.endpoint {endpoint:?} has no TLS: take https, or set {option}.insecure if that is wanted"
        )),
        scheme => Err(format!("{option}.endpoint {endpoint:?}: {scheme} is neither https nor http")),
    }
}
