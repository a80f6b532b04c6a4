//! The PromQL API: plans, fans out, merges, evaluates, prints as Prometheus does.
//!
//! - [`Querier`] the role; its [`Querier::router`] is mounted by the process.
//! - *source* the data of a request's tenants, by the ingesters' `QueryService`; *federation* what several tenants at once mean.
//! - *answer* a select's series, pulled some at a time while the query computes; *fetched* hands them to the evaluation.
//! - *engine* runs a query: parse, plan, turn, ask, then pull and compute on a thread of the *pool*, all by a deadline.
//! - *blocks* what is older than the ingesters' data, read from the bucket and merged with it: a query service before theirs.
//! - *running* the queries under way: listed, counted, and ended from outside.
//! - *api* parameters in, replies out; *json* writes them as Prometheus does, piece by piece.
//!
//! Flow: `routes -> tenants, form -> endpoint -> engine or source -> reply -> body`.

mod answer;
mod api;
mod blocks;
mod config;
mod engine;
mod federation;
mod fetched;
mod json;
mod limits;
mod metrics;
mod pool;
mod pretty;
mod querier;
mod running;
mod source;

pub use api::BuildInfo;
pub use blocks::{WithBlocks, block_access};
pub use config::Config;
pub use querier::{Parts, Querier};
