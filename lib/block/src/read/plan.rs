//! What is to be read of a row group, and the scalars of its rows.

use std::ops::Range;
use std::sync::Arc;

use super::column;
use super::footer::{Chunk, Footer};
use super::labels;
use super::leaf::Want;
use super::pieces::Pieces;
use crate::Error;
use crate::codec::checks::SECTOR;
use crate::codec::page::Unpacker;
use crate::rows::RowHead;
use crate::schema::{HISTOGRAM_LISTS, HISTOGRAM_SCALARS, LISTS, SCALARS};

/// The columns of a row group's lists.
fn list_columns(histograms: bool) -> Vec<(String, &'static str)> {
    let more = if histograms { HISTOGRAM_LISTS.as_slice() } else { &[] };
    LISTS.iter().chain(more).map(|(name, kind)| (format!("{name}.list.element"), *kind)).collect()
}

/// What is to be read of a row group.
#[derive(Debug)]
pub(crate) struct Plan {
    group: usize,
    histograms: bool,
    scalars: Vec<Arc<Chunk>>,
    /// The columns of lists, with the bytes of a value.
    pub(crate) lists: Vec<(Arc<Chunk>, usize)>,
    /// Rows whose pages are read.
    pub(crate) rows: Vec<Range<u32>>,
    count: u32,
}

/// The scalars of all rows of a row group.
pub(crate) struct Heads {
    pub(crate) rows: Vec<RowHead>,
    /// What only rows of histograms have: kind, hint, schema, positive spans, positive and negative buckets; the zero threshold.
    pub(crate) histograms: Vec<([i32; 6], f64)>,
}

impl Heads {
    /// The rows that are wanted, of some.
    pub(crate) fn picked(&self, rows: &[Range<u32>], wanted: impl Fn(&RowHead) -> bool) -> Vec<u32> {
        let rows = rows.iter().cloned().flatten();
        rows.filter(|row| self.rows.get(*row as usize).is_some_and(&wanted)).collect()
    }
}

impl Plan {
    /// Plans the pages of `rows`: of scalars all of them, since they say where lists begin.
    pub(crate) fn new(
        footer: &Footer,
        group: usize,
        histograms: bool,
        rows: Vec<Range<u32>>,
    ) -> Result<Self, Error> {
        let more = if histograms { HISTOGRAM_SCALARS.as_slice() } else { &[] };
        let scalars = SCALARS.iter().copied().chain(more.iter().map(|(name, _)| *name));
        let scalars = scalars.map(|name| footer.chunk(group, name)).collect::<Result<_, _>>()?;
        let width = |kind: &str| if kind == "int32" { 4 } else { 8 };
        let lists = list_columns(histograms).into_iter();
        let lists = lists.map(|(name, kind)| Ok((footer.chunk(group, &name)?, width(kind))));
        Ok(Self {
            group,
            histograms,
            scalars,
            lists: lists.collect::<Result<_, Error>>()?,
            rows,
            count: footer.rows(group)?,
        })
    }

    /// The ranges of the file to fetch.
    pub(crate) fn ranges(&self) -> Vec<Range<u64>> {
        let lists = self.lists.iter();
        let lists = lists.flat_map(|(chunk, _)| chunk.pages_of(&self.rows).map(|page| page.bytes.clone()));
        self.scalar_ranges().chain(lists).collect()
    }

    /// What to fetch if the rows are read slice by slice: for each of `slices`, which ascend, its own pages, and apart from them what is
    /// needed for all or several, with columns that are too small to be fetched in pieces.
    pub(crate) fn ranges_of(&self, slices: &[Range<u32>]) -> (Vec<Range<u64>>, Vec<Vec<Range<u64>>>) {
        let (mut shared, mut own) =
            (self.scalar_ranges().collect::<Vec<_>>(), vec![Vec::new(); slices.len()]);
        for (chunk, _) in &self.lists {
            let bytes: u64 = chunk.pages_of(slices).map(|page| page.bytes.end - page.bytes.start).sum();
            for page in chunk.pages_of(slices) {
                let from = slices.partition_point(|rows| rows.end <= page.rows.start);
                let to = slices.partition_point(|rows| rows.start < page.rows.end);
                match own.get_mut(from) {
                    Some(own) if to == from + 1 && bytes > SECTOR => own.push(page.bytes.clone()),
                    _ => shared.push(page.bytes.clone()),
                }
            }
        }
        (shared, own)
    }

    fn scalar_ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.scalars.iter().flat_map(|chunk| chunk.pages.iter().map(|page| page.bytes.clone()))
    }

    /// Where the row group starts in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.scalars.first().and_then(|chunk| chunk.pages.first()).map_or(0, |page| page.bytes.start)
    }

    /// The rows that are wanted, by their scalars, of those whose pages are read.
    pub(crate) fn picked(&self, heads: &Heads, wanted: impl Fn(&RowHead) -> bool) -> Vec<u32> {
        heads.picked(&self.rows, wanted)
    }

    /// Unpacks the scalars.
    pub(crate) fn heads(
        &self,
        footer: &Footer,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<Heads, Error> {
        let count = self.count as usize;
        let mut columns: Vec<Vec<i64>> = Vec::with_capacity(self.scalars.len());
        let mut thresholds = Vec::new();
        for chunk in &self.scalars {
            let wide = matches!(&*chunk.column, "t0" | "m0" | "st");
            let mut values = Vec::new();
            for place in &chunk.pages {
                let page = labels::page(footer, chunk, pieces, place, unpacker)?;
                let read = match &*chunk.column {
                    "zero_threshold" => column::doubles(&page, &mut thresholds),
                    _ => column::integers(&page, wide, &mut values),
                };
                read.map_err(|bad| footer.bad(&chunk.column, place.bytes.start, bad.0))?;
            }
            let len = if &*chunk.column == "zero_threshold" { thresholds.len() } else { values.len() };
            if len != count {
                return Err(footer.bad(&chunk.column, 0, "it has another number of rows than its row group"));
            }
            columns.push(values);
        }
        let [sid, t0, n, step, k, e, m0, st, ..] = columns.as_slice() else {
            return Err(footer.bad("sid", 0, "columns are missing"));
        };
        let mut heads = Heads { rows: Vec::with_capacity(count), histograms: Vec::new() };
        for row in 0..count {
            let head = RowHead {
                sid: sid[row] as u32,
                t0: t0[row],
                n: n[row] as u32,
                step: step[row] as i32,
                k: k[row] as i32,
                e: u8::try_from(e[row]).unwrap_or(u8::MAX),
                m0: m0[row],
                st: st[row],
            };
            if !head.is_valid() {
                let reason = format!("row {row} of row group {} is invalid", self.group);
                return Err(footer.bad("n, k, e", 0, &reason));
            }
            heads.rows.push(head);
        }
        if self.histograms {
            let at = |column: usize, row: usize| {
                columns.get(column).and_then(|it| it.get(row)).copied().unwrap_or(0)
            };
            heads.histograms.extend((0..count).map(|row| {
                let more = [8, 9, 10, 12, 13, 14].map(|column| at(column, row) as i32);
                (more, thresholds.get(row).copied().unwrap_or(0.0))
            }));
        }
        Ok(heads)
    }
}

/// The places of the lists of samples among the list columns ([`LISTS`]).
pub(crate) const XI: usize = 0;
pub(crate) const XV: usize = 1;
pub(crate) const SD: usize = 2;
pub(crate) const TD: usize = 3;
pub(crate) const DL: usize = 4;
pub(crate) const F: usize = 5;
pub(crate) const D: usize = 6;

/// How many values a row has in list column `at`, as its scalars say.
pub(crate) fn list_len(head: &RowHead, at: usize) -> usize {
    match at {
        XI | XV => head.exceptions(),
        SD => head.sd(),
        TD => head.td(),
        DL => head.dl(),
        F => head.f(),
        _ => head.d(),
    }
}

/// How the values of list column `at` are to lie.
pub(crate) fn want(at: usize) -> Want {
    match at {
        XI | XV => Want::Plain,
        SD..=D => Want::Split,
        _ => Want::Any,
    }
}
