//! Random PromQL over one data set, asked of Debian's Prometheus 2.42 and of Mneme: their answers must be the same.
//!
//! Vocabulary: an [`Expression`] is PromQL text with its type and its sub-expressions; a [`Request`] is an expression with the times
//! it is asked for; a [`Known`] difference is one that a later Prometheus made on purpose.
//!
//! Flow: [`data`] is written to both -> [`request`] makes the request of a seed -> [`Sides`] asks both and compares (`answer`),
//! [`KNOWN`] ones aside -> what still differs is shrunk to its smallest sub-expression that differs.
//!
//! Two rules keep the known difference of left-open windows (since 3.0) out: every sample and every evaluation lies on a multiple
//! of 10 ms, and every range, and the lookback of both servers, is 7 ms off such a multiple.

mod aggregation;
mod answer;
mod binary;
mod call;
pub mod data;
mod expression;
mod generator;
mod known;
mod mistake;
mod range_call;
mod request;
mod selector;
mod sides;

pub use expression::{Exactness, Expression, Type};
pub use known::{KNOWN, Known};
pub use request::{Request, When, request};
pub use sides::{Difference, Outcome, Sides};
