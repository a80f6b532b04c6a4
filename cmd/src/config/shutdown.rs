//! How the process ends.

use std::time::Duration;

use mneme_tenant::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the process ends.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Shutdown {
    /// After SIGTERM or SIGINT, how long requests under way and the last write-ahead log segment may take before they are
    /// cut off. Nothing acknowledged is lost either way; shorter restarts sooner, longer fails fewer requests. A second
    /// signal ends at once.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) grace_period: Duration,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { grace_period: Duration::from_secs(30) }
    }
}

impl Shutdown {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.grace_period.is_zero() {
            return Err("grace_period 0s would cut off every request: take at least 1s".to_owned());
        }
        Ok(())
    }
}
