//! How much one query may fetch, counted where the answers are made: before all of them are in memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mneme_model::chunk::Chunk;

use super::ingester::SeriesChunks;

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

/// What was found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Series.
    pub series: u64,
    /// Chunks.
    pub chunks: u64,
    /// Samples, those outside of the asked times included.
    pub samples: u64,
    /// Bytes of chunks.
    pub chunk_bytes: u64,
    /// Bytes of chunks and labels with what holds them, estimated.
    pub bytes: u64,
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
    pub fn take(&self, found: &[SeriesChunks]) -> Result<(), OverBudget> {
        let mut sum = Found { series: found.len() as u64, ..Found::default() };
        for one in found {
            let data: usize = one.chunks.iter().map(|chunk| chunk.data.len()).sum();
            let held = size_of::<SeriesChunks>() + one.chunks.len() * size_of::<Chunk>();
            sum.chunks += one.chunks.len() as u64;
            sum.samples += one.chunks.iter().map(|chunk| u64::from(chunk.count)).sum::<u64>();
            sum.chunk_bytes += data as u64;
            sum.bytes += (data + held + one.labels.as_bytes().len()) as u64;
        }
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

    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> Found {
        Found {
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
    use mneme_model::Labels;
    use mneme_model::chunk::FloatChunkBuilder;

    use super::*;

    fn series(samples: i64) -> SeriesChunks {
        let mut builder = FloatChunkBuilder::new(false);
        (0..samples).for_each(|t| builder.push(t, t as f64, 0));
        SeriesChunks { labels: Labels::from_pairs([("a", "b")]), chunks: vec![builder.chunk()] }
    }

    #[test]
    fn what_all_selects_found_together_is_held_against_the_limits() {
        let budget = FetchBudget::new(2, 0);
        budget.take(&[series(3)]).unwrap();
        budget.take(&[series(4)]).unwrap();
        assert_eq!((budget.found().samples, budget.found().chunks), (7, 2));
        assert_eq!(budget.take(&[series(1)]), Err(OverBudget::Series { limit: 2, needed: 3 }));

        let budget = FetchBudget::new(0, 10);
        let Err(OverBudget::Bytes { limit: 10, needed }) = budget.take(&[series(1)]) else { panic!() };
        assert_eq!(needed, budget.found().bytes);
    }

    #[test]
    fn who_is_stopped_gives_up() {
        let budget = FetchBudget::default();
        budget.take(&[series(1)]).unwrap();
        budget.stop();
        assert_eq!(budget.check(), Err(OverBudget::Stopped));
        assert_eq!(budget.take(&[]), Err(OverBudget::Stopped));
    }
}
