//! Recent data and what blocks hold, each series once: one batch of all.

use mneme_model::chunk::SeriesBatch;
use mneme_proto::internal::ingester::{Error, Held, SeriesAnswer, drain};

/// An answer that is put together when it is pulled.
pub(super) struct United {
    parts: Option<(Box<dyn SeriesAnswer>, SeriesBatch, Held)>,
}

impl United {
    /// Of recent data, and of what blocks hold: this much of the budget.
    pub(super) fn new(recent: Box<dyn SeriesAnswer>, old: SeriesBatch, held: Held) -> Self {
        Self { parts: Some((recent, old, held)) }
    }
}

impl SeriesAnswer for United {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        batch.clear();
        let Some((mut recent, old, held_of_old)) = self.parts.take() else { return Ok(None) };
        let (mut all, mut held) = drain(&mut *recent)?;
        held.join(held_of_old);
        all.append(old);
        all.unite();
        *batch = all;
        Ok((!batch.is_empty()).then_some(held))
    }
}
