//! Why a bucket could not do what was asked.

use std::time::Duration;

/// A failed request. Cheap enough to clone, so that many waiters can be told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object.
    #[error("no object {key}")]
    NotFound {
        /// The key asked for.
        key: String,
    },
    /// A key that no backend accepts.
    #[error("invalid object key {key:?}: {reason}")]
    InvalidKey {
        /// As given.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The range asked for lies outside of the object.
    #[error("range {start}..{end} lies outside of object {key}")]
    Range {
        /// The object.
        key: String,
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
    },
    /// A bucket URL that cannot be understood.
    #[error("bucket URL {url:?}: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it, and the remedy.
        reason: String,
    },
    /// The directory is another process's bucket right now.
    #[error(
        "bucket directory {path} is in use by process {holder}: stop it first, or give this one another directory"
    )]
    Locked {
        /// The directory.
        path: String,
        /// The holder's pid, or `unknown`.
        holder: String,
    },
    /// No answer in time; whether the request took effect is unknown.
    #[error("{operation} of {key} had no answer within {after:?}")]
    Deadline {
        /// What was asked.
        operation: &'static str,
        /// Of which object or prefix.
        key: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The store refused or failed; whether the request took effect is unknown.
    #[error("{operation} of {key} failed: {reason}")]
    Store {
        /// What was asked.
        operation: &'static str,
        /// Of which object or prefix.
        key: String,
        /// The store's words.
        reason: String,
    },
    /// The store does not let these credentials do it. They may be replaced, or take effect, while a process runs.
    #[error("{operation} of {key} is not permitted: {reason}")]
    Denied {
        /// What was asked.
        operation: &'static str,
        /// Of which object or prefix.
        key: String,
        /// The store's words.
        reason: String,
    },
    /// The disk did not keep its promise (a failed fsync): nothing written since can be trusted, the process must end.
    #[error("bucket is not durable any more: {0}")]
    Fatal(String),
    /// The store breaks a rule that correctness rests on: it must not be used.
    #[error("bucket is unfit: {0}")]
    Unfit(String),
}

impl Error {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Deadline { .. } | Self::Store { .. } | Self::Denied { .. })
    }

    /// Whether it says that the object does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
