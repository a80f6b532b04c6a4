//! Blocks and recent data as one: no gap and no double at any moment of a flush.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod deleted;
mod month;
mod recent;
mod seam;
mod support;
