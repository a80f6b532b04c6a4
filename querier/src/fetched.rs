//! What a query reads: all series that its plan selects, fetched before it computes, decoded only where it looks.

use std::sync::Arc;

use mneme_model::chunk::{self, Chunk};
use mneme_model::{Samples, TimestampMs};
use mneme_promql::{Queryable, ReadSamples, Select, Series, SeriesSet, StorageError};
use mneme_proto::internal::ingester::SeriesChunks;

/// The answers to a plan's selects.
pub(crate) struct Fetched {
    answers: Vec<(Select, Arc<Vec<SeriesChunks>>)>,
    floor: TimestampMs,
}

impl Fetched {
    /// Answers by select; samples before `floor` are not shown.
    pub(crate) fn new(answers: Vec<(Select, Vec<SeriesChunks>)>, floor: TimestampMs) -> Self {
        Self {
            answers: answers.into_iter().map(|(select, series)| (select, Arc::new(series))).collect(),
            floor,
        }
    }
}

impl Queryable for Fetched {
    fn select(&self, select: &Select) -> Result<SeriesSet<'_>, StorageError> {
        let covers = |have: &Select| {
            have.start <= select.start && select.end <= have.end && have.matchers == select.matchers
        };
        let Some((_, series)) = self.answers.iter().find(|(have, _)| covers(have)) else {
            return Err(StorageError {
                message: "the evaluation asked for series that its plan does not name".to_owned(),
            });
        };
        let floor = self.floor;
        Ok(Box::new((0..series.len()).map(move |at| {
            let labels = series[at].labels.clone();
            Ok(Series { labels, samples: Box::new(FetchedSamples { series: series.clone(), at, floor }) })
        })))
    }
}

/// One series' chunks, still compressed.
struct FetchedSamples {
    series: Arc<Vec<SeriesChunks>>,
    at: usize,
    floor: TimestampMs,
}

impl ReadSamples for FetchedSamples {
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError> {
        let chunks: &[Chunk] = &self.series[self.at].chunks;
        chunk::merge(chunks, start.max(self.floor), end, out).map_err(|error| StorageError {
            message: format!("series {} has a broken chunk: {error}", self.series[self.at].labels),
        })
    }
}
