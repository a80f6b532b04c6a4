//! The pages of a row group that some rows need, and those rows: how histograms are held until they are decoded.

use std::sync::Arc;

use super::column;
use super::footer::Footer;
use super::labels;
use super::leaf::Leaf;
use super::lists::{Lists, columns};
use super::pieces::Pieces;
use super::plan::{D, Plan, XI, list_len, want};
use crate::Error;
use crate::codec::Bad;
use crate::codec::page::Unpacker;
use crate::rows::{Layout, RowHead};
use mneme_model::chunk::{Columns, Planes};
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

impl Plan {
    /// Unpacks what was fetched; `wanted` picks rows by their scalars. Says also how many bytes are held.
    pub(crate) fn rows(
        &self,
        footer: &Footer,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
        wanted: impl Fn(&RowHead) -> bool,
    ) -> Result<(Vec<Row>, usize), Error> {
        let heads = self.heads(footer, pieces, unpacker)?;
        let picked = self.picked(&heads, wanted);
        let (heads, histograms) = (heads.rows, heads.histograms);
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
                let leaf = Leaf::new(&page, *width, want(at)).map_err(bad)?;
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
        memory += places.len() * size_of::<Place>();
        let group = Arc::new(Group { key: Arc::clone(&footer.key), offset: self.offset(), columns, places });
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
}

impl Row {
    fn leaf(&self, column: usize) -> Result<(&Leaf, Place), Bad> {
        let leaves = self.group.columns.get(column).ok_or(Bad("a column is missing"))?;
        let at = self.number as usize * self.group.columns.len() + column;
        let place = self.group.places.get(at).copied().ok_or(Bad("a column is missing"))?;
        Ok((leaves.get(place.page as usize).ok_or(Bad("a page is missing"))?, place))
    }

    /// The sums of the row's histograms, as samples.
    pub(crate) fn columns(&self) -> Result<Columns<'_>, Bad> {
        columns(&self.head, self)
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

impl Lists for Row {
    fn planes(&self, column: usize) -> Result<Planes<'_>, Bad> {
        let (leaf, place) = self.leaf(column)?;
        leaf.planes(place.start as usize, place.len as usize)
    }

    fn plain(&self, column: usize) -> Result<&[u8], Bad> {
        let (leaf, place) = self.leaf(column)?;
        leaf.plain(place.start as usize, place.len as usize)
    }
}
