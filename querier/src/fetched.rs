//! What a query reads: all series that its plan selects, fetched before it computes, decoded only where it looks.

use std::cell::RefCell;
use std::ops::Range;

use mneme_model::chunk::{self, Chunk, SeriesBatch, SeriesView};
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
        let reader = Reader { batch, floor: self.floor, ahead: RefCell::default() };
        let one_by_one = select.hints.newest_only;
        batch.iter().enumerate().try_for_each(|(at, series)| {
            sink(series.labels, &Compressed { reader: &reader, at, series, one_by_one })
        })
    }
}

/// Series that are decoded together at most, and the samples that they may have: so few that they are read from the fastest cache.
const AHEAD: usize = 4;
const AHEAD_SAMPLES: usize = 8 << 10;

/// Decodes a few series together, since whoever reads one most likely reads those that follow over the same time.
struct Reader<'a> {
    batch: &'a SeriesBatch,
    floor: TimestampMs,
    ahead: RefCell<Ahead>,
}

/// What is decoded and was not handed out yet.
#[derive(Default)]
struct Ahead {
    /// Which series, over which time.
    series: Range<usize>,
    /// The series of the first of `samples`.
    first: usize,
    time: (TimestampMs, TimestampMs),
    samples: Vec<Samples>,
}

impl Reader<'_> {
    /// Appends the samples of the series at `at`.
    fn read(
        &self,
        at: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut Samples,
    ) -> Result<(), chunk::Error> {
        let mut ahead = self.ahead.borrow_mut();
        let ahead = &mut *ahead;
        if !ahead.series.contains(&at) || ahead.time != (start, end) {
            ahead.decode(self.batch, at, (start, end))?;
        }
        match ahead.samples.get_mut(at - ahead.first) {
            Some(samples) if out.is_empty() => std::mem::swap(samples, out),
            _ => chunk::merge(self.chunks(at), start, end, out)?,
        }
        // What was handed out is not there any more.
        ahead.series.start = at + 1;
        Ok(())
    }

    fn chunks(&self, at: usize) -> &[Chunk] {
        self.batch.get(at).map_or(&[], |series| series.chunks)
    }
}

impl Ahead {
    /// Decodes the series at `at` and some that follow it.
    fn decode(
        &mut self,
        batch: &SeriesBatch,
        at: usize,
        time: (TimestampMs, TimestampMs),
    ) -> Result<(), chunk::Error> {
        self.series = 0..0;
        let mut samples = 0;
        let mut chunks: Vec<&[Chunk]> = Vec::with_capacity(AHEAD);
        for series in (at..batch.len()).map_while(|at| batch.get(at)).take(AHEAD) {
            samples += series.chunks.iter().map(|chunk| chunk.count as usize).sum::<usize>();
            if samples > AHEAD_SAMPLES && !chunks.is_empty() {
                break;
            }
            chunks.push(series.chunks);
        }
        self.samples.resize_with(chunks.len().max(self.samples.len()), Samples::default);
        self.samples.iter_mut().for_each(Samples::clear);
        chunk::merge_each(&chunks, time.0, time.1, &mut self.samples)?;
        (self.series, self.first, self.time) = (at..at + chunks.len(), at, time);
        Ok(())
    }
}

/// One series' chunks.
struct Compressed<'a> {
    reader: &'a Reader<'a>,
    at: usize,
    series: SeriesView<'a>,
    /// Of chunks of one sample there is nothing to be gained.
    one_by_one: bool,
}

impl ReadSamples for Compressed<'_> {
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError> {
        let start = start.max(self.reader.floor);
        if !self.one_by_one && self.reader.read(self.at, start, end, out).is_ok() {
            return Ok(());
        }
        // Of several series one is broken: who is it?
        chunk::merge(self.series.chunks, start, end, out).map_err(|error| StorageError {
            message: format!("series {} has a broken chunk: {error}", self.series.labels),
        })
    }
}
