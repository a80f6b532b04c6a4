//! Parse, plan and evaluate PromQL over any store that implements [`Queryable`].
//! Semantics are Prometheus 3.14's; evaluation never awaits.
//!
//! - [`parse`] makes an [`ast::Expr`] of a text.
//! - [`Plan`] is what is to be done for it with given [`QueryParams`]: operators, and the [`Select`]s that have to be fetched.
//! - [`evaluate`] runs a plan over a store, series by series, each with its values over all *steps* (the times of a query), within a
//!   budget of samples and bytes and until somebody throws its [`Cancel`] switch.
//! - [`Plan::explain`] tells a plan to people; [`evaluate_analyzed`] also what each operator cost.
//! - [`QueryResult`] is the value, with warnings and infos ([`annotations`]) and what it cost.
//!
//! `text -> parser -> ast -> plan (passes) -> eval (selector -> window, function -> aggregation, matching) -> result`.

pub mod annotations;
pub mod ast;
mod budget;
mod cancel;
mod engine;
mod error;
mod eval;
mod explain;
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
pub use engine::{evaluate, evaluate_analyzed};
pub use error::Error;
pub use explain::{Explain, ExplainedSelect, Measured, Operator, Pass};
pub use features::{Features, UnknownFeature};
pub use params::QueryParams;
pub use parser::{LineColumn, MAX_HEIGHT, MAX_NESTING, ParseError, parse, parse_metric_selector};
pub use plan::Plan;
pub use queryable::{Hints, Queryable, ReadSamples, Select, SeriesSink, StorageError};
pub use result::{QueryResult, QueryStats, ResultSeries, ResultValue, VectorSample};
pub use signature::{FUNCTIONS, Signature, signature};
