//! Options of taking writes.

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
    /// The most bytes of requests (compressed and decompressed together) that the process works on at once; over it 503 with
    /// `Retry-After`. Higher rides out bursts, lower bounds the memory of a process that has little. Default 268435456 (256 MiB).
    pub max_inflight_push_requests_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_recv_msg_size_bytes: 32 << 20,
            max_decompressed_size_bytes: 100 << 20,
            max_inflight_push_requests_bytes: 256 << 20,
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
        Ok(())
    }
}
