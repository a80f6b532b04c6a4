//! The query API over a fake ingester: what clients send, what they get back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod errors;
mod fake;
mod federate;
mod federation;
mod golden;
mod harness;
mod queries;
mod read;
mod running;
mod series;
mod status;
mod streams;
