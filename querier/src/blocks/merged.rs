//! The series of blocks and of recent data, each once.
//!
//! Blocks are sorted: their parts are walked side by side in the order of series, so that a batch, what was unpacked around it and what
//! was fetched ahead is all that is held of them. Heads are not sorted: recent data is pulled first and held, compressed, until its
//! series' turn comes; what no block has comes last.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use mneme_block::meta::SeriesKey;
use mneme_block::read::{BatchBuilder, Fetch, PartCursor};
use mneme_model::TimestampMs;
use mneme_model::chunk::{BatchMark, BatchSize, SeriesBatch};
use mneme_proto::internal::ingester::{Error, FetchBudget, Held, SeriesAnswer};
use tokio::runtime::Handle;

use super::failure::Failure;
use super::held_back::HeldBack;
use super::stretches::Stretches;

/// A batch ends with the series that reaches so many bytes of chunks: they should stay in a core's cache.
const BATCH_BYTES: usize = 1 << 20;

/// And it has at most so many series.
const BATCH_SERIES: usize = 1024;

/// What is held of all parts together that was fetched and is not read, at most, and as a part of what is left of a budget; but of each
/// part a page. Larger stretches are fewer requests.
const AHEAD_BYTES: u64 = 128 << 20;
const AHEAD_OF_LEFT: u64 = 4;

/// Stretches of a part that are held at a time: what is almost read, what is read, what is being fetched.
const STRETCHES: usize = 3;

/// An answer that is put together while it is pulled.
pub(super) struct Merged {
    parts: Vec<Option<Part>>,
    /// The next series of each part.
    next: BTreeMap<SeriesKey, Vec<usize>>,
    /// `None` once it is held back.
    recent: Option<Box<dyn SeriesAnswer>>,
    held_back: HeldBack,
    stretches: Stretches,
    /// Bytes of a stretch.
    bytes: u64,
    builder: BatchBuilder,
    budget: Arc<FetchBudget>,
}

/// A part of a block.
pub(super) struct Part {
    cursor: PartCursor,
    /// Bytes of the stretches that are not read yet.
    held: VecDeque<Held>,
    /// Bytes of the stretch that is being fetched.
    asked: Option<Held>,
    _names: Held,
}

/// How many bytes a part's stretches have, of so many parts.
pub(super) fn stretch_bytes(budget: &FetchBudget, parts: usize) -> u64 {
    AHEAD_BYTES.min(budget.bytes_left() / AHEAD_OF_LEFT) / (STRETCHES * parts.max(1)) as u64
}

impl Part {
    /// A part whose series are known.
    pub(super) fn new(cursor: PartCursor, budget: &Arc<FetchBudget>) -> Result<Self, Error> {
        let _names = budget.reserve(cursor.bytes())?;
        Ok(Self { cursor, held: VecDeque::new(), asked: None, _names })
    }

    /// Waits for the first stretch.
    pub(super) async fn begin(mut self, bytes: u64, budget: &Arc<FetchBudget>) -> Result<Self, Failure> {
        if let Some(fetch) = self.fetch(bytes, budget)? {
            let fetched = fetch.run().await?;
            self.cursor.take(&fetched);
            self.held.extend(self.asked.take());
        }
        Ok(self)
    }

    /// What to fetch next, counted into the budget.
    fn fetch(&mut self, bytes: u64, budget: &Arc<FetchBudget>) -> Result<Option<Fetch>, Error> {
        let Some(fetch) = self.cursor.fetch(bytes) else { return Ok(None) };
        self.asked = Some(budget.reserve(fetch.bytes())?);
        Ok(Some(fetch))
    }
}

impl Merged {
    /// Of recent data and the parts of blocks, in the order of time, of which so many bytes are fetched at a time. `range` are the times
    /// that are asked for. Fetches run on `runtime`.
    pub(super) fn new(
        recent: Box<dyn SeriesAnswer>,
        (parts, bytes): (Vec<Part>, u64),
        range: (TimestampMs, TimestampMs),
        budget: Arc<FetchBudget>,
        runtime: Handle,
    ) -> Result<Self, Failure> {
        Ok(Self {
            next: BTreeMap::new(),
            recent: Some(recent),
            held_back: HeldBack::default(),
            stretches: Stretches::new(runtime, parts.len()),
            bytes,
            builder: BatchBuilder::new(range.0, range.1)?,
            budget,
            parts: parts.into_iter().map(Some).collect(),
        })
    }

    fn pull(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        batch.clear();
        self.budget.check()?;
        if let Some(mut recent) = self.recent.take() {
            self.held_back = HeldBack::of(&mut *recent)?;
            (0..self.parts.len()).try_for_each(|part| self.queue(part))?;
        }
        let united = self.fill()?;
        self.builder.finish(batch);
        let all = batch.size_since(BatchMark::default());
        let own = BatchSize {
            series: all.series.saturating_sub(united.series),
            chunks: all.chunks.saturating_sub(united.chunks),
            samples: all.samples.saturating_sub(united.samples),
            chunk_bytes: all.chunk_bytes.saturating_sub(united.chunk_bytes),
            bytes: all.bytes.saturating_sub(united.bytes),
        };
        self.budget.take(own)?;
        let mut held = self.budget.held(own.bytes);
        if self.next.is_empty() {
            let (rest, of_recent) = self.held_back.rest();
            batch.append(rest);
            held.join(of_recent);
        }
        Ok((!batch.is_empty()).then_some(held))
    }

    /// Puts a batch of series that blocks have together; tells how much of it is recent data.
    fn fill(&mut self) -> Result<BatchSize, Error> {
        let mut of_recent = BatchSize::default();
        while self.builder.bytes() < BATCH_BYTES && self.builder.len() < BATCH_SERIES {
            let Some((SeriesKey(labels), mut parts)) = self.next.pop_first() else { break };
            self.budget.check()?;
            parts.sort_unstable();
            for part in &parts {
                self.read(*part)?;
            }
            let identity = labels.view().identity();
            let recent = self.held_back.unite(identity, &mut self.builder);
            of_recent.series += recent.series;
            of_recent.chunks += recent.chunks;
            of_recent.samples += recent.samples;
            of_recent.chunk_bytes += recent.chunk_bytes;
            of_recent.bytes += recent.bytes;
            self.builder.end_series(labels, identity);
            parts.into_iter().try_for_each(|part| self.queue(part))?;
        }
        Ok(of_recent)
    }

    /// Puts what a part has of its next series into the batch.
    fn read(&mut self, number: usize) -> Result<(), Error> {
        let Some(Some(part)) = self.parts.get_mut(number) else { return Ok(()) };
        // A stretch has at least what its first series needs.
        while !part.cursor.is_fetched() {
            if part.asked.is_none() && !ask(part, number, &mut self.stretches, self.bytes, &self.budget)? {
                return Err(Error::Internal("a series' pages cannot be fetched".to_owned()));
            }
            part.cursor.take(&self.stretches.wait(number, &self.budget)?);
            part.held.extend(part.asked.take());
            while part.held.len() >= STRETCHES {
                part.held.pop_front();
            }
        }
        if part.asked.is_none() {
            ask(part, number, &mut self.stretches, self.bytes, &self.budget)?;
        }
        part.cursor.read(&mut self.builder).map_err(|error| Failure::from(error).told())
    }

    /// Puts a part to its next series; forgets it where it has none.
    fn queue(&mut self, number: usize) -> Result<(), Error> {
        let Some(Some(part)) = self.parts.get_mut(number) else { return Ok(()) };
        match part.cursor.labels().map_err(|error| Failure::from(error).told())? {
            Some(labels) => self.next.entry(SeriesKey(labels)).or_default().push(number),
            None => self.parts[number] = None,
        }
        Ok(())
    }
}

/// Begins to fetch the next stretch of a part, if there is one.
fn ask(
    part: &mut Part,
    number: usize,
    stretches: &mut Stretches,
    bytes: u64,
    budget: &Arc<FetchBudget>,
) -> Result<bool, Error> {
    let Some(fetch) = part.fetch(bytes, budget)? else { return Ok(false) };
    stretches.begin(number, fetch);
    Ok(true)
}

impl SeriesAnswer for Merged {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        self.pull(batch)
    }

    fn left(&self) -> usize {
        let of_parts = self.parts.iter().flatten().map(|part| part.cursor.left()).max();
        of_parts.unwrap_or(0)
    }
}
