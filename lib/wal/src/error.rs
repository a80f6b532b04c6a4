//! Why the WAL could not do what was asked.

use std::time::Duration;

use mneme_model::WriterId;

/// Why an append was not acknowledged. All are the server's fault: the sender may send the same again (5xx).
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// Too many bytes wait for the bucket (503 with `Retry-After`). Nothing was taken in.
    #[error(
        "the write-ahead log has {buffered} bytes waiting for the bucket, and no room for this write within its limit \
         wal.max_buffered_bytes of {limit}"
    )]
    Overloaded {
        /// Bytes waiting, of all tenants.
        buffered: usize,
        /// `max_buffered_bytes`.
        limit: usize,
    },
    /// Too many bytes of this tenant wait for the bucket (503 with `Retry-After`). Nothing was taken in.
    #[error(
        "the tenant has {buffered} bytes waiting for the bucket, and no room for this write within its limit of {limit}, \
         a quarter of wal.max_buffered_bytes"
    )]
    TenantOverloaded {
        /// Bytes waiting, of this tenant.
        buffered: usize,
        /// A quarter of `max_buffered_bytes`.
        limit: usize,
    },
    /// Larger than any segment may be. Nothing was taken in.
    #[error("the request's records take {size} bytes, a segment {limit} at most")]
    TooLarge {
        /// Bytes of the request's records.
        size: usize,
        /// The most that fits.
        limit: usize,
    },
    /// Not durable in time; it may still become so, and then once (500 or 503).
    #[error("the write was not durable within {after:?}")]
    Deadline {
        /// How long it was waited for.
        after: Duration,
    },
    /// The writer was closed (503). Nothing was taken in.
    #[error("the write-ahead log is closed")]
    Closed,
    /// The bucket does not keep its promises any more; the process must end (500).
    #[error("the write-ahead log failed: {0}")]
    Failed(String),
}

/// Why the WAL could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// What the bucket says.
    #[error(transparent)]
    Bucket(#[from] mneme_bucket::Error),
    /// An object of a newer format: this version must not go past it.
    #[error(
        "{key} has the {what} format {found}; this version reads up to {newest}: upgrade it before it reads on"
    )]
    UnknownFormat {
        /// The object.
        key: String,
        /// Which of the formats.
        what: &'static str,
        /// What the object says.
        found: u16,
        /// The newest one known here.
        newest: u16,
    },
    /// An object that the log or the cluster cannot do without is broken.
    #[error("{key} is corrupt at byte {offset}: {reason}")]
    Corrupt {
        /// The object.
        key: String,
        /// Where reading stopped.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The segments after this place were truncated: start from the newest checkpoint.
    #[error("segments of writer {writer} after {seq} are gone: start from the newest checkpoint")]
    Truncated {
        /// Whose.
        writer: WriterId,
        /// The last number that had been read.
        seq: u64,
    },
    /// The bucket belongs to a cluster of other settings.
    #[error("{0}")]
    Cluster(String),
}

/// Where and why bytes cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {reason}")]
pub struct DecodeError {
    /// From the start of the object or section.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}
