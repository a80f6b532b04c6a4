//! Parse, plan and evaluate PromQL over any store that implements [`Queryable`].
//!
//! `text -> parser -> ast::Expr -> plan -> eval -> QueryResult`. Semantics are Prometheus 3.14's; evaluation never awaits.

pub mod annotations;
pub mod ast;
mod budget;
mod cancel;
mod engine;
mod error;
mod eval;
mod features;
pub mod format;
pub mod functions;
mod go_labels;
mod params;
mod parser;
mod plan;
mod print;
mod queryable;
mod result;
mod signature;

pub use cancel::Cancel;
pub use engine::evaluate;
pub use error::Error;
pub use features::{Features, UnknownFeature};
pub use params::QueryParams;
pub use parser::{LineColumn, MAX_HEIGHT, MAX_NESTING, ParseError, parse, parse_metric_selector};
pub use plan::Plan;
pub use queryable::{Hints, Queryable, ReadSamples, Select, Series, SeriesSet, StorageError};
pub use result::{QueryResult, QueryStats, ResultSeries, ResultValue, VectorSample};
pub use signature::{FUNCTIONS, Signature, signature};
