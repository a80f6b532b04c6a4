//! How much one query may fetch, counted where the answers are made: before all of them are in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mneme_model::chunk::BatchSize;

/// Counts what a query's selects have found, together, and says when it is too much. Share it by `Arc`.
///
/// Series are counted as they are found. Bytes are memory: the limit is of those that are held at a time ([`Held`]).
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
    held: AtomicU64,
    peak: AtomicU64,
}

/// A part of the budget's bytes, given back when it is dropped.
#[derive(Debug, Default)]
#[must_use]
pub struct Held {
    /// `None` of nothing.
    budget: Option<Arc<FetchBudget>>,
    bytes: u64,
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
    /// More bytes at a time than it may have.
    #[error("more than {limit} bytes (at least {needed})")]
    Bytes {
        /// The most allowed.
        limit: u64,
        /// What would be held.
        needed: u64,
    },
    /// Nobody waits for the answer any more.
    #[error("nobody waits for the answer")]
    Stopped,
}

impl FetchBudget {
    /// At most so many series, and bytes at a time; 0 = any number.
    #[must_use]
    pub fn new(max_series: u64, max_bytes: u64) -> Self {
        Self { max_series, max_bytes, ..Self::default() }
    }

    /// Counts series in. Their bytes are held from now on: [`Self::held`] is how they are given back.
    ///
    /// # Errors
    /// Those are too many, or somebody has called [`Self::stop`]. They are counted all the same.
    pub fn take(&self, sum: BatchSize) -> Result<(), OverBudget> {
        self.chunks.fetch_add(sum.chunks, Ordering::Relaxed);
        self.samples.fetch_add(sum.samples, Ordering::Relaxed);
        self.chunk_bytes.fetch_add(sum.chunk_bytes, Ordering::Relaxed);
        let series = self.series.fetch_add(sum.series, Ordering::Relaxed).saturating_add(sum.series);
        self.bytes.fetch_add(sum.bytes, Ordering::Relaxed);
        let held = self.hold(sum.bytes);
        if self.max_series > 0 && series > self.max_series {
            return Err(OverBudget::Series { limit: self.max_series, needed: series });
        }
        held?;
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

    /// Of what [`Self::take`] has counted, so many bytes: whoever drops them gives them back.
    pub fn held(self: &Arc<Self>, bytes: u64) -> Held {
        Held { budget: Some(Arc::clone(self)), bytes }
    }

    /// Holds bytes that nobody has found yet, such as what was fetched and is not read.
    ///
    /// # Errors
    /// [`OverBudget::Bytes`]; then they are not held.
    pub fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Held, OverBudget> {
        let held = self.held(bytes);
        self.hold(bytes)?;
        Ok(held)
    }

    /// Counts anew, because what was found so far is worthless. To be called when nothing of it is held any more.
    pub fn restart(&self) {
        for counter in [&self.series, &self.chunks, &self.samples, &self.chunk_bytes, &self.bytes, &self.held]
        {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// How many bytes more may be held; `u64::MAX` without a limit.
    #[must_use]
    pub fn bytes_left(&self) -> u64 {
        match self.max_bytes {
            0 => u64::MAX,
            limit => limit.saturating_sub(self.held.load(Ordering::Relaxed)),
        }
    }

    /// The most bytes that were held at a time.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    fn hold(&self, bytes: u64) -> Result<(), OverBudget> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.peak.fetch_max(held, Ordering::Relaxed);
        if self.max_bytes > 0 && held > self.max_bytes {
            return Err(OverBudget::Bytes { limit: self.max_bytes, needed: held });
        }
        Ok(())
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

impl Held {
    /// Takes so many bytes more.
    ///
    /// # Errors
    /// [`OverBudget::Bytes`]. They are counted all the same.
    pub fn grow(&mut self, bytes: u64) -> Result<(), OverBudget> {
        let Some(budget) = &self.budget else { return Ok(()) };
        self.bytes = self.bytes.saturating_add(bytes);
        budget.hold(bytes)
    }

    /// Holds what the other one holds as well. Both are of one budget.
    pub fn join(&mut self, mut other: Self) {
        if self.budget.is_none() {
            *self = other;
        } else {
            self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(budget) = &self.budget else { return };
        let less = |held: u64| Some(held.saturating_sub(self.bytes));
        // The closure always has a value.
        let _ = budget.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
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
    fn bytes_count_while_they_are_held_and_series_for_good() {
        let budget = Arc::new(FetchBudget::new(3, 250));
        let take = |samples| {
            let size = series(samples);
            budget.take(size).map(|()| budget.held(size.bytes))
        };
        let mut first = take(10).unwrap();
        first.join(take(5).unwrap());
        assert_eq!(budget.bytes_left(), 20);
        first.grow(20).unwrap();
        assert_eq!(first.grow(1), Err(OverBudget::Bytes { limit: 250, needed: 251 }));
        drop(first);
        drop(take(75).unwrap());
        assert_eq!((budget.bytes_left(), budget.peak_bytes(), budget.found().samples), (250, 251, 90));
        assert_eq!(take(1).unwrap_err(), OverBudget::Series { limit: 3, needed: 4 });
        budget.restart();
        assert_eq!((budget.found(), budget.bytes_left()), (BatchSize::default(), 250));
    }

    #[test]
    fn what_is_reserved_is_held_and_not_found() {
        let budget = Arc::new(FetchBudget::new(0, 100));
        let held = budget.reserve(60).unwrap();
        assert_eq!(budget.reserve(50).unwrap_err(), OverBudget::Bytes { limit: 100, needed: 110 });
        assert_eq!((budget.bytes_left(), budget.found()), (40, BatchSize::default()));
        drop(held);
        assert_eq!(budget.bytes_left(), 100);
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
