//! How much one query may fetch, counted where the answers are made: before all of them are in memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mneme_model::chunk::BatchSize;

/// Counts what a query's selects have found, together, and says when it is too much. Share it by `Arc`.
#[derive(Debug, Default)]
pub struct FetchBudget {
    max_series: u64,
    max_bytes: u64,
    stopped: AtomicBool,
    series: AtomicU64,
    chunks: AtomicU64,
    samples: AtomicU64,
    chunk_bytes: AtomicU64,
    bytes: AtomicU64,
}

/// Why a query may not go on fetching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// More series than it may have.
    #[error("more than {limit} series (at least {needed})")]
    Series {
        /// The most allowed.
        limit: u64,
        /// What was found.
        needed: u64,
    },
    /// More bytes than it may have.
    #[error("more than {limit} bytes (at least {needed})")]
    Bytes {
        /// The most allowed.
        limit: u64,
        /// What was found.
        needed: u64,
    },
    /// Nobody waits for the answer any more.
    #[error("nobody waits for the answer")]
    Stopped,
}

impl FetchBudget {
    /// At most so many series and bytes; 0 = any number.
    #[must_use]
    pub fn new(max_series: u64, max_bytes: u64) -> Self {
        Self { max_series, max_bytes, ..Self::default() }
    }

    /// Counts series in.
    ///
    /// # Errors
    /// Those are too many, or somebody has called [`Self::stop`]. They are counted all the same.
    pub fn take(&self, sum: BatchSize) -> Result<(), OverBudget> {
        self.chunks.fetch_add(sum.chunks, Ordering::Relaxed);
        self.samples.fetch_add(sum.samples, Ordering::Relaxed);
        self.chunk_bytes.fetch_add(sum.chunk_bytes, Ordering::Relaxed);
        let series = self.series.fetch_add(sum.series, Ordering::Relaxed).saturating_add(sum.series);
        let bytes = self.bytes.fetch_add(sum.bytes, Ordering::Relaxed).saturating_add(sum.bytes);
        if self.max_series > 0 && series > self.max_series {
            return Err(OverBudget::Series { limit: self.max_series, needed: series });
        }
        if self.max_bytes > 0 && bytes > self.max_bytes {
            return Err(OverBudget::Bytes { limit: self.max_bytes, needed: bytes });
        }
        self.check()
    }

    /// An error once somebody has called [`Self::stop`].
    ///
    /// # Errors
    /// [`OverBudget::Stopped`].
    pub fn check(&self) -> Result<(), OverBudget> {
        if self.stopped.load(Ordering::Relaxed) { Err(OverBudget::Stopped) } else { Ok(()) }
    }

    /// Nobody waits any more: whoever is still fetching may give up.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// How many bytes more may be found; `u64::MAX` without a limit.
    #[must_use]
    pub fn bytes_left(&self) -> u64 {
        match self.max_bytes {
            0 => u64::MAX,
            limit => limit.saturating_sub(self.bytes.load(Ordering::Relaxed)),
        }
    }

    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> BatchSize {
        BatchSize {
            series: self.series.load(Ordering::Relaxed),
            chunks: self.chunks.load(Ordering::Relaxed),
            samples: self.samples.load(Ordering::Relaxed),
            chunk_bytes: self.chunk_bytes.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(samples: u64) -> BatchSize {
        BatchSize { series: 1, chunks: 1, samples, chunk_bytes: 2 * samples, bytes: 100 + 2 * samples }
    }

    #[test]
    fn what_all_selects_found_together_is_held_against_the_limits() {
        let budget = FetchBudget::new(2, 0);
        budget.take(series(3)).unwrap();
        budget.take(series(4)).unwrap();
        assert_eq!((budget.found().samples, budget.found().chunks), (7, 2));
        assert_eq!(budget.take(series(1)), Err(OverBudget::Series { limit: 2, needed: 3 }));

        let budget = FetchBudget::new(0, 10);
        let Err(OverBudget::Bytes { limit: 10, needed }) = budget.take(series(1)) else { panic!() };
        assert_eq!(needed, budget.found().bytes);
    }

    #[test]
    fn who_is_stopped_gives_up() {
        let budget = FetchBudget::default();
        budget.take(series(1)).unwrap();
        budget.stop();
        assert_eq!(budget.check(), Err(OverBudget::Stopped));
        assert_eq!(budget.take(BatchSize::default()), Err(OverBudget::Stopped));
    }
}
