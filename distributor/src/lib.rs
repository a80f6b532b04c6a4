//! Takes writes: decodes, validates, shards, appends to the WAL, delivers to owners.
//! Every refusal is here, before the WAL: what was appended is stored.
//!
//! Vocabulary: a *problem* is why a part of a request was refused, its *reason* the stable id (`err-mneme-<id>`) and metric label;
//! *written* is what a sender is told to be stored. A tenant's *spread* is over how many partitions its series are, and which was put where.
//!
//! Flow: [`Distributor::router`] -> authenticate -> rate -> content type, encoding -> body within its cap and the process' budget of
//! bytes -> snappy -> the series one by one: labels, times, histograms, exemplars, metadata into [`mneme_wal::Records`] ->
//! [`Appender::append`] (durable) -> reply. The process' own metrics enter at [`Distributor::push_own`].
//! [`ToIngester`] is the other end: what the WAL committed, handed to the ingester.

mod appender;
mod body;
mod budget;
mod buffers;
mod config;
mod deliver;
mod distributor;
mod handler;
mod metrics;
mod placement;
mod reason;
mod reply;
mod retry;
mod shard;
mod spread;
mod stage;

pub use appender::Appender;
pub use config::Config;
pub use deliver::ToIngester;
pub use distributor::{Distributor, Parts};
pub use reason::Reason;
pub use shard::{Shard, shard_size};
pub use stage::Counts;
