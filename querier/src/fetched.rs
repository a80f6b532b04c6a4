//! What a query reads: each select's series, pulled while the evaluation takes them, decoded only where it looks.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use mneme_model::chunk::{self, Chunk, SeriesBatch, SeriesView};
use mneme_model::{Samples, TimestampMs};
use mneme_promql::{Error, Plan, Queryable, ReadSamples, Select, SeriesSink, StorageError};
use mneme_proto::internal::ingester::{self, Held, SeriesAnswer, drain};

use crate::answer::Answer;

/// The answers to a plan's selects.
pub(crate) struct Fetched {
    parts: Vec<Part>,
    floor: TimestampMs,
    failure: Mutex<Option<ingester::Error>>,
}

/// One select and its answer.
struct Part {
    select: Select,
    /// Several selectors ask for it: it is kept.
    shared: bool,
    /// `None` once it is pulled.
    answer: Mutex<Option<Answer>>,
    kept: OnceLock<(SeriesBatch, Held)>,
}

impl Fetched {
    /// The answers to the plan's selects, in their order; samples before `floor` are not shown.
    pub(crate) fn new(plan: &Plan, answers: Vec<Answer>, floor: TimestampMs) -> Self {
        let selects = plan.selects().iter().zip(plan.uses());
        let part = |((select, uses), answer): ((&Select, &usize), Answer)| Part {
            select: select.clone(),
            shared: *uses > 1,
            answer: Mutex::new(Some(answer)),
            kept: OnceLock::new(),
        };
        Self { parts: selects.zip(answers).map(part).collect(), floor, failure: Mutex::default() }
    }

    /// Why an answer failed, if one did: the evaluation only says that.
    pub(crate) fn failure(&self) -> Option<ingester::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Hands on an answer as it comes.
    fn stream(&self, part: &Part, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let answer = part.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut answer = answer.ok_or_else(|| failed("the evaluation asked twice for what it reads once"))?;
        let (mut batch, mut ahead) = (SeriesBatch::new(), Ahead::default());
        while let Some(_held) = answer.next_batch(&mut batch).map_err(|error| self.fail(error))? {
            sort(&mut batch, &part.select);
            ahead = self.hand_on(&batch, ahead, &part.select, sink)?;
        }
        Ok(())
    }

    /// Hands on an answer that is kept.
    fn keep(&self, part: &Part, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        if part.kept.get().is_none() {
            let answer = part.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut answer = answer.ok_or_else(|| failed("an answer that failed was asked for again"))?;
            let (mut all, held) = drain(&mut answer).map_err(|error| self.fail(error))?;
            sort(&mut all, &part.select);
            // An evaluation runs in one thread: nobody else has set it.
            let _ = part.kept.set((all, held));
        }
        let Some((all, _)) = part.kept.get() else { return Ok(()) };
        self.hand_on(all, Ahead::default(), &part.select, sink).map(drop)
    }

    /// Hands on a batch; gives the room for decoded samples back.
    fn hand_on(
        &self,
        batch: &SeriesBatch,
        ahead: Ahead,
        select: &Select,
        sink: &mut SeriesSink<'_>,
    ) -> Result<Ahead, Error> {
        let reader =
            Reader { batch, floor: self.floor, ahead: RefCell::new(Ahead { series: 0..0, ..ahead }) };
        let one_by_one = select.hints.newest_only;
        batch.iter().enumerate().try_for_each(|(at, series)| {
            sink(series.labels, &Compressed { reader: &reader, at, series, one_by_one })
        })?;
        Ok(reader.ahead.into_inner())
    }

    fn fail(&self, error: ingester::Error) -> Error {
        let told = failed(error.to_string());
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        told
    }
}

impl Queryable for Fetched {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let covers = |have: &Select| {
            have.start <= select.start && select.end <= have.end && have.matchers == select.matchers
        };
        match self.parts.iter().find(|part| covers(&part.select)) {
            Some(part) if part.shared => self.keep(part, sink),
            Some(part) => self.stream(part, sink),
            None => Err(failed("the evaluation asked for series that its plan does not name")),
        }
    }
}

/// Windows over the same times are found once.
fn sort(batch: &mut SeriesBatch, select: &Select) {
    if !select.hints.newest_only {
        batch.sort_by_start();
    }
}

fn failed(message: impl Into<String>) -> Error {
    StorageError { message: message.into() }.into()
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
