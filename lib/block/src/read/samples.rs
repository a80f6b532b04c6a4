//! The row groups and pages of samples that some series need.

use std::ops::Range;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use mneme_model::TimestampMs;
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use super::ReadBudget;
use super::access::Access;
use super::footer::Footer;
use super::group::{Plan, Row};
use super::pieces::Pieces;
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
    fn is_wanted(&self, head: &RowHead) -> bool {
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
    /// What `make` makes of the rows of each row group that the series wanted may have samples in; in the order of the file. `make` is
    /// given the bytes that rows hold and says how many those hold that it gives, which count into the budget.
    pub(crate) async fn each<T: Send + 'static>(
        self,
        access: &Access,
        wanted: &Wanted,
        make: impl Fn(Vec<Row>, u64) -> Result<(T, u64), Error> + Clone + Send + 'static,
    ) -> Result<Vec<T>, Error> {
        let (footer, asked) = (Arc::clone(&self.footer), wanted.clone());
        let plans = access.compute(move || self.plans(&asked)).await?;
        let ranges: Vec<Range<u64>> = plans.iter().flat_map(Plan::ranges).collect();
        wanted.budget.check(ranges.iter().map(|range| range.end - range.start).sum())?;
        let mut pieces = Pieces::default();
        let gap = access.options.coalesce_bytes;
        pieces.fetch_checked(&*access.reader, &footer, ranges, gap).await?;
        let mut work = Vec::with_capacity(plans.len());
        for plan in plans {
            let (footer, wanted, make) = (Arc::clone(&footer), wanted.clone(), make.clone());
            // A row group's own pieces: they go with it.
            let pieces = pieces.part(&plan.ranges());
            work.push(access.compute(move || {
                let mut unpacker = Unpacker::new().map_err(|bad| footer.bad("file", 0, bad.0))?;
                let keep = |head: &RowHead| wanted.is_wanted(head);
                let (rows, bytes) = plan.read(&footer, &pieces, &mut unpacker, keep)?;
                let (made, bytes) = make(rows, bytes as u64)?;
                wanted.budget.take(bytes)?;
                Ok(made)
            }));
        }
        drop(pieces);
        stream::iter(work).buffered(GROUPS_AT_ONCE).try_collect().await
    }

    /// The rows of the series wanted that may have samples in the range, in the order of the file.
    pub(crate) async fn rows(self, access: &Access, wanted: &Wanted) -> Result<Vec<Row>, Error> {
        let rows = self.each(access, wanted, |rows, bytes| Ok((rows, bytes))).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    fn plans(&self, wanted: &Wanted) -> Result<Vec<Plan>, Error> {
        let mut plans = Vec::new();
        for group in 0..self.footer.groups() {
            if let Some((first, last)) = self.footer.bounds(group, "t0")
                && (first > wanted.end || crate::write::window_end(last, wanted.window_ms) < wanted.start)
            {
                continue;
            }
            let rows = self.rows_of_sids(group, &wanted.sids)?;
            if !rows.is_empty() {
                plans.push(Plan::new(&self.footer, group, self.histograms, rows)?);
            }
        }
        Ok(plans)
    }

    /// The rows of a row group whose pages may hold the series.
    fn rows_of_sids(&self, group: usize, sids: &[u32]) -> Result<Vec<Range<u32>>, Error> {
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
        let mut rows: Vec<Range<u32>> = Vec::new();
        for (at, page) in chunk.pages.iter().enumerate() {
            let wanted =
                bounds.as_ref().is_none_or(|bounds| match (bounds.min_value(at), bounds.max_value(at)) {
                    (Some(least), Some(greatest)) => any_within(*least as u32, *greatest as u32),
                    _ => true,
                });
            match rows.last_mut() {
                Some(last) if wanted && last.end == page.rows.start => last.end = page.rows.end,
                _ if wanted => rows.push(page.rows.clone()),
                _ => {}
            }
        }
        Ok(rows)
    }
}
