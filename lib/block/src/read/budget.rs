//! How many bytes reads may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// How many bytes the reads of one question may hold, all together. Clones share the count.
#[derive(Clone, Debug)]
pub struct ReadBudget {
    limit: u64,
    held: Arc<AtomicU64>,
}

impl ReadBudget {
    /// At most so many.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, held: Arc::default() }
    }

    /// Counts bytes in that are held from now on.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; they are counted all the same.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), Error> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held > self.limit { Err(Error::TooLarge { bytes: held, limit: self.limit }) } else { Ok(()) }
    }

    /// Whether so many more might be held.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), Error> {
        let held = self.held.load(Ordering::Relaxed).saturating_add(bytes);
        if held > self.limit { Err(Error::TooLarge { bytes: held, limit: self.limit }) } else { Ok(()) }
    }
}

/// Any number.
impl Default for ReadBudget {
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}
