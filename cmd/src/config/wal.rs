//! The write-ahead log.

use std::time::Duration;

use mneme_tenant::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The write-ahead log in the bucket.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WalConfig {
    /// The shortest time between the starts of two segments: an idle writer commits at once, a busy one groups what comes in
    /// this time. Longer is fewer requests to pay and a later reply to each write. Default 0s: 10ms for a directory, 200ms for a
    /// bucket behind a network (about $65 a month on S3).
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) commit_interval: Duration,
    /// A batch of this many bytes, before compression, is committed without waiting for the interval.
    pub(crate) max_segment_bytes: usize,
    /// Bytes of writes that wait for the bucket, in batches or for room in one. Over it a write is answered 503, and its
    /// sender tries again; so is a write of a tenant that has a quarter of it. A request may take a quarter at most. Larger
    /// bears a longer stall of the bucket and costs memory.
    pub(crate) max_buffered_bytes: usize,
    /// Bytes of label sets that a writer remembers in order to write each only once between two cuts; past it they are
    /// forgotten and written once more.
    pub(crate) max_reference_bytes: usize,
    /// How long a write may wait to be durable before it is answered 503.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) append_timeout: Duration,
    /// How long a durable write waits until it is visible to queries before it is answered all the same.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) delivery_timeout: Duration,
    /// Whether segments are compressed (zstd, about half of the bytes) in the bucket. Off saves CPU.
    pub(crate) compression: bool,
}

/// The shortest time between two segments where each is a request to pay.
const CLOUD_COMMIT_INTERVAL: Duration = Duration::from_millis(200);

impl Default for WalConfig {
    fn default() -> Self {
        let config = mneme_wal::Config::default();
        Self {
            commit_interval: Duration::ZERO,
            max_segment_bytes: config.max_segment_bytes,
            max_buffered_bytes: config.max_buffered_bytes,
            max_reference_bytes: config.max_reference_bytes,
            append_timeout: config.append_timeout,
            delivery_timeout: config.delivery_timeout,
            compression: config.compression == mneme_wal::Compression::Zstd,
        }
    }
}

impl WalConfig {
    /// For the writer, into a bucket that is behind a network or not.
    pub(crate) fn writer(&self, remote: bool) -> mneme_wal::Config {
        let commit_interval = match (self.commit_interval, remote) {
            (Duration::ZERO, true) => CLOUD_COMMIT_INTERVAL,
            (Duration::ZERO, false) => mneme_wal::Config::default().commit_interval,
            (set, _) => set,
        };
        mneme_wal::Config {
            commit_interval,
            max_segment_bytes: self.max_segment_bytes,
            max_buffered_bytes: self.max_buffered_bytes,
            max_reference_bytes: self.max_reference_bytes,
            append_timeout: self.append_timeout,
            delivery_timeout: self.delivery_timeout,
            compression: if self.compression {
                mneme_wal::Compression::Zstd
            } else {
                mneme_wal::Compression::None
            },
            ..mneme_wal::Config::default()
        }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        self.writer(false).validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_gets_fewer_segments_unless_told() {
        let config = WalConfig::default();
        assert_eq!(config.writer(false).commit_interval, Duration::from_millis(10));
        assert_eq!(config.writer(true).commit_interval, Duration::from_millis(200));
        let told = WalConfig { commit_interval: Duration::from_millis(50), ..config };
        assert_eq!(told.writer(true).commit_interval, Duration::from_millis(50));
    }
}
