//! The process's own metrics as series.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The process's own metrics as a tenant's series.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SelfMonitoring {
    /// Whether the process writes its own metrics, with `job="mneme"` and `up`, into the tenant `anonymous` every 15 s, as if
    /// a Prometheus scraped it: about a thousand series. Switch it off where one does.
    pub(crate) enabled: bool,
}

impl Default for SelfMonitoring {
    fn default() -> Self {
        Self { enabled: true }
    }
}
