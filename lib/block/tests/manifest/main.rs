//! The manifest over buckets that behave and that do not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cleaning;
mod damage;
mod many_blocks;
mod racing;
mod rollback;
mod snapshot;
mod support;
