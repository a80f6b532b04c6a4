//! Why an ingester cannot go on.

/// Why an ingester cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The WAL or a checkpoint cannot be read: a newer format, a broken log, or a bucket that does not answer.
    #[error("reading the write-ahead log: {0}")]
    Wal(#[from] mneme_wal::Error),
    /// Applying records panicked; what was acknowledged is in the bucket.
    #[error("applying records of the write-ahead log failed unexpectedly")]
    Apply,
    /// Spilled samples cannot be read back; the bucket has them.
    #[error("{0}")]
    Spilled(String),
}

impl From<mneme_bucket::Error> for Error {
    fn from(error: mneme_bucket::Error) -> Self {
        Self::Wal(error.into())
    }
}
