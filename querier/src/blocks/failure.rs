//! Why an answer over blocks and recent data did not come about.

use mneme_block::manifest;
use mneme_proto::internal::ingester::{Error, OverBudget, PartitionMark};

/// What to do about it.
pub(super) enum Failure {
    /// The newest manifest may list other blocks: a file is gone.
    Replaced(String),
    /// Recent data begins higher than the manifest's marks.
    Flushed(Vec<PartitionMark>),
    /// Nothing.
    Final(Error),
}

impl Failure {
    /// As whoever pulls an answer is told: he asks again where that helps.
    pub(super) fn told(self) -> Error {
        match self {
            Self::Replaced(text) => {
                tracing::debug!(text, "a block was replaced while it was read");
                Error::FloorAboveMark(Vec::new())
            }
            Self::Flushed(floors) => Error::FloorAboveMark(floors),
            Self::Final(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::FloorAboveMark(floors) => Self::Flushed(floors),
            other => Self::Final(other),
        }
    }
}

impl From<mneme_block::Error> for Failure {
    fn from(error: mneme_block::Error) -> Self {
        use mneme_block::Error as Block;
        let text = error.to_string();
        match error {
            Block::Missing { .. } => Self::Replaced(text),
            Block::TooLarge { bytes, limit } => {
                Self::Final(Error::OverBudget(OverBudget::Bytes { limit, needed: bytes }))
            }
            Block::Bucket { .. } | Block::NotDone(_) => Self::Final(Error::NotReady(text)),
            _ => {
                tracing::error!(error = text, "a block cannot be read");
                Self::Final(Error::Internal(text))
            }
        }
    }
}

impl From<manifest::Error> for Failure {
    fn from(error: manifest::Error) -> Self {
        let text = error.to_string();
        match error {
            // The version is older than versions live.
            manifest::Error::NoList { .. } => Self::Replaced(text),
            error if error.is_transient() => Self::Final(Error::NotReady(text)),
            _ => {
                tracing::error!(error = text, "a manifest cannot be read");
                Self::Final(Error::Internal(text))
            }
        }
    }
}
