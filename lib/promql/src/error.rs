//! Why a query has no answer.

use crate::StorageError;

/// Why a query has no answer. Texts are Prometheus' where Prometheus has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text, its types or its durations are wrong: HTTP 400 `bad_data`.
    #[error("{0}")]
    BadQuery(String),
    /// The evaluation failed: HTTP 422 `execution`.
    #[error("{0}")]
    Execution(String),
    /// Somebody stopped the query: HTTP 499 `canceled`.
    #[error("query was canceled in expression evaluation")]
    Canceled,
    /// The deadline passed: HTTP 503 `timeout`.
    #[error("query timed out in expression evaluation")]
    Timeout,
    /// Over `max_samples`: HTTP 422 `execution`.
    #[error("query processing would load too many samples into memory in query execution")]
    TooManySamples,
    /// Over `max_bytes`: HTTP 422 `execution`.
    #[error(
        "the query exceeded the maximum allowed estimated amount of memory consumed by a single query (limit: {limit} bytes)"
    )]
    TooManyBytes {
        /// The limit.
        limit: usize,
    },
    /// The store refused: HTTP 500 `internal`, or what the store's error is mapped to.
    #[error("expanding series: {0}")]
    Storage(#[from] StorageError),
}
