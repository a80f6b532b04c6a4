//! The series of a part that match, one after the other: nothing is held but what was fetched and not read yet.

use std::collections::VecDeque;
use std::sync::Arc;

use mneme_model::chunk::{Chunk, Columns, FloatChunkBuilder, RawSamples};
use mneme_model::{Labels, TimestampMs};

use super::access::Access;
use super::batch_builder::BatchBuilder;
use super::fetch::{Fetch, Fetched};
use super::group::Row;
use super::holes::Holes;
use super::ordered::{OrderedRows, SliceAt};
use super::samples::{SamplesTable, Wanted};
use super::select::Select;
use super::series::BlockSeries;
use super::table::Unnamed;
use crate::Error;
use crate::codec::Bad;

/// So many series are named at once.
const NAMED: usize = 128;

/// Walks the series of one part of a block in the order of [`crate::meta::SeriesKey::order`].
///
/// Use: while [`Self::labels`] names a series, fetch stretches ([`Self::fetch`], [`Self::take`]) until [`Self::is_fetched`], then
/// [`Self::read`] it. Fetching waits for the bucket; all the rest only computes.
pub struct PartCursor {
    access: Access,
    select: Arc<Select>,
    wanted: Wanted,
    unnamed: Unnamed,
    /// Names from that of the next series on.
    names: VecDeque<Labels>,
    /// The next series of those wanted.
    at: usize,
    /// Floats and histograms, if there are such.
    tables: Vec<OrderedRows>,
    /// Of all tables in the order in which series need them.
    slices: Vec<(usize, SliceAt)>,
    /// So many of `slices` were asked for, and so many came.
    planned: usize,
    fetched: usize,
}

impl PartCursor {
    pub(crate) fn new(
        access: Access,
        select: Arc<Select>,
        (unnamed, wanted): (Unnamed, Wanted),
        files: Vec<SamplesTable>,
    ) -> Result<Self, Error> {
        let tables = files.into_iter().map(|table| OrderedRows::new(table, &wanted));
        let tables: Vec<OrderedRows> = tables.collect::<Result<_, _>>()?;
        let of_table = |(at, table): (usize, &OrderedRows)| {
            table.slices().into_iter().map(|slice| (at, slice)).collect::<Vec<_>>()
        };
        let mut slices: Vec<(usize, SliceAt)> = tables.iter().enumerate().flat_map(of_table).collect();
        // Those of a strand stay in their order.
        slices.sort_by_key(|(_, slice)| slice.first);
        Ok(Self {
            access,
            select,
            wanted,
            unnamed,
            names: VecDeque::new(),
            at: 0,
            tables,
            slices,
            planned: 0,
            fetched: 0,
        })
    }

    /// How many series are left, at most.
    #[must_use]
    pub fn left(&self) -> usize {
        self.unnamed.sids.len() - self.at
    }

    /// Bytes that are held as long as the cursor is: what the series are called.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let holes: usize = self.unnamed.holes.len() * size_of::<(u32, Holes)>();
        let slices = self.slices.len() * (size_of::<(usize, SliceAt)>() + 200);
        self.unnamed.names.memory() + (4 * self.unnamed.sids.len() + holes + slices) as u64
    }

    /// The next series; `None` behind the last one. All its labels, whatever was asked for.
    ///
    /// # Errors
    /// Labels that are none.
    pub fn labels(&mut self) -> Result<Option<Labels>, Error> {
        if self.names.is_empty() {
            let rest = self.unnamed.sids.get(self.at..).unwrap_or_default();
            let some = rest.iter().take(NAMED).copied();
            self.names = self.unnamed.names.render(some)?.into();
        }
        Ok(self.names.front().cloned())
    }

    /// Whether the next series' samples are here.
    #[must_use]
    pub fn is_fetched(&self) -> bool {
        let next = self.unnamed.sids.get(self.at).zip(self.slices.get(self.fetched));
        next.is_none_or(|(sid, (_, slice))| slice.first > *sid)
    }

    /// What to fetch next: about so many bytes, but at least what the next series needs. `None` where all was asked for, or what was asked for before has not come.
    pub fn fetch(&mut self, bytes: u64) -> Option<Fetch> {
        if self.planned > self.fetched || self.planned >= self.slices.len() {
            return None;
        }
        let next = self.unnamed.sids.get(self.at).copied().unwrap_or(0);
        // At least what the first series of it needs.
        let least = self.slices.get(self.planned).map_or(next, |(_, slice)| slice.first.max(next));
        let mut sum = 0u64;
        let mut files: Vec<_> =
            self.tables.iter().map(|table| (Arc::clone(&table.footer), Vec::new())).collect();
        while let Some((table, slice)) = self.slices.get(self.planned) {
            sum = sum.saturating_add(slice.bytes);
            if sum > bytes && slice.first > least {
                break;
            }
            if let (Some((_, ranges)), Some(table)) = (files.get_mut(*table), self.tables.get(*table)) {
                ranges.extend(table.ranges(slice));
            }
            self.planned += 1;
        }
        Some(Fetch::new(self.access.clone(), files, self.planned - self.fetched))
    }

    /// Takes what the last [`Self::fetch`] gave.
    pub fn take(&mut self, fetched: &Fetched) {
        let to = self.fetched.saturating_add(fetched.slices).min(self.planned);
        for (table, slice) in self.slices.get(self.fetched..to).unwrap_or_default() {
            if let (Some(pieces), Some(table)) = (fetched.pieces.get(*table), self.tables.get_mut(*table)) {
                table.take(slice, pieces);
            }
        }
        self.fetched = to;
    }

    /// Puts the chunks of the next series into `out`, in the order of time, and goes on to the one behind it. Chunks of floats are rows
    /// as they lie in the pages ([`mneme_model::chunk::Columns`]), whole where they reach beyond the range. It may have none at all.
    ///
    /// # Errors
    /// Its samples were not fetched, or their bytes are not those of rows.
    pub fn read(&mut self, out: &mut BatchBuilder) -> Result<(), Error> {
        let Some(sid) = self.unnamed.sids.get(self.at).copied() else { return Ok(()) };
        self.names.pop_front();
        self.at += 1;
        let (wanted, holes) = (&self.wanted, self.unnamed.holes.get(&sid));
        let range = (self.select.start, self.select.end);
        let mut histograms = Vec::new();
        for table in self.tables.iter_mut().filter(|table| table.histograms) {
            table.histograms_of(sid, wanted, &mut out.unpacker, &mut histograms)?;
        }
        let newest_only = self.select.newest_only && histograms.is_empty();
        let (before, mut last) = (out.packer.len(), None);
        for table in self.tables.iter_mut().filter(|table| !table.histograms) {
            let packer = &mut out.packer;
            table.floats_of(sid, wanted, &mut out.unpacker, |_, columns| {
                if newest_only {
                    last = newest(columns, range, holes)?.or(last.take());
                    return Ok(());
                }
                packer.push(sid, columns, holes)
            })?;
        }
        last.into_iter().for_each(|chunk| out.push(chunk));
        out.push_packed(out.packer.len() - before);
        if !histograms.is_empty() {
            out.push_raw(&raw_histograms(histograms, holes, range)?);
        }
        Ok(())
    }
}

/// Histograms up to the end of the range, if any lie in it: the counter reset hint of one depends on those before it.
fn raw_histograms(
    rows: Vec<Row>,
    holes: Option<&Holes>,
    (start, end): (TimestampMs, TimestampMs),
) -> Result<RawSamples, Error> {
    let mut raw = RawSamples::default();
    let holes = holes.cloned().unwrap_or_default();
    let series = BlockSeries { histograms: rows, holes, ..BlockSeries::default() };
    series.read_raw(TimestampMs::MIN, end, &mut raw)?;
    if raw.histograms.last().is_none_or(|last| last.t < start) {
        raw.clear();
    }
    Ok(raw)
}

/// The newest sample of a row that is in the range.
fn newest(
    columns: &Columns<'_>,
    (start, end): (TimestampMs, TimestampMs),
    holes: Option<&Holes>,
) -> Result<Option<Chunk>, Bad> {
    if columns.min_time > end || columns.max_time() < start {
        return Ok(None);
    }
    let (mut t, mut v, mut st) = (Vec::new(), Vec::new(), Vec::new());
    columns.append((start, end), &mut t, &mut v, &mut st)?;
    let newest = t.iter().rposition(|t| holes.is_none_or(|holes| !holes.contain(*t)));
    Ok(newest.map(|at| {
        let mut builder = FloatChunkBuilder::new(!st.is_empty());
        builder.push(t[at], v[at], st.get(at).copied().unwrap_or(0));
        builder.chunk()
    }))
}
