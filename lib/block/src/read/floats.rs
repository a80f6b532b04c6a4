//! Rows of floats, one after the other: pages are unpacked as rows come to need them, and their memory is taken for those that follow.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use mneme_model::chunk::{Columns, Planes};

use super::footer::{Chunk, Footer};
use super::labels;
use super::leaf::Leaf;
use super::lists::{Lists, columns};
use super::pieces::Pieces;
use super::plan::{Heads, Plan, list_len, want};
use crate::Error;
use crate::codec::Bad;
use crate::codec::page::Unpacker;
use crate::rows::RowHead;

/// Calls `visit` with the rows of a plan that are `wanted`, in the order of the file.
pub(crate) fn each(
    plan: &Plan,
    footer: &Footer,
    pieces: &Pieces,
    unpacker: &mut Unpacker,
    wanted: impl Fn(&RowHead) -> bool,
    mut visit: impl FnMut(&RowHead, &Columns<'_>) -> Result<(), Bad>,
) -> Result<(), Error> {
    let heads = plan.heads(footer, pieces, unpacker)?;
    let mut cursors = Cursors::new(plan);
    for row in plan.picked(&heads, wanted) {
        cursors.read(row, &heads, (footer, pieces), unpacker, &mut visit)?;
    }
    cursors.close(unpacker);
    Ok(())
}

/// A column of lists, and where in it a row's values are.
struct Cursor {
    /// Its number among the columns of lists.
    at: usize,
    chunk: Arc<Chunk>,
    width: usize,
    /// The rows of the open page; empty at first.
    rows: Range<u32>,
    leaf: Leaf,
    /// A row of the page, with its place.
    row: u32,
    start: usize,
    len: usize,
}

impl Cursor {
    fn new(at: usize, chunk: Arc<Chunk>, width: usize) -> Self {
        Self { at, chunk, width, rows: 0..0, leaf: Leaf::default(), row: 0, start: 0, len: 0 }
    }

    /// Goes to a row that is not before the one where it is. Says whether another page was unpacked.
    #[inline]
    fn seek(
        &mut self,
        row: u32,
        heads: &[RowHead],
        footer: &Footer,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<bool, Error> {
        let column = self.at;
        let len = |row: u32| heads.get(row as usize).map_or(0, |head| list_len(head, column));
        let here = len(row);
        if here == 0 {
            self.len = 0;
            return Ok(false);
        }
        let opens = self.rows.end <= row;
        if opens {
            self.open(row, heads, footer, pieces, unpacker)?;
        }
        self.start += (self.row..row).map(len).sum::<usize>();
        (self.row, self.len) = (row, here);
        Ok(opens)
    }

    /// Unpacks the page that has a row.
    fn open(
        &mut self,
        row: u32,
        heads: &[RowHead],
        footer: &Footer,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<(), Error> {
        unpacker.give_back(std::mem::take(&mut self.leaf).into_values());
        let at = self.chunk.pages.partition_point(|page| page.rows.end <= row);
        let place = self.chunk.pages.get(at).filter(|page| page.rows.start <= row);
        let place = place.ok_or_else(|| footer.bad(&self.chunk.column, 0, "a page is missing"))?;
        let bad = |bad: Bad| footer.bad(&self.chunk.column, place.bytes.start, bad.0);
        let page = labels::page(footer, &self.chunk, pieces, place, unpacker)?;
        self.leaf = Leaf::new(&page, self.width, want(self.at)).map_err(bad)?;
        let rows = heads.get(place.rows.start as usize..place.rows.end as usize).unwrap_or_default();
        if rows.iter().map(|head| list_len(head, self.at)).sum::<usize>() != self.leaf.count() {
            return Err(bad(Bad("a page has another number of values than its rows")));
        }
        (self.rows, self.row, self.start) = (place.rows.clone(), place.rows.start, 0);
        Ok(())
    }

    /// What is no longer looked at may be used for other pages.
    fn close(self, unpacker: &mut Unpacker) {
        let values: Bytes = self.leaf.into_values();
        unpacker.give_back(values);
    }
}

/// The columns of lists of a row group, all at the same row. Of each one page is unpacked.
pub(crate) struct Cursors {
    lists: Vec<Cursor>,
    /// Pages stay for a while: they should be small.
    narrow: bool,
    /// Where the row group starts in the file.
    offset: u64,
}

impl Cursors {
    /// Before the first row.
    pub(crate) fn new(plan: &Plan) -> Self {
        let lists = plan.lists.iter().enumerate();
        let lists = lists.map(|(at, (chunk, width))| Cursor::new(at, Arc::clone(chunk), *width));
        Self { lists: lists.collect(), narrow: false, offset: plan.offset() }
    }

    /// The same for rows that are read with long breaks between them: pages are held without their zeros, which costs a copy.
    pub(crate) fn narrow(plan: &Plan) -> Self {
        Self { narrow: true, ..Self::new(plan) }
    }

    /// Calls `visit` with a row, which is behind the one before.
    pub(crate) fn read(
        &mut self,
        row: u32,
        heads: &Heads,
        (footer, pieces): (&Footer, &Pieces),
        unpacker: &mut Unpacker,
        mut visit: impl FnMut(&RowHead, &Columns<'_>) -> Result<(), Bad>,
    ) -> Result<(), Error> {
        let Some(head) = heads.rows.get(row as usize) else { return Ok(()) };
        for cursor in &mut self.lists {
            let opened = cursor.seek(row, &heads.rows, footer, pieces, unpacker)?;
            if opened && self.narrow {
                unpacker.give_back(cursor.leaf.narrow());
            }
        }
        columns(head, self).and_then(|columns| visit(head, &columns)).map_err(|bad| {
            let column = format!("row of series {} at {}", head.sid, head.t0);
            footer.bad(&column, self.offset, bad.0)
        })
    }

    /// What is no longer looked at may be used for other pages.
    pub(crate) fn close(self, unpacker: &mut Unpacker) {
        self.lists.into_iter().for_each(|cursor| cursor.close(unpacker));
    }
}

impl Lists for Cursors {
    #[inline]
    fn planes(&self, column: usize) -> Result<Planes<'_>, Bad> {
        let cursor = self.lists.get(column).ok_or(Bad("a column is missing"))?;
        cursor.leaf.planes(cursor.start, cursor.len)
    }

    #[inline]
    fn plain(&self, column: usize) -> Result<&[u8], Bad> {
        let cursor = self.lists.get(column).ok_or(Bad("a column is missing"))?;
        cursor.leaf.plain(cursor.start, cursor.len)
    }
}
