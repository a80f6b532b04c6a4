//! The file that is read again while the process runs.

use std::path::PathBuf;
use std::time::Duration;

use mneme_tenant::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file with `overrides` that is read again while the process runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuntimeConfigFile {
    /// YAML with `overrides:`, of the shape of Mimir's and Cortex's file; empty for none. A tenant's limits there are over
    /// those of `overrides` here. A file that is wrong at the start is an error; one that becomes wrong later is logged, and
    /// the limits stay as they were.
    pub(crate) file: PathBuf,
    /// How often the file is looked at; SIGHUP reads it at once.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) period: Duration,
}

impl Default for RuntimeConfigFile {
    fn default() -> Self {
        Self { file: PathBuf::new(), period: Duration::from_secs(10) }
    }
}

impl RuntimeConfigFile {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.period < Duration::from_millis(100) {
            return Err(format!(
                "period {} is too often: take at least 100ms",
                mneme_model::duration::format(self.period)
            ));
        }
        Ok(())
    }
}
