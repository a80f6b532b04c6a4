//! What a query reads: all series that its plan selects, fetched before it computes, decoded only where it looks.

use mneme_model::chunk::{self, SeriesBatch, SeriesView};
use mneme_model::{Samples, TimestampMs};
use mneme_promql::{Error, Queryable, ReadSamples, Select, SeriesSink, StorageError};

/// The answers to a plan's selects.
pub(crate) struct Fetched {
    answers: Vec<(Select, SeriesBatch)>,
    floor: TimestampMs,
}

impl Fetched {
    /// Answers by select; samples before `floor` are not shown.
    pub(crate) fn new(mut answers: Vec<(Select, SeriesBatch)>, floor: TimestampMs) -> Self {
        // Windows over the same times are found once.
        answers
            .iter_mut()
            .filter(|(of, _)| !of.hints.newest_only)
            .for_each(|(_, batch)| batch.sort_by_start());
        Self { answers, floor }
    }
}

impl Queryable for Fetched {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let covers = |have: &Select| {
            have.start <= select.start && select.end <= have.end && have.matchers == select.matchers
        };
        let Some((_, batch)) = self.answers.iter().find(|(have, _)| covers(have)) else {
            let message = "the evaluation asked for series that its plan does not name".to_owned();
            return Err(StorageError { message }.into());
        };
        batch.iter().try_for_each(|series| sink(series.labels, &Compressed { series, floor: self.floor }))
    }
}

/// One series' chunks.
struct Compressed<'a> {
    series: SeriesView<'a>,
    floor: TimestampMs,
}

impl ReadSamples for Compressed<'_> {
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError> {
        chunk::merge(self.series.chunks, start.max(self.floor), end, out).map_err(|error| StorageError {
            message: format!("series {} has a broken chunk: {error}", self.series.labels),
        })
    }
}
