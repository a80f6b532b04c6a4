//! How a handle behaves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::CloudConfig;

/// Called once when a local directory is not durable any more (a failed fsync), with the reason. It should end the process:
/// the kernel may have dropped the unwritten pages, so that a later fsync succeeds without them.
#[derive(Clone)]
pub struct OnFatal(pub Arc<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for OnFatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnFatal")
    }
}

impl Default for OnFatal {
    /// Logs and aborts.
    fn default() -> Self {
        Self(Arc::new(|reason| {
            tracing::error!(
                reason,
                "the bucket's disk failed: ending the process, so that nothing unsaved is acknowledged"
            );
            std::process::abort();
        }))
    }
}

/// Deadlines and retries of a handle.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long one request to the store may take, beside a second for every 4 MiB that it carries.
    pub request_timeout: Duration,
    /// How long an operation may take with all its retries.
    pub operation_timeout: Duration,
    /// The first pause between retries; it doubles up to 32 times this.
    pub retry_backoff: Duration,
    /// After this long without an answer a create of a chain is sent once more with the same bytes, and a read is asked once
    /// more (two in flight at most); later where the store's slowest twentieth of answers takes longer. Only for stores at the
    /// other end of a network.
    pub hedge_after: Duration,
    /// Objects that are written while they are made come in parts of this many bytes. S3 and GCS want 5 MiB at least, and take 10,000
    /// parts.
    pub part_bytes: usize,
    /// What a failed fsync does.
    pub on_fatal: OnFatal,
    /// How clouds are reached.
    pub cloud: CloudConfig,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_secs(30),
            retry_backoff: Duration::from_millis(50),
            hedge_after: Duration::from_millis(100),
            part_bytes: 8 << 20,
            on_fatal: OnFatal::default(),
            cloud: CloudConfig::default(),
        }
    }
}
