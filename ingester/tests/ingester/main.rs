//! An ingester under a real WAL in a bucket in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod at_hand;
mod blocks;
mod broken_checkpoint;
mod checkpoints;
mod corrupt;
mod crash;
mod cuts;
mod deliver;
mod flush;
mod flush_crash;
mod flush_deletion;
mod holes;
mod memory;
mod replay;
mod shard_size;
mod stopped_writer;
mod support;
mod tail;
