//! Blocks written and read back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
mod broken;
mod cursor;
mod deletions;
mod hostile;
mod labels;
mod oracle;
mod requests;
mod roundtrip;
mod support;
