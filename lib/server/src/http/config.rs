//! Options of the listener.

use std::time::Duration;

use mneme_tenant::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The HTTP listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Host and port that HTTP is served on (HTTP/1.1 and cleartext HTTP/2). Port 0 takes a free one: the log line
    /// `listening` and the file `mneme.addr` in the data directory say which. Anything but a loopback address requires
    /// configured authentication. The flag `--http` overrides it.
    pub http_listen_address: String,
    /// Connections held at once; further ones wait in the kernel's queue. Higher costs memory and file descriptors.
    pub max_connections: usize,
    /// A connection without a request under way for this long is closed, and so is one that takes this long to send a
    /// request's headers. Shorter frees connections of senders that went away, longer saves reconnecting.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub idle_timeout: Duration,
    /// A request whose body stalls for this long is refused.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub read_timeout: Duration,
    /// A connection whose client takes no byte of a reply for this long is closed.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub write_timeout: Duration,
    /// Origins whose pages may read the query API from a browser (CORS), such as `https://grafana.example.org`; `*` is
    /// every one, as in Prometheus; an empty list none.
    pub cors_allowed_origins: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            http_listen_address: "127.0.0.1:9009".to_owned(),
            max_connections: 10_000,
            idle_timeout: Duration::from_secs(120),
            read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            cors_allowed_origins: vec!["*".to_owned()],
        }
    }
}

impl Config {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Names the option, its value and the remedy.
    pub fn validate(&self) -> Result<(), String> {
        let port = self.http_listen_address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(format!(
                "http_listen_address {:?} is not HOST:PORT, such as 127.0.0.1:9009",
                self.http_listen_address
            ));
        }
        if self.max_connections == 0 {
            return Err("max_connections 0 serves nobody: at least 1".to_owned());
        }
        for (name, value) in [
            ("idle_timeout", self.idle_timeout),
            ("read_timeout", self.read_timeout),
            ("write_timeout", self.write_timeout),
        ] {
            if value.is_zero() {
                return Err(format!("{name} 0s would close every connection: take at least 1s"));
            }
        }
        for origin in &self.cors_allowed_origins {
            if http::HeaderValue::from_str(origin).is_err() || (origin != "*" && !origin.contains("://")) {
                return Err(format!(
                    "cors_allowed_origins: {origin:?} is neither * nor an origin such as https://example.org"
                ));
            }
        }
        Ok(())
    }
}
