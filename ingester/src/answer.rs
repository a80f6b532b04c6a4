//! The answer to a select: pulled out of the heads some series at a time.
//!
//! First the matching series of all heads are found. Each batch then takes a head's read lock, copies some series and gives it up. The parts of
//! a series that is in several heads are held back, and come last, as one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mneme_head::{Cursor, Head, Selection, SeriesRef, Wanted};
use mneme_model::chunk::{BatchMark, SeriesBatch};
use mneme_model::{Cut, PartitionId};
use mneme_proto::internal::ingester::{Error, FetchBudget, Held, PartitionMark, SeriesAnswer, SeriesRequest};
use prometheus::Histogram;

use crate::moved::in_several;
use crate::partitions::Partitions;
use crate::query::{Failure, from_seam, is_whole, window};

/// So many series are in a batch, about: what is copied of them and decoded should stay in a core's cache.
const BATCH_SERIES: usize = 1024;

/// Series of all heads, to be pulled.
pub(crate) struct Answer {
    heads: Partitions,
    /// Where the time that the pulls took is noted.
    times: Histogram,
    request: SeriesRequest,
    budget: Arc<FetchBudget>,
    selection: Selection,
    /// Series of a batch.
    most: usize,
    /// `None` before the first pull.
    walk: Option<Walk>,
    /// Spent in pulls.
    took: Duration,
}

/// How far the answer is.
#[derive(Default)]
struct Walk {
    sources: Vec<Source>,
    /// Those before are done.
    at: usize,
    /// Ascending by identity.
    parts: Vec<Part>,
    /// Those before are done.
    united: usize,
}

/// A head with matching series.
struct Source {
    partition: PartitionId,
    /// The lowest generation that counts.
    from: Cut,
    cursor: Cursor,
}

/// What one head has of a series that is in several.
struct Part {
    identity: u64,
    /// Of [`Walk::sources`].
    source: usize,
    series: SeriesRef,
}

impl Answer {
    /// Nothing is looked at before the first pull.
    pub(crate) fn new(
        heads: Partitions,
        times: Histogram,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Self {
        let (most, walk, took) = (BATCH_SERIES, None, Duration::ZERO);
        Self { heads, times, request, budget, selection: Selection::of(most), most, walk, took }
    }

    fn pull(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Failure> {
        batch.clear();
        self.budget.check().map_err(Failure::Over)?;
        let mut walk = self.walk.take().map_or_else(|| self.begin(), Ok)?;
        self.selection.begin_batch(std::mem::take(batch));
        let filled = self.fill(&mut walk);
        self.walk = Some(walk);
        let of_several = filled?;
        *batch = self.selection.finish().map_err(Failure::Read)?;
        if batch.is_empty() {
            return Ok(None);
        }
        let size = batch.size_since(BatchMark::default());
        self.budget.take(size).map_err(Failure::Over)?;
        let held = self.budget.held(size.bytes);
        if of_several {
            batch.unite();
        }
        Ok(Some(held))
    }

    /// Finds the matching series of all heads.
    fn begin(&self) -> Result<Walk, Failure> {
        let SeriesRequest { tenant, matchers, .. } = &self.request;
        let mut walk = Walk::default();
        for ((head, from), partition) in from_seam(&self.heads, &self.request).zip(0..) {
            self.budget.check().map_err(Failure::Over)?;
            let (cursor, floor) = head.matching(tenant.as_str(), matchers, window(&self.request, from));
            let source = Source { partition: PartitionId(partition), from, cursor };
            self.check_floor(floor, &source)?;
            if source.cursor.left() > 0 {
                walk.sources.push(source);
            }
        }
        if walk.sources.len() > 1 {
            self.hold_back(&mut walk)?;
        }
        Ok(walk)
    }

    /// Takes what is in several heads out of the cursors.
    fn hold_back(&self, walk: &mut Walk) -> Result<(), Failure> {
        let all: u64 = walk.sources.iter().map(|source| source.cursor.left()).sum();
        let (mut identities, mut ends) = (Vec::with_capacity(all as usize), Vec::new());
        for source in &walk.sources {
            self.budget.check().map_err(Failure::Over)?;
            self.head(source).identities(&source.cursor, &mut |identity, _| identities.push(identity));
            ends.push(identities.len());
        }
        let several = in_several(&identities, &ends);
        drop(identities);
        if several.is_empty() {
            return Ok(());
        }
        for (number, source) in walk.sources.iter_mut().enumerate() {
            self.budget.check().map_err(Failure::Over)?;
            let from = walk.parts.len();
            let parts = &mut walk.parts;
            self.head(source).identities(&source.cursor, &mut |identity, series| {
                if several.contains(&identity) {
                    parts.push(Part { identity, source: number, series });
                }
            });
            walk.parts[from..].iter().for_each(|part| source.cursor.leave_out(part.series));
        }
        walk.parts.sort_unstable_by_key(|part| (part.identity, part.source));
        Ok(())
    }

    /// Fills the selection; tells whether with parts of series, which are to be united.
    fn fill(&mut self, walk: &mut Walk) -> Result<bool, Failure> {
        self.take_next(walk)?;
        let of_several = self.selection.is_empty();
        if of_several {
            self.take_parts(walk)?;
        }
        Ok(of_several)
    }

    /// Fills the selection with series that one head has whole.
    fn take_next(&mut self, walk: &mut Walk) -> Result<(), Failure> {
        while let Some(source) = walk.sources.get_mut(walk.at)
            && !self.selection.is_full()
        {
            self.budget.check().map_err(Failure::Over)?;
            if source.cursor.left() == 0 {
                walk.at += 1;
                continue;
            }
            let wanted = wanted(&self.request, source.from);
            let tenant = self.request.tenant.as_str();
            let head = &self.heads[source.partition];
            let floor = head.select_next(tenant, &mut source.cursor, &wanted, &mut self.selection);
            self.check_floor(floor, source)?;
        }
        Ok(())
    }

    /// Fills the selection with the parts of series that several heads have, all parts of each.
    fn take_parts(&mut self, walk: &mut Walk) -> Result<(), Failure> {
        while walk.united < walk.parts.len() && self.selection.is_empty() {
            self.budget.check().map_err(Failure::Over)?;
            let rest = &walk.parts[walk.united..];
            let last = rest[rest.len().min(self.most) - 1].identity;
            let mut parts: Vec<&Part> = rest.iter().take_while(|part| part.identity <= last).collect();
            walk.united += parts.len();
            parts.sort_by_key(|part| part.source);
            for of_source in parts.chunk_by(|a, b| a.source == b.source) {
                let source = &walk.sources[of_source[0].source];
                let series: Vec<SeriesRef> = of_source.iter().map(|part| part.series).collect();
                let wanted = wanted(&self.request, source.from);
                let tenant = self.request.tenant.as_str();
                let head = &self.heads[source.partition];
                let floor = head.select_parts(tenant, &series, &wanted, &mut self.selection);
                self.check_floor(floor, source)?;
            }
        }
        Ok(())
    }

    /// What was read under the same lock as this floor was all that there is, or else has to be read anew.
    fn check_floor(&self, floor: Cut, source: &Source) -> Result<(), Failure> {
        if self.request.seam.is_none() || floor <= source.from {
            return Ok(());
        }
        // Floors only rise: all that are above by now are told at once.
        is_whole(&self.heads, &self.request)?;
        let (count, partition) = (self.heads.count(), source.partition);
        Err(Failure::Floor(vec![PartitionMark { count, partition, cut: floor }]))
    }

    fn head(&self, source: &Source) -> &Head {
        &self.heads[source.partition]
    }
}

impl SeriesAnswer for Answer {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        let begun = Instant::now();
        let pulled = self.pull(batch).map_err(|failure| failure.told("select"));
        self.took += begun.elapsed();
        pulled
    }

    fn left(&self) -> usize {
        let Some(walk) = &self.walk else { return 0 };
        let cursors: u64 = walk.sources.iter().map(|source| source.cursor.left()).sum();
        cursors as usize + (walk.parts.len() - walk.united)
    }
}

/// An answer counts once nobody pulls it any more.
impl Drop for Answer {
    fn drop(&mut self) {
        if self.walk.is_some() {
            self.times.observe(self.took.as_secs_f64());
        }
    }
}

pub(crate) fn wanted(request: &SeriesRequest, from: Cut) -> Wanted<'_> {
    Wanted::new(&request.matchers, window(request, from)).with_hints(request.hints.clone())
}

#[cfg(test)]
mod tests;
