//! Options of log lines and spans.

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
    /// Where a span per request, with its stages below it, is sent to: the base URL of an OpenTelemetry collector that takes
    /// OTLP over HTTP, such as `http://127.0.0.1:4318`; `/v1/traces` is appended. There is no TLS: a collector beside the
    /// process can add it. A request's `traceparent` header makes its span a child of the caller's, and decides whether it is
    /// sent. A collector that fails costs nothing but its spans and a warning a minute. Empty sends none.
    pub otlp_endpoint: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { log_level: "info".to_owned(), log_format: Format::Logfmt, otlp_endpoint: String::new() }
    }
}

impl Config {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Names the option, its value and the remedy.
    pub fn validate(&self) -> Result<(), String> {
        super::filter(&self.log_level).map_err(|error| {
            format!(
                "log_level {:?} is no filter ({error}): take info, or info,mneme_wal=debug",
                self.log_level
            )
        })?;
        if !self.otlp_endpoint.is_empty() && !is_http(&self.otlp_endpoint) {
            return Err(format!(
                "otlp_endpoint {:?} is no http URL with a host: take one such as http://127.0.0.1:4318, or \"\" for none",
                self.otlp_endpoint
            ));
        }
        Ok(())
    }
}

fn is_http(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|url| {
        url.scheme() == Some(&http::uri::Scheme::HTTP) && url.host().is_some_and(|host| !host.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_plain_http_url_or_none() {
        let check = |endpoint: &str| {
            Config { otlp_endpoint: endpoint.to_owned(), ..Config::default() }.validate().is_ok()
        };
        assert!(check("") && check("http://127.0.0.1:4318") && check("http://collector:4318/"));
        for wrong in ["127.0.0.1:4318", "https://collector:4318", "/v1/traces", "http://", "grpc://x:4317"] {
            assert!(!check(wrong), "{wrong}");
        }
    }
}
