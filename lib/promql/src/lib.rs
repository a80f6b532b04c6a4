//! Parse, plan and evaluate PromQL over any store that implements [`Queryable`].
//!
//! `text -> parser -> ast::Expr -> plan -> eval -> QueryResult`. Semantics are Prometheus 3.14's; evaluation never awaits.

pub mod annotations;
pub mod ast;
pub mod format;
pub mod functions;
mod queryable;
mod signature;

pub use queryable::{Hints, Queryable, ReadSamples, Select, Series, SeriesSet, StorageError};
pub use signature::Signature;
