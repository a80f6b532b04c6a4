//! Wire messages: Prometheus remote write 1.0 and 2.0, remote read, and the internal services between roles.

pub mod internal;
pub mod remote_read;
pub mod remote_write;
mod wire;
