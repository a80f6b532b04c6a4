//! Recent data that waits for the blocks' part of its series.

use std::collections::HashMap;

use mneme_block::read::BatchBuilder;
use mneme_model::chunk::{BatchSize, SeriesBatch};
use mneme_proto::internal::ingester::{Error, Held, SeriesAnswer, drain};

use super::deletions::put;

/// All series of an answer, by identity.
#[derive(Default)]
pub(super) struct HeldBack {
    found: SeriesBatch,
    held: Held,
    places: HashMap<u64, usize>,
    /// By place: whether it was united with what blocks have.
    united: Vec<bool>,
}

impl HeldBack {
    /// Pulls all of it.
    pub(super) fn of(answer: &mut dyn SeriesAnswer) -> Result<Self, Error> {
        let (found, held) = drain(answer)?;
        let places = found.iter().zip(0..).map(|(one, at)| (one.identity, at)).collect();
        let united = vec![false; found.len()];
        Ok(Self { found, held, places, united })
    }

    /// Adds what is held of a series to what blocks have of it; tells how much that is.
    pub(super) fn unite(&mut self, identity: u64, builder: &mut BatchBuilder) -> BatchSize {
        let mut size = BatchSize::default();
        let Some(at) = self.places.get(&identity).copied() else { return size };
        let Some(series) = self.found.get(at) else { return size };
        for chunk in series.chunks {
            size.chunks += 1;
            size.samples += u64::from(chunk.count);
            size.chunk_bytes += chunk.data.len() as u64;
            builder.push(chunk.clone());
        }
        self.united[at] = true;
        BatchSize { series: 1, bytes: size.chunk_bytes, ..size }
    }

    /// The series that no block has, and what all of this holds.
    pub(super) fn rest(&mut self) -> (SeriesBatch, Held) {
        let Self { found, held, united, .. } = std::mem::take(self);
        if !united.contains(&true) {
            return (found, held);
        }
        let mut rest = SeriesBatch::new();
        for (series, _) in found.iter().zip(united).filter(|(_, united)| !united) {
            put(&series, &mut rest);
        }
        (rest, held)
    }
}
