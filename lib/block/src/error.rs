//! Why a block could not be written or read.

/// A failed write or read of a block.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A file is not in the bucket: the block was replaced meanwhile, or lost.
    #[error("block file {key} is not there")]
    Missing {
        /// The file.
        key: String,
    },
    /// The bucket did not give the bytes.
    #[error("block file {key}: {source}")]
    Bucket {
        /// The file.
        key: String,
        /// What it said.
        source: mneme_bucket::Error,
    },
    /// The bytes of a file are not those that a writer made.
    #[error("block file {key} is broken: column {column}, at byte {offset}: {reason}")]
    Corrupt {
        /// The file.
        key: String,
        /// The column, or `footer`.
        column: String,
        /// Where in the file the broken piece starts.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A read would take more memory than it may.
    #[error("reading the blocks takes {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// What it would take, as far as it is known.
        bytes: u64,
        /// What it may take.
        limit: u64,
    },
    /// The threads that unpack and decode did not.
    #[error("reading blocks: {0}")]
    NotDone(String),
    /// The samples to write could not be read.
    #[error("samples to write: {0}")]
    Source(String),
    /// A finished file could not be handed on.
    #[error("finished file: {0}")]
    Sink(String),
    /// The Parquet writer refused: a bug, or a series that no block can hold.
    #[error("parquet: {0}")]
    Write(String),
}

impl Error {
    /// Whether the newest manifest may list other blocks that hold the same: the file is gone.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Write(error.to_string())
    }
}
