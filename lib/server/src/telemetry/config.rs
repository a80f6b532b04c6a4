//! Options of log lines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `ts=… level=info msg=…`.
    #[default]
    Logfmt,
    /// One JSON object per line.
    Json,
}

/// What the process tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which events are written to stderr: `error`, `warn`, `info`, `debug` or `trace`, or a filter by module, such as
    /// `info,mneme_wal=debug`. `debug` has a line per request.
    pub log_level: String,
    /// How a line looks.
    pub log_format: Format,
}

impl Default for Config {
    fn default() -> Self {
        Self { log_level: "info".to_owned(), log_format: Format::Logfmt }
    }
}

impl Config {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Names the option, its value and the remedy.
    pub fn validate(&self) -> Result<(), String> {
        super::filter(&self.log_level).map(|_| ()).map_err(|error| {
            format!(
                "log_level {:?} is no filter ({error}): take info, or info,mneme_wal=debug",
                self.log_level
            )
        })
    }
}
