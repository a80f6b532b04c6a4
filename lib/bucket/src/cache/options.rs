//! How a cache behaves.

use std::path::PathBuf;

/// Budgets and limits of a [`super::Cache`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    /// Bytes of entries in memory, with what it takes to find them.
    pub memory_bytes: u64,
    /// Bytes of files on the disk; 0 = none.
    pub disk_bytes: u64,
    /// Where the files lie; this process's alone.
    pub directory: Option<PathBuf>,
    /// Missing ranges that lie this close come with one request, and what is between them is thrown away.
    pub gap_bytes: u64,
    /// Merged requests are not made longer than this.
    pub max_request_bytes: u64,
    /// Requests under way at the same time, of all readers.
    pub max_requests: usize,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            disk_bytes: 0,
            directory: None,
            gap_bytes: 256 << 10,
            max_request_bytes: 16 << 20,
            max_requests: 64,
        }
    }
}
