//! Recent data without what tombstones take out of it: one batch of all.
//!
//! A tombstone is of what was stamped below its cut. An ingester's answer does not tell stamps; so where a tombstone takes anything
//! out of it, what was stamped from the cut on is asked for once more and put back. That is exact, costs nothing where no tombstone
//! meets the question, and one small question more per tombstone where one does.

use mneme_model::chunk::{Error as ChunkError, SeriesBatch};
use mneme_proto::internal::ingester::{Error, Held, SeriesAnswer, drain};

use super::deletions::{Tombstone, without};

/// An answer that is put together when it is pulled.
pub(super) struct Undeleted {
    found: Option<Box<dyn SeriesAnswer>>,
    /// With the answer for what was stamped from its cut on.
    tombstones: Vec<(Tombstone, Box<dyn SeriesAnswer>)>,
}

impl Undeleted {
    /// Of all that there is, and of tombstones with what came later.
    pub(super) fn new(
        found: Box<dyn SeriesAnswer>,
        tombstones: Vec<(Tombstone, Box<dyn SeriesAnswer>)>,
    ) -> Self {
        Self { found: Some(found), tombstones }
    }
}

impl SeriesAnswer for Undeleted {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        batch.clear();
        let Some(mut found) = self.found.take() else { return Ok(None) };
        let (found, mut held) = drain(&mut *found)?;
        let (of, mut later): (Vec<_>, Vec<_>) = self.tombstones.drain(..).unzip();
        let all: Vec<&Tombstone> = of.iter().collect();
        let (mut kept, hit) = without(found, &all).map_err(|error| broken(&error))?;
        for (number, one) in of.iter().enumerate().filter(|(number, _)| hit[*number]) {
            let (found, more) = drain(&mut *later[number])?;
            held.join(more);
            let younger: Vec<&Tombstone> = all.iter().copied().filter(|it| it.below > one.below).collect();
            kept.append(without(found, &younger).map_err(|error| broken(&error))?.0);
        }
        kept.unite();
        *batch = kept;
        Ok((!batch.is_empty()).then_some(held))
    }
}

fn broken(error: &ChunkError) -> Error {
    Error::Internal(format!("recent data: {error}"))
}
