//! How blocks are read.

/// Trade-offs of reading.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions {
    /// Ranges closer than this many bytes are fetched as one. A request costs about as much as this many bytes.
    pub coalesce_bytes: u64,
    /// Series tables up to this size are fetched whole, and at once.
    pub whole_series_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { coalesce_bytes: 256 << 10, whole_series_bytes: 2 << 20 }
    }
}
