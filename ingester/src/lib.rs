//! Owns partitions: tails the WAL, holds heads, answers for recent data.
//!
//! - [`Ingester`] the role: a cheap handle that takes deliveries, answers questions, and has a [`Ingester::run`] that tails.
//! - *partitions* one head each. *writer* how far a WAL writer's segments are applied, and what its series references mean.
//! - *apply* a section's records into a head: the same code for what is delivered, tailed and replayed, on *strands*.
//! - *active* what the ingester knows of a tenant's active series, and what a flush makes of it: the tenant's shard size.
//! - *answer* the series of a select, pulled out of the heads some at a time.
//! - *flush* a tenant's generations of all partitions into blocks; heads drop what the marks of its manifest cover.
//! - *checkpoint* a partition's generations in the bucket, once a cut is *complete*; the WAL is *truncated* behind it.
//!
//! Flow: `restore (checkpoints) -> replay (every writer's segments from there, in order) -> ready -> deliver | tail -> apply -> select`,
//! and beside it `cut -> complete -> checkpoint -> truncate`, with `spill` where memory is short, and every two hours `flush`.
//! A segment is applied once: a delivery that was read from the bucket before is skipped, a gap before one is read from the bucket.

mod active;
mod answer;
mod apply;
mod checkpoint;
mod complete;
mod config;
mod cuts;
mod delivery;
mod error;
mod flush;
mod ingester;
mod keep;
mod memory;
mod metrics;
mod moved;
mod partitions;
mod query;
mod replay;
mod restore;
mod saved;
mod strands;
mod tail;
mod truncate;
mod writer;

pub use config::Config;
pub use error::Error;
pub use flush::{FlushHook, FlushPoint, FlushReport};
pub use ingester::{Ingester, Parts};
