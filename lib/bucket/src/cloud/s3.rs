//! S3 and the stores that speak its protocol.

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::http::Connector;
use super::{Credential, check_endpoint, no_retries, set};

/// S3 and the stores that speak its protocol (`s3://BUCKET/PREFIX`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct S3Config {
    /// URL of the store, such as `https://minio.example:9000`. Empty is AWS in `region`, or `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    /// Region that requests are signed for. Empty is `AWS_REGION` or `AWS_DEFAULT_REGION`, else `us-east-1`.
    pub region: String,
    /// Access key. Empty is the environment: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, a web identity
    /// (`AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`), the container's or the instance's role.
    pub access_key_id: Credential,
    /// The key's secret.
    pub secret_access_key: Credential,
    /// Token of temporary credentials.
    pub session_token: Credential,
    /// Allows an endpoint without TLS (`http://`). Requests are signed, but everybody on the way reads what they carry.
    pub insecure: bool,
    /// Where requests name the bucket: `virtual-hosted` (in the host name, as AWS wants it) or `path` (as most other stores do).
    /// Default `auto`: `path` where an endpoint is set.
    pub bucket_lookup_type: BucketLookupType,
    /// Encryption by the store.
    pub sse: SseConfig,
}

/// Where a request names the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BucketLookupType {
    /// In the path where an endpoint is set, else in the host name.
    #[default]
    Auto,
    /// In the path.
    Path,
    /// In the host name.
    VirtualHosted,
}

/// Encryption by the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SseConfig {
    /// `SSE-S3` (the store's keys), `SSE-KMS` (a key of its key service), or empty: as the bucket's default says.
    pub r#type: SseType,
    /// The key for `SSE-KMS`: its id or ARN. Empty is the account's own key for S3.
    pub kms_key_id: String,
}

/// Who holds the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SseType {
    /// As the bucket's default says.
    #[default]
    #[serde(rename = "")]
    Default,
    /// The store.
    #[serde(rename = "SSE-S3")]
    S3,
    /// The key service.
    #[serde(rename = "SSE-KMS")]
    Kms,
}

impl S3Config {
    /// # Errors
    /// What is wrong, with the option's name and value.
    pub fn validate(&self) -> Result<(), String> {
        check_endpoint("s3", &self.endpoint, self.insecure)?;
        let (id, secret) = (self.access_key_id.expose(), self.secret_access_key.expose());
        if id.is_empty() != secret.is_empty() {
            let (missing, there) = if id.is_empty() {
                ("access_key_id", "secret_access_key")
            } else {
                ("secret_access_key", "access_key_id")
            };
            return Err(format!("s3.{missing} is empty, but s3.{there} is not: set both, or neither"));
        }
        if id.is_empty() && !self.session_token.expose().is_empty() {
            return Err("s3.session_token is for s3.access_key_id, which is empty".to_owned());
        }
        if !self.sse.kms_key_id.is_empty() && self.sse.r#type != SseType::Kms {
            return Err(format!("s3.sse.kms_key_id {:?} is for s3.sse.type SSE-KMS", self.sse.kms_key_id));
        }
        Ok(())
    }

    fn is_virtual_hosted(&self, endpoint_in_environment: bool) -> bool {
        match self.bucket_lookup_type {
            BucketLookupType::Auto => self.endpoint.is_empty() && !endpoint_in_environment,
            BucketLookupType::Path => false,
            BucketLookupType::VirtualHosted => true,
        }
    }
}

pub(super) fn build(bucket: &str, config: &S3Config, connector: Connector) -> Result<AmazonS3, String> {
    config.validate()?;
    let mut builder = AmazonS3Builder::from_env();
    let elsewhere = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint]
        .iter()
        .any(|key| builder.get_config_value(key).is_some());
    let options = [
        (AmazonS3ConfigKey::Region, config.region.as_str()),
        (AmazonS3ConfigKey::AccessKeyId, config.access_key_id.expose()),
        (AmazonS3ConfigKey::SecretAccessKey, config.secret_access_key.expose()),
        (AmazonS3ConfigKey::Token, config.session_token.expose()),
        (AmazonS3ConfigKey::Endpoint, config.endpoint.as_str()),
    ];
    for (key, text) in options {
        if let Some(text) = set(text) {
            builder = builder.with_config(key, text);
        }
    }
    let virtual_hosted = config.is_virtual_hosted(elsewhere);
    if virtual_hosted && !config.endpoint.is_empty() {
        // The library takes an endpoint of this style as the whole address, bucket included.
        builder = builder.with_endpoint(with_bucket(&config.endpoint, bucket));
    }
    builder = match config.sse.r#type {
        SseType::Default => builder,
        SseType::S3 => builder.with_config(encryption_key()?, "AES256"),
        SseType::Kms => builder.with_sse_kms_encryption(config.sse.kms_key_id.as_str()),
    };
    builder
        .with_bucket_name(bucket)
        .with_virtual_hosted_style_request(virtual_hosted)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Of a batch some may fail, in any order, and not every store has it.
        .with_disable_bulk_delete(true)
        .with_retry(no_retries())
        .with_http_connector(connector)
        .build()
        .map_err(|error| error.to_string())
}

fn encryption_key() -> Result<AmazonS3ConfigKey, String> {
    "aws_server_side_encryption".parse().map_err(|error: object_store::Error| error.to_string())
}

fn with_bucket(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{}", host.trim_end_matches('/')),
        None => endpoint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_configuration_is_refused_by_name() {
        let key = |id: &str, secret: &str| S3Config {
            access_key_id: Credential::new(id),
            secret_access_key: Credential::new(secret),
            ..S3Config::default()
        };
        for (config, words) in [
            (key("id", ""), "s3.secret_access_key is empty"),
            (key("", "secret"), "s3.access_key_id is empty"),
            (S3Config { endpoint: "http://127.0.0.1:9000".into(), ..S3Config::default() }, "set s3.insecure"),
            (S3Config { endpoint: "minio:9000".into(), ..S3Config::default() }, "neither https nor http"),
            (S3Config { session_token: Credential::new("t"), ..S3Config::default() }, "s3.session_token"),
            (
                S3Config {
                    sse: SseConfig { kms_key_id: "k".into(), ..SseConfig::default() },
                    ..S3Config::default()
                },
                "SSE-KMS",
            ),
        ] {
            let error = config.validate().unwrap_err();
            assert!(error.contains(words), "{error}");
            assert!(!format!("{config:?}").contains("secret\""));
        }
        assert_eq!(key("id", "secret").validate(), Ok(()));
    }

    #[test]
    fn a_bucket_in_the_host_name_stands_before_the_endpoint() {
        assert_eq!(with_bucket("https://store.example:9000/", "b"), "https://b.store.example:9000");
    }
}
