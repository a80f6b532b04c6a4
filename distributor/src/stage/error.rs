//! Why a request is refused as a whole while it is staged.

use mneme_proto::remote_write;
use mneme_server::Status;

/// Why nothing of a request is staged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The message is broken.
    #[error(transparent)]
    Message(#[from] remote_write::Error),
    /// Its records are too large, or too large for now.
    #[error(transparent)]
    Room(#[from] Status),
}
