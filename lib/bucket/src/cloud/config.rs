//! The options of all clouds.

use super::{AzureConfig, GcsConfig, HttpOptions, S3Config};

/// How the clouds are reached; each store reads its own part.
#[derive(Clone, Debug, Default)]
pub struct CloudConfig {
    /// For `s3://`.
    pub s3: S3Config,
    /// For `gs://`.
    pub gcs: GcsConfig,
    /// For `az://`.
    pub azure: AzureConfig,
    /// Connections, for all of them.
    pub http: HttpOptions,
}
