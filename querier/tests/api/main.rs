//! The query API over a fake ingester: what clients send, what they get back.

mod errors;
mod fake;
mod federation;
mod harness;
mod queries;
mod series;
mod status;
