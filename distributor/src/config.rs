//! Options of taking writes.

use std::time::Duration;

use mneme_tenant::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Taking writes: how large a request may be, and all requests together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The largest request body in bytes, as it arrives (compressed); over it 413. Larger lets senders batch more, and one request take
    /// more memory. Default 33554432 (32 MiB).
    pub max_recv_msg_size_bytes: usize,
    /// The largest request in bytes once decompressed; over it 413, before a byte is decompressed. Default 104857600 (100 MiB), as in
    /// Mimir.
    pub max_decompressed_size_bytes: usize,
    /// The most bytes of requests (compressed, decompressed, and their records until they are durable) that the process works on at
    /// once; over it 503 with `Retry-After`, or 413 for a request that alone takes more. Higher rides out bursts, lower bounds the memory
    /// of a process that has little. Default 268435456 (256 MiB).
    pub max_inflight_push_requests_bytes: usize,
    /// How long a request's body may take to arrive, from its headers to its last byte; then 503 with `Retry-After`. Longer bears
    /// slow senders, shorter keeps them from holding memory that others need. Default 30s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub recv_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_recv_msg_size_bytes: 32 << 20,
            max_decompressed_size_bytes: 100 << 20,
            max_inflight_push_requests_bytes: 256 << 20,
            recv_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// Says which value cannot be, and why.
    pub fn validate(&self) -> Result<(), String> {
        for (name, value) in [
            ("max_recv_msg_size_bytes", self.max_recv_msg_size_bytes),
            ("max_decompressed_size_bytes", self.max_decompressed_size_bytes),
        ] {
            if value < 1024 {
                return Err(format!("distributor.{name} is {value}: below 1 KiB no request fits"));
            }
        }
        let one = self.max_recv_msg_size_bytes.saturating_add(self.max_decompressed_size_bytes);
        if self.max_inflight_push_requests_bytes < one {
            return Err(format!(
                "distributor.max_inflight_push_requests_bytes is {}: one request of the largest size needs {one} \
                 (max_recv_msg_size_bytes + max_decompressed_size_bytes)",
                self.max_inflight_push_requests_bytes
            ));
        }
        if self.recv_timeout.is_zero() {
            return Err("distributor.recv_timeout is 0: no request arrives in no time".to_owned());
        }
        Ok(())
    }
}
