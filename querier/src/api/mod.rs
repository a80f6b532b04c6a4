//! The HTTP API under `/api/v1` and its two prefixes: what Prometheus 3.14's `web/api/v1` answers, word by word.

mod body;
mod buildinfo;
mod error;
mod exemplars;
mod form;
mod label_values;
mod labels;
mod metadata;
mod params;
mod query;
mod reply;
mod routes;
mod selectors;
mod series;
mod stats;
mod stubs;
mod time;

pub use buildinfo::BuildInfo;
pub(crate) use error::{Error, ErrorType};
pub(crate) use routes::router;
