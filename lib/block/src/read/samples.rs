//! The row groups and pages of samples that some series need.

use std::ops::Range;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use mneme_model::TimestampMs;
use mneme_model::chunk::Chunk;
use parking_lot::Mutex;
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use super::ReadBudget;
use super::access::Access;
use super::floats;
use super::footer::Footer;
use super::group::Row;
use super::pack::Packer;
use super::pieces::Pieces;
use super::plan::Plan;
use super::table::Found;
use crate::Error;
use crate::codec::page::Unpacker;
use crate::rows::RowHead;

/// So many row groups of one file are unpacked at the same time.
const GROUPS_AT_ONCE: usize = 4;

/// An open samples table, or one of histograms.
pub(crate) struct SamplesTable {
    pub(crate) footer: Arc<Footer>,
    pub(crate) histograms: bool,
}

/// What is wanted of a samples table.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Series ids, ascending.
    pub(crate) sids: Arc<[u32]>,
    pub(crate) start: TimestampMs,
    pub(crate) end: TimestampMs,
    /// No row crosses a multiple of this.
    pub(crate) window_ms: i64,
    pub(crate) budget: ReadBudget,
}

impl Wanted {
    pub(crate) fn is_wanted(&self, head: &RowHead) -> bool {
        head.t0 <= self.end
            && self.start <= crate::write::window_end(head.t0, self.window_ms)
            && self.place(head.sid).is_some()
    }

    /// Which of the series wanted this one is.
    #[inline]
    pub(crate) fn place(&self, sid: u32) -> Option<usize> {
        // Series that are wanted mostly lie side by side.
        let near = sid.checked_sub(*self.sids.first()?)? as usize;
        match self.sids.get(near) {
            Some(found) if *found == sid => Some(near),
            _ => self.sids.binary_search(&sid).ok(),
        }
    }
}

impl SamplesTable {
    /// The rows of the series wanted that may have samples in the range, as chunks without what is deleted; row group by row group, in the
    /// order of the file. `found` are those series.
    pub(crate) async fn floats(
        self,
        access: &Access,
        wanted: &Wanted,
        found: Arc<Vec<Found>>,
    ) -> Result<Vec<Vec<(u32, Chunk)>>, Error> {
        let asked = wanted.clone();
        let pack = move |plan: &Plan, footer: &Footer, pieces: &Pieces, unpacker: &mut Unpacker| {
            let holes = |sid| asked.place(sid).and_then(|at| found.get(at)).map(|it| &it.holes);
            let mut packer = Packer::new((asked.start, asked.end));
            let keep = |head: &RowHead| asked.is_wanted(head);
            floats::each(plan, footer, pieces, unpacker, keep, |head, columns| {
                packer.push(head.sid, columns, holes(head.sid))
            })?;
            Ok(packer.finish())
        };
        self.each(access, wanted, pack).await
    }

    /// The rows of the series wanted that may have samples in the range, in the order of the file, with the pages that they are in.
    pub(crate) async fn rows(self, access: &Access, wanted: &Wanted) -> Result<Vec<Row>, Error> {
        let asked = wanted.clone();
        let rows = move |plan: &Plan, footer: &Footer, pieces: &Pieces, unpacker: &mut Unpacker| {
            let (rows, bytes) = plan.rows(footer, pieces, unpacker, |head| asked.is_wanted(head))?;
            Ok((rows, bytes as u64))
        };
        Ok(self.each(access, wanted, rows).await?.into_iter().flatten().collect())
    }

    /// What `make` makes of each row group that the series wanted may have samples in; in the order of the file. `make` says how many
    /// bytes that holds, which count into the budget.
    async fn each<T: Send + 'static>(
        self,
        access: &Access,
        wanted: &Wanted,
        make: impl Fn(&Plan, &Footer, &Pieces, &mut Unpacker) -> Result<(T, u64), Error> + Clone + Send + 'static,
    ) -> Result<Vec<T>, Error> {
        let (footer, asked) = (Arc::clone(&self.footer), wanted.clone());
        let plans = access.compute(move || self.plans(&asked)).await?;
        let ranges: Vec<Range<u64>> = plans.iter().flat_map(Plan::ranges).collect();
        wanted.budget.check(ranges.iter().map(|range| range.end - range.start).sum())?;
        let mut pieces = Pieces::default();
        let gap = access.options.coalesce_bytes;
        pieces.fetch_checked(&*access.reader, &footer, ranges, gap).await?;
        let mut work = Vec::with_capacity(plans.len());
        // Whoever is done leaves its unpacker, with its memory, to the next one.
        let unpackers: Arc<Mutex<Vec<Unpacker>>> = Arc::default();
        for plan in plans {
            let (footer, make, unpackers) = (Arc::clone(&footer), make.clone(), Arc::clone(&unpackers));
            let budget = wanted.budget.clone();
            // A row group's own pieces: they go with it.
            let pieces = pieces.part(&plan.ranges());
            work.push(access.compute(move || {
                let idle = unpackers.lock().pop();
                let mut unpacker = match idle {
                    Some(unpacker) => unpacker,
                    None => Unpacker::new().map_err(|bad| footer.bad("file", 0, bad.0))?,
                };
                let (made, bytes) = make(&plan, &footer, &pieces, &mut unpacker)?;
                unpackers.lock().push(unpacker);
                budget.take(bytes)?;
                Ok(made)
            }));
        }
        drop(pieces);
        stream::iter(work).buffered(GROUPS_AT_ONCE).try_collect().await
    }

    fn plans(&self, wanted: &Wanted) -> Result<Vec<Plan>, Error> {
        let mut plans = Vec::new();
        for group in self.groups(wanted) {
            let mut rows: Vec<Range<u32>> = Vec::new();
            for (page, _) in self.pages_of_sids(group, &wanted.sids)? {
                match rows.last_mut() {
                    Some(last) if last.end == page.start => last.end = page.end,
                    _ => rows.push(page),
                }
            }
            if !rows.is_empty() {
                plans.push(Plan::new(&self.footer, group, self.histograms, rows)?);
            }
        }
        Ok(plans)
    }

    /// The row groups that may have rows in the range, ascending.
    pub(crate) fn groups(&self, wanted: &Wanted) -> impl Iterator<Item = usize> {
        (0..self.footer.groups()).filter(|group| {
            self.footer.bounds(*group, "t0").is_none_or(|(first, last)| {
                first <= wanted.end && crate::write::window_end(last, wanted.window_ms) >= wanted.start
            })
        })
    }

    /// The rows of a row group page by page, of those that may hold the series; and the least series id of each page, as far as known.
    pub(crate) fn pages_of_sids(&self, group: usize, sids: &[u32]) -> Result<Vec<(Range<u32>, u32)>, Error> {
        let any_within = |least: u32, greatest: u32| {
            let at = sids.partition_point(|sid| *sid < least);
            sids.get(at).is_some_and(|sid| *sid <= greatest)
        };
        if let Some((least, greatest)) = self.footer.bounds(group, "sid")
            && !any_within(least as u32, greatest as u32)
        {
            return Ok(Vec::new());
        }
        let chunk = self.footer.chunk(group, "sid")?;
        let bounds = match self.footer.page_bounds(group, "sid") {
            Some(ColumnIndexMetaData::INT32(bounds)) => Some(bounds),
            _ => None,
        };
        let mut rows: Vec<(Range<u32>, u32)> = Vec::new();
        for (at, page) in chunk.pages.iter().enumerate() {
            let bounds = bounds.as_ref().and_then(|bounds| bounds.min_value(at).zip(bounds.max_value(at)));
            match bounds.map(|(least, greatest)| (*least as u32, *greatest as u32)) {
                None => rows.push((page.rows.clone(), 0)),
                Some((least, greatest)) if any_within(least, greatest) => {
                    rows.push((page.rows.clone(), least));
                }
                Some(_) => {}
            }
        }
        Ok(rows)
    }
}
