//! The row groups and pages of samples that some series need.

use std::ops::Range;

use mneme_model::TimestampMs;
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use super::footer::Footer;
use super::group::{Plan, Row};
use super::pieces::Pieces;
use super::{RangeReader, ReadOptions};
use crate::Error;
use crate::codec::page::Unpacker;

/// An open samples table, or one of histograms.
pub(crate) struct SamplesTable {
    pub(crate) footer: Footer,
    pub(crate) pieces: Pieces,
    pub(crate) histograms: bool,
}

/// What is wanted of a samples table.
pub(crate) struct Wanted<'a> {
    /// Series ids, ascending.
    pub(crate) sids: &'a [u32],
    pub(crate) start: TimestampMs,
    pub(crate) end: TimestampMs,
    /// No row crosses a multiple of this.
    pub(crate) window_ms: i64,
    /// The bytes that may still be held.
    pub(crate) budget: u64,
}

impl SamplesTable {
    /// The rows of the series wanted that may have samples in the range, in the order of the file, and the bytes that they hold.
    pub(crate) async fn rows(
        &mut self,
        reader: &dyn RangeReader,
        options: ReadOptions,
        wanted: &Wanted<'_>,
    ) -> Result<(Vec<Row>, u64), Error> {
        let plans = self.plans(wanted)?;
        let ranges: Vec<Range<u64>> = plans.iter().flat_map(Plan::ranges).collect();
        let planned: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        let too_large = |bytes| Error::TooLarge { bytes, limit: wanted.budget };
        if planned > wanted.budget {
            return Err(too_large(planned));
        }
        let key = std::sync::Arc::clone(&self.footer.key);
        self.pieces.fetch(reader, &key, ranges, options.coalesce_bytes).await?;
        let mut unpacker = Unpacker::new().map_err(|bad| self.footer.bad("file", 0, bad.0))?;
        let (mut rows, mut held) = (Vec::new(), 0u64);
        for plan in &plans {
            let keep = |head: &crate::rows::RowHead| {
                head.t0 <= wanted.end
                    && wanted.start <= crate::write::window_end(head.t0, wanted.window_ms)
                    && wanted.sids.binary_search(&head.sid).is_ok()
            };
            let (mut some, bytes) = plan.read(&self.footer, &self.pieces, &mut unpacker, keep)?;
            rows.append(&mut some);
            held += bytes as u64;
            if held > wanted.budget {
                return Err(too_large(held));
            }
        }
        // The packed bytes are no longer needed.
        self.pieces = Pieces::default();
        Ok((rows, held))
    }

    fn plans(&self, wanted: &Wanted<'_>) -> Result<Vec<Plan>, Error> {
        let mut plans = Vec::new();
        for group in 0..self.footer.groups() {
            if let Some((first, last)) = self.footer.bounds(group, "t0")
                && (first > wanted.end || crate::write::window_end(last, wanted.window_ms) < wanted.start)
            {
                continue;
            }
            let rows = self.rows_of_sids(group, wanted.sids)?;
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
