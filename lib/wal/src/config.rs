//! How a writer behaves.

use std::time::Duration;

/// How sections are compressed in the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are: the least CPU.
    None,
    /// zstd level -1: about half of the bytes, for a tenth of what an append costs.
    #[default]
    Zstd,
}

/// A writer's settings. The defaults are those of a local directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The shortest time between the starts of two segments: an idle writer commits at once, a busy one groups what comes in
    /// this time. Longer means fewer requests to pay and a later reply. Local default 10 ms; 200 ms suits a cloud.
    pub commit_interval: Duration,
    /// A batch this large (bytes before compression) is committed without waiting for the interval.
    pub max_segment_bytes: usize,
    /// Bytes of appends that wait for room and of batches that are open, waiting or in flight; over it an append is refused
    /// ([`crate::AppendError::Overloaded`]), and over a quarter of it one of that tenant
    /// ([`crate::AppendError::TenantOverloaded`]).
    pub max_buffered_bytes: usize,
    /// Bytes of label sets remembered to write each once per cut; past it they are forgotten and written once more.
    pub max_reference_bytes: usize,
    /// How long an append may wait to be durable.
    pub append_timeout: Duration,
    /// How long a durable append waits for the owners' verdict before it answers without.
    pub delivery_timeout: Duration,
    /// Segments that are durable and wait for delivery; past it they are left to the owners to read from the bucket.
    pub max_queued_deliveries: usize,
    /// How often the log is read for new cuts and writers.
    pub log_poll_interval: Duration,
    /// How sections are compressed in the bucket; owners get them uncompressed.
    pub compression: Compression,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            commit_interval: Duration::from_millis(10),
            max_segment_bytes: 8 << 20,
            max_buffered_bytes: 256 << 20,
            max_reference_bytes: 256 << 20,
            append_timeout: Duration::from_secs(10),
            delivery_timeout: Duration::from_secs(5),
            max_queued_deliveries: 16,
            log_poll_interval: Duration::from_secs(1),
            compression: Compression::Zstd,
        }
    }
}

impl Config {
    /// The largest accepted `max_segment_bytes`: readers refuse larger sections.
    pub const LARGEST_SEGMENT: usize = 256 << 20;

    /// Checks the values against one another; the error quotes the offending one.
    pub fn validate(&self) -> Result<(), String> {
        let Self { max_segment_bytes, max_buffered_bytes, .. } = self;
        if !(1024..=Self::LARGEST_SEGMENT).contains(max_segment_bytes) {
            return Err(format!("max_segment_bytes {max_segment_bytes} is not within 1 KiB to 256 MiB"));
        }
        if max_buffered_bytes < max_segment_bytes {
            return Err(format!(
                "max_buffered_bytes {max_buffered_bytes} is less than max_segment_bytes {max_segment_bytes}"
            ));
        }
        for (name, value) in [
            ("append_timeout", self.append_timeout),
            ("delivery_timeout", self.delivery_timeout),
            ("log_poll_interval", self.log_poll_interval),
        ] {
            if value.is_zero() {
                return Err(format!("{name} {value:?} is not positive"));
            }
        }
        if self.max_queued_deliveries == 0 {
            return Err("max_queued_deliveries 0 is not positive".to_owned());
        }
        Ok(())
    }
}
