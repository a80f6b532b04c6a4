//! Ranges of immutable objects, in memory and on the local disk.
//!
//! Vocabulary: an *entry* is one range of one object, exactly as it was asked for; a *tier* is memory or disk; the *gap* is how
//! far two missing ranges may lie apart and still come with one request; whoever *claims* a missing entry fetches it, and
//! everybody else who wants it waits for him.
//!
//! Flow: [`Cached::get_ranges`] looks into memory, claims what is missing, looks on the disk, merges the rest into requests,
//! and puts what comes into both tiers. The disk is written beside the answer; where it cannot keep up, entries are left out.
//!
//! Nothing here must be right for answers to be right: an entry on disk has a checksum and its own key, and goes when either
//! does not fit. Only objects that are never replaced may be read through it.

mod cached;
mod disk;
mod entry;
mod flight;
mod memory;
mod metrics;
mod options;
mod plan;
mod ring;

use std::sync::Arc;

use prometheus::Registry;
use tokio::sync::Semaphore;

pub use cached::Cached;
pub use options::CacheOptions;

use self::disk::DiskTier;
use self::flight::Flights;
use self::memory::MemoryTier;
use self::metrics::Metrics;
use crate::Error;

/// What an entry is known by: the object's key and the range.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct EntryKey {
    object: Arc<str>,
    start: u64,
    end: u64,
}

impl EntryKey {
    fn len(&self) -> u64 {
        self.end - self.start
    }
}

/// Both tiers. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct Cache {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: CacheOptions,
    memory: MemoryTier,
    disk: Option<DiskTier>,
    flights: Flights,
    /// Requests under way, of all readers.
    requests: Semaphore,
    metrics: Arc<Metrics>,
}

impl Cache {
    /// Opens the directory, if there is one, and takes over what is in it. A directory that another process holds is left to
    /// it: this cache is in memory only then.
    ///
    /// # Errors
    /// [`Error::Store`] where the directory cannot be made or read.
    pub async fn open(options: CacheOptions) -> Result<Self, Error> {
        let metrics = Arc::new(Metrics::new());
        let disk = match &options.directory {
            Some(directory) if options.disk_bytes > 0 => {
                DiskTier::open(directory, options.disk_bytes, Arc::clone(&metrics)).await?
            }
            _ => None,
        };
        let memory = MemoryTier::new(options.memory_bytes, Arc::clone(&metrics));
        let requests = Semaphore::new(options.max_requests.max(1));
        let shared = Shared { options, memory, disk, flights: Flights::default(), requests, metrics };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Shows `mneme_bucket_cache_*`.
    ///
    /// # Errors
    /// Where the registry has metrics of these names already.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.shared.metrics.register(registry)
    }

    /// Waits until what is being written to the disk is written. Without it a few entries are missing after the next start.
    pub async fn flush(&self) {
        if let Some(disk) = &self.shared.disk {
            disk.flush().await;
        }
    }
}
