//! Parse, plan and evaluate PromQL over any store that implements [`Queryable`].
//!
//! `text -> parser -> ast::Expr -> plan -> eval -> QueryResult`. Semantics are Prometheus 3.14's; evaluation never awaits.

pub mod annotations;
pub mod ast;
mod features;
pub mod format;
pub mod functions;
mod parser;
mod print;
mod queryable;
mod signature;

pub use features::{Features, UnknownFeature};
pub use parser::{LineColumn, MAX_HEIGHT, MAX_NESTING, ParseError, parse, parse_metric_selector};
pub use queryable::{Hints, Queryable, ReadSamples, Select, Series, SeriesSet, StorageError};
pub use signature::{FUNCTIONS, Signature, signature};
