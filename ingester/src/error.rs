//! Why an ingester cannot go on.

/// Why an ingester cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The WAL cannot be read: a newer format, a broken log, or a bucket that does not answer.
    #[error("reading the write-ahead log: {0}")]
    Wal(#[from] mneme_wal::Error),
    /// Applying records panicked; what was acknowledged is in the bucket.
    #[error("applying the records of {0} failed unexpectedly")]
    Apply(String),
}
