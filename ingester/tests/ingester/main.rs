//! An ingester under a real WAL in a bucket in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corrupt;
mod cuts;
mod deliver;
mod holes;
mod replay;
mod support;
mod tail;
