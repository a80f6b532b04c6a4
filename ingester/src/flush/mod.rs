//! Flush: what is complete goes into blocks, tenant by tenant, and leaves memory.
//!
//! - *round*: all tenants, or one, up to the newest cut that checkpoints have. Tenants do not wait for each other's failures.
//! - *order*: a tenant's series over all partitions' heads, merged by their labels: references, not labels.
//! - *source*: what the block writer pulls series, chunks and exemplars from, window by window.
//! - *deletions*: what tombstones take out of it.
//! - *upload*: where finished files go.
//! - *failing*: who could not be flushed, and when he is tried again. *clean*: what nobody lists goes.
//! - *point*: a place between two steps where a test may stop a flush for ever.
//!
//! Flow, per tenant: `marks of the newest manifest -> order -> current block -> late block -> commit (marks move, or void) -> heads drop
//! what the marks cover`; then, per partition, the next checkpoint states the floor, and checkpoints below it go (`saved.rs`).
//! A crash anywhere leaves orphans at worst: ids are fresh, nothing is overwritten, and only a commit makes blocks visible.

mod clean;
mod deletions;
mod due;
mod failing;
mod floor;
mod order;
mod point;
mod request;
mod round;
mod run;
mod source;
mod tenant;
mod upload;

pub use point::{FlushHook, FlushPoint};
pub use request::FlushReport;

pub(crate) use floor::apply_marks;
pub(crate) use request::Requests;
pub(crate) use run::{at_shutdown, run};
