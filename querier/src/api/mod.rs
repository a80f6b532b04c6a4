//! The HTTP API under `/api/v1` and its two prefixes: what Prometheus 3.14's `web/api/v1` answers, word by word.

mod active;
mod body;
mod buildinfo;
mod cardinality;
mod dispatch;
mod error;
mod exemplars;
mod explain;
mod exposition;
mod features;
mod federate;
mod form;
mod label_values;
mod labels;
mod metadata;
mod names;
mod openapi;
mod params;
mod query;
mod read;
mod reply;
mod routes;
mod rules;
mod search;
mod seen;
mod selectors;
mod series;
mod stats;
mod stubs;
mod time;
mod tsdb;

pub use buildinfo::BuildInfo;
pub(crate) use error::{Error, ErrorType};
pub(crate) use routes::router;
