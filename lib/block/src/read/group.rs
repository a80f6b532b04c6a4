//! The pages of a row group that some rows need, and those rows.

use std::ops::Range;
use std::sync::Arc;

use super::column;
use super::footer::{Chunk, Footer};
use super::labels;
use super::leaf::{Leaf, Want};
use super::pieces::Pieces;
use crate::Error;
use crate::codec::Bad;
use crate::codec::page::Unpacker;
use crate::rows::{Layout, POWERS, RowHead, flag, to_float};
use crate::schema::{HISTOGRAM_LISTS, HISTOGRAM_SCALARS, LISTS, SCALARS};
use mneme_model::chunk::{Columns, Planes, Values};
use mneme_model::histogram::Span;

/// Where the values of a row begin in a list column: which page, and where in it, and how many they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    page: u32,
    start: u32,
    len: u32,
}

/// The pages of a row group, unpacked and shared by its rows.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: Arc<str>,
    /// Where the row group starts in the file.
    pub(crate) offset: u64,
    columns: Vec<Vec<Leaf>>,
    /// Of each row that was picked the places of its lists, one per column.
    places: Vec<Place>,
}

/// A row of samples or histograms: its scalars, and where its lists are.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) head: RowHead,
    /// Its number among the rows of the group that were picked.
    number: u32,
    group: Arc<Group>,
    /// What only rows of histograms have: kind, hint, schema, positive spans, positive and negative buckets; the zero threshold.
    histogram: Option<Box<([i32; 6], f64)>>,
}

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
    lists: Vec<(Arc<Chunk>, usize)>,
    /// Rows whose pages are read.
    rows: Vec<Range<u32>>,
    count: u32,
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
        let scalars = self.scalars.iter().flat_map(|chunk| chunk.pages.iter().map(|page| page.bytes.clone()));
        let lists = self.lists.iter();
        let lists = lists.flat_map(|(chunk, _)| chunk.pages_of(&self.rows).map(|page| page.bytes.clone()));
        scalars.chain(lists).collect()
    }

    /// Unpacks what was fetched; `wanted` picks rows by their scalars. Says also how many bytes are held.
    pub(crate) fn read(
        &self,
        footer: &Footer,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
        wanted: impl Fn(&RowHead) -> bool,
    ) -> Result<(Vec<Row>, usize), Error> {
        let (heads, histograms) = self.heads(footer, pieces, unpacker)?;
        let picked: Vec<u32> = self
            .rows
            .iter()
            .cloned()
            .flatten()
            .filter(|row| heads.get(*row as usize).is_some_and(&wanted))
            .collect();
        if picked.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let mut places = vec![Place::default(); picked.len() * self.lists.len()];
        let mut columns = Vec::with_capacity(self.lists.len());
        let mut memory = 0;
        for (at, (chunk, width)) in self.lists.iter().enumerate() {
            let mut leaves = Vec::new();
            for place in chunk.pages_of(&self.rows) {
                let from = picked.partition_point(|row| *row < place.rows.start);
                let to = picked.partition_point(|row| *row < place.rows.end);
                if from == to {
                    continue;
                }
                let bad = |bad: Bad| footer.bad(&chunk.column, place.bytes.start, bad.0);
                let page = labels::page(footer, chunk, pieces, place, unpacker)?;
                let want = match at {
                    XI | XV => Want::Plain,
                    SD..=D => Want::Split,
                    _ => Want::Any,
                };
                let leaf = Leaf::new(&page, *width, want).map_err(bad)?;
                // What the scalars say is quicker than levels; only some columns of histograms need these.
                let lens = match at {
                    XI..=D => None,
                    _ => Some(column::lens(&page).map_err(bad)?),
                };
                let mut start = 0usize;
                let mut next = from;
                for (i, row) in place.rows.clone().enumerate() {
                    let len = match &lens {
                        Some(lens) => lens.get(i).copied().unwrap_or(0) as usize,
                        None => heads.get(row as usize).map_or(0, |head| list_len(head, at)),
                    };
                    if next < to && picked[next] == row {
                        places[next * self.lists.len() + at] =
                            Place { page: leaves.len() as u32, start: start as u32, len: len as u32 };
                        next += 1;
                    }
                    start += len;
                }
                if start != leaf.count() {
                    return Err(bad(Bad("a page has another number of values than its rows")));
                }
                memory += leaf.memory();
                leaves.push(leaf);
            }
            columns.push(leaves);
        }
        let offset =
            self.scalars.first().and_then(|chunk| chunk.pages.first()).map_or(0, |page| page.bytes.start);
        memory += places.len() * size_of::<Place>();
        let group = Arc::new(Group { key: Arc::clone(&footer.key), offset, columns, places });
        let rows: Vec<Row> = picked
            .iter()
            .zip(0..)
            .map(|(row, number)| Row {
                head: heads[*row as usize],
                number,
                group: Arc::clone(&group),
                histogram: histograms.get(*row as usize).map(|it| Box::new(*it)),
            })
            .collect();
        memory += rows.len() * size_of::<Row>();
        Ok((rows, memory))
    }

    /// The scalars of all rows.
    #[expect(clippy::type_complexity, reason = "what rows of histograms have besides")]
    fn heads(
        &self,
        footer: &Footer,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<(Vec<RowHead>, Vec<([i32; 6], f64)>), Error> {
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
        let mut heads = Vec::with_capacity(count);
        let mut histograms = Vec::new();
        for row in 0..count {
            let at =
                |column: usize| columns.get(column).and_then(|values| values.get(row)).copied().unwrap_or(0);
            let head = RowHead {
                sid: at(0) as u32,
                t0: at(1),
                n: at(2) as u32,
                step: at(3) as i32,
                k: at(4) as i32,
                e: u8::try_from(at(5)).unwrap_or(u8::MAX),
                m0: at(6),
                st: at(7),
            };
            if !head.is_valid() {
                return Err(footer.bad(
                    "n, k, e",
                    0,
                    &format!("row {row} of row group {} is invalid", self.group),
                ));
            }
            heads.push(head);
            if self.histograms {
                let more = [8, 9, 10, 12, 13, 14].map(|column| at(column) as i32);
                histograms.push((more, thresholds.get(row).copied().unwrap_or(0.0)));
            }
        }
        Ok((heads, histograms))
    }
}

/// The places of the lists of samples among the list columns ([`LISTS`]).
const XI: usize = 0;
const XV: usize = 1;
const SD: usize = 2;
const TD: usize = 3;
const DL: usize = 4;
const F: usize = 5;
const D: usize = 6;

/// How many values a row has in list column `at`, as its scalars say.
fn list_len(head: &RowHead, at: usize) -> usize {
    match at {
        XI | XV => head.exceptions(),
        SD => head.sd(),
        TD => head.td(),
        DL => head.dl(),
        F => head.f(),
        _ => head.d(),
    }
}

impl Row {
    fn leaf(&self, column: usize) -> Result<(&Leaf, Place), Bad> {
        let leaves = self.group.columns.get(column).ok_or(Bad("a column is missing"))?;
        let at = self.number as usize * self.group.columns.len() + column;
        let place = self.group.places.get(at).copied().ok_or(Bad("a column is missing"))?;
        Ok((leaves.get(place.page as usize).ok_or(Bad("a page is missing"))?, place))
    }

    /// The row's samples; of a row of histograms their sums.
    pub(crate) fn columns(&self) -> Result<Columns<'_>, Bad> {
        let head = &self.head;
        let power = *POWERS.get(usize::from(head.e)).ok_or(Bad("an exponent is too large"))?;
        let jitter = if head.has(flag::TD) { Some(self.planes(TD)?) } else { None };
        let integers = |differences| Values::Integers { first: head.m0, exponent: head.e, differences };
        let values = if head.has(flag::F) && head.has(flag::F1) {
            Values::One(f64::from_bits(self.planes(F)?.get(0)))
        } else if head.has(flag::F) {
            Values::Bits(self.planes(F)?)
        } else if head.has(flag::D) {
            integers(self.planes(D)?)
        } else if head.has(flag::DL) {
            integers(self.planes(DL)?)
        } else {
            Values::One(to_float(head.m0, power))
        };
        let (places, exceptions) =
            if head.has(flag::X) { (self.plain(XI)?, self.plain(XV)?) } else { Default::default() };
        let starts = match (head.has(flag::SD), head.st) {
            (true, first) => Some((first, Some(self.planes(SD)?))),
            (false, 0) => None,
            (false, first) => Some((first, None)),
        };
        let (count, step) = (head.n as usize, i64::from(head.step));
        Ok(Columns { min_time: head.t0, count, step, jitter, values, places, exceptions, starts })
    }

    fn planes(&self, column: usize) -> Result<Planes<'_>, Bad> {
        let (leaf, place) = self.leaf(column)?;
        leaf.planes(place.start as usize, place.len as usize)
    }

    fn plain(&self, column: usize) -> Result<&[u8], Bad> {
        let (leaf, place) = self.leaf(column)?;
        leaf.plain(place.start as usize, place.len as usize)
    }

    pub(crate) fn i32s(&self, column: usize, out: &mut Vec<i32>) -> Result<(), Bad> {
        let (leaf, place) = self.leaf(column)?;
        leaf.i32s(place.start as usize, place.len as usize, out)
    }

    pub(crate) fn i64s(&self, column: usize, out: &mut Vec<i64>) -> Result<(), Bad> {
        let (leaf, place) = self.leaf(column)?;
        leaf.i64s(place.start as usize, place.len as usize, out)
    }

    pub(crate) fn f64s(&self, column: usize, out: &mut Vec<f64>) -> Result<(), Bad> {
        let (leaf, place) = self.leaf(column)?;
        leaf.f64s(place.start as usize, place.len as usize, out)
    }

    /// The layout of a row of histograms.
    pub(crate) fn layout(&self) -> Result<Layout, Bad> {
        let (numbers, zero_threshold) = *self.histogram.as_deref().ok_or(Bad("a row has no histograms"))?;
        let [kind, hint, schema, positive_spans, positive_buckets, negative_buckets] = numbers;
        let (mut offsets, mut lengths, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
        self.i32s(7, &mut offsets)?;
        self.i32s(8, &mut lengths)?;
        self.f64s(9, &mut bounds)?;
        if offsets.len() != lengths.len() {
            return Err(Bad("spans have another number of offsets than lengths"));
        }
        let spans = offsets.iter().zip(&lengths);
        let size = |number: i32| usize::try_from(number).map_err(|_| Bad("a size is negative"));
        Ok(Layout {
            float: kind != 0,
            hint: u8::try_from(hint).unwrap_or(u8::MAX),
            schema,
            zero_threshold,
            spans: spans.map(|(offset, length)| Span { offset: *offset, length: *length as u32 }).collect(),
            positive_spans: size(positive_spans)?,
            positive_buckets: size(positive_buckets)?,
            negative_buckets: size(negative_buckets)?,
            bounds,
        })
    }

    /// An error in this row.
    pub(crate) fn bad(&self, bad: Bad) -> Error {
        Error::Corrupt {
            key: self.group.key.to_string(),
            column: format!("row of series {} at {}", self.head.sid, self.head.t0),
            offset: self.group.offset,
            reason: bad.0.to_owned(),
        }
    }
}
