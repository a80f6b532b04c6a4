//! Recent data without what tombstones take out of it, batch by batch.
//!
//! A tombstone is of what was stamped below its cut. An ingester's answer does not tell stamps; so where a tombstone takes anything
//! out of it, what was stamped from the cut on is asked for once more and put back. That is exact, costs nothing where no tombstone
//! meets the question, and one small question more per tombstone where one does. Only the answers to these are held.

use std::collections::HashMap;

use mneme_model::chunk::{BatchMark, Error as ChunkError, SeriesBatch};
use mneme_proto::internal::ingester::{Error, Held, SeriesAnswer, drain};

use super::deletions::{Tombstone, put, without};

/// An answer that is put together when it is pulled.
pub(super) struct Undeleted {
    found: Box<dyn SeriesAnswer>,
    tombstones: Vec<Later>,
}

/// A tombstone, and what came after it.
struct Later {
    tombstone: Tombstone,
    /// Of all its series what was stamped from the cut on, without what younger tombstones take out; `None` once it is held.
    answer: Option<Box<dyn SeriesAnswer>>,
    held: (SeriesBatch, Held),
    /// Places of series by identity.
    places: HashMap<u64, usize>,
}

impl Undeleted {
    /// Of all that there is, and of tombstones with what came later.
    pub(super) fn new(
        found: Box<dyn SeriesAnswer>,
        tombstones: Vec<(Tombstone, Box<dyn SeriesAnswer>)>,
    ) -> Self {
        let later = |(tombstone, answer)| Later {
            tombstone,
            answer: Some(answer),
            held: (SeriesBatch::new(), Held::default()),
            places: HashMap::new(),
        };
        Self { found, tombstones: tombstones.into_iter().map(later).collect() }
    }

    /// What is left of a batch.
    fn left_of(&mut self, found: SeriesBatch) -> Result<SeriesBatch, Error> {
        let all: Vec<Tombstone> = self.tombstones.iter().map(|it| it.tombstone.clone()).collect();
        let identities: Vec<u64> = found.iter().map(|one| one.identity).collect();
        let (mut kept, hit) =
            without(found, &all.iter().collect::<Vec<_>>()).map_err(|error| broken(&error))?;
        for (later, _) in self.tombstones.iter_mut().zip(hit).filter(|(_, hit)| *hit) {
            later.hold(&all)?;
            for at in identities.iter().filter_map(|identity| later.places.get(identity)) {
                if let Some(series) = later.held.0.get(*at) {
                    put(&series, &mut kept);
                }
            }
        }
        kept.unite();
        Ok(kept)
    }
}

impl Later {
    /// Pulls what came after the tombstone, the first time.
    fn hold(&mut self, all: &[Tombstone]) -> Result<(), Error> {
        let Some(mut answer) = self.answer.take() else { return Ok(()) };
        let (found, held) = drain(&mut *answer)?;
        let younger: Vec<&Tombstone> = all.iter().filter(|it| it.below > self.tombstone.below).collect();
        let (found, _) = without(found, &younger).map_err(|error| broken(&error))?;
        self.places = found.iter().zip(0..).map(|(one, at)| (one.identity, at)).collect();
        self.held = (found, held);
        Ok(())
    }
}

impl SeriesAnswer for Undeleted {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        while let Some(mut held) = self.found.next_batch(batch)? {
            let before = batch.size_since(BatchMark::default()).bytes;
            *batch = self.left_of(std::mem::take(batch))?;
            if !batch.is_empty() {
                // Chunks that were cut are new ones.
                held.grow(batch.size_since(BatchMark::default()).bytes.saturating_sub(before))?;
                return Ok(Some(held));
            }
        }
        batch.clear();
        Ok(None)
    }

    fn left(&self) -> usize {
        self.found.left()
    }
}

fn broken(error: &ChunkError) -> Error {
    Error::Internal(format!("recent data: {error}"))
}
