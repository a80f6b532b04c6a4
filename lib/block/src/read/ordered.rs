//! The rows of a samples table in the order of their series, unpacked a few pages at a time.
//!
//! A table is sorted by window, then by series. So the row groups of one window, or of several where their series ascend, are a *strand*:
//! all strands are walked side by side. A *slice* is what one page of ids names: it is fetched and unpacked as one.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use mneme_model::chunk::Columns;

use super::floats::Cursors;
use super::footer::Footer;
use super::group::Row;
use super::pieces::Pieces;
use super::plan::{Heads, Plan};
use super::samples::{SamplesTable, Wanted};
use crate::Error;
use crate::codec::Bad;
use crate::codec::page::Unpacker;
use crate::rows::RowHead;

/// A table that is walked series by series.
pub(crate) struct OrderedRows {
    pub(crate) footer: Arc<Footer>,
    pub(crate) histograms: bool,
    groups: Vec<Group>,
    strands: Vec<Strand>,
}

/// Where a slice is, and what it costs to fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SliceAt {
    /// No series of it, nor of a later one of its strand, has a lower id.
    pub(crate) first: u32,
    pub(crate) bytes: u64,
    group: usize,
    slice: usize,
}

struct Group {
    number: usize,
    plan: Plan,
    /// What several slices need.
    shared: Vec<Range<u64>>,
    /// The same, once the first slice was fetched.
    shared_pieces: Pieces,
    slices: Vec<Slice>,
}

struct Slice {
    /// As in [`SliceAt`].
    first: u32,
    rows: Range<u32>,
    ranges: Vec<Range<u64>>,
    /// `None` until they are fetched, and once the slice is open.
    pieces: Option<Pieces>,
}

struct Strand {
    /// Which row groups.
    groups: Range<usize>,
    /// The next slice of the first of `groups`.
    slice: usize,
    /// Of a table of floats the open slice.
    open: Option<Open>,
    /// Of one of histograms the rows that wait for their series.
    rows: VecDeque<Row>,
}

/// Rows of floats that wait for their series.
struct Open {
    heads: Heads,
    cursors: Cursors,
    /// Of the slice.
    pieces: Pieces,
    rows: VecDeque<u32>,
}

impl OrderedRows {
    /// The rows of the series wanted.
    pub(crate) fn new(table: SamplesTable, wanted: &Wanted) -> Result<Self, Error> {
        let (mut groups, mut strands) = (Vec::new(), Vec::<Strand>::new());
        // The highest series id before: where that is not known a strand ends.
        let mut before = None;
        for number in table.groups(wanted) {
            let pages = table.pages_of_sids(number, &wanted.sids)?;
            if pages.is_empty() {
                continue;
            }
            let bounds = table.footer.bounds(number, "sid").map(|(least, most)| (least as u32, most as u32));
            match (strands.last_mut(), before.zip(bounds)) {
                (Some(strand), Some((before, (least, _)))) if before <= least => {
                    strand.groups.end = groups.len() + 1;
                }
                _ => strands.push(Strand {
                    groups: groups.len()..groups.len() + 1,
                    slice: 0,
                    open: None,
                    rows: VecDeque::new(),
                }),
            }
            before = bounds.map(|(_, most)| most);
            groups.push(Group::new(&table, number, pages)?);
        }
        for strand in &strands {
            let of_strand = groups.get_mut(strand.groups.clone()).unwrap_or_default();
            let mut first = 0;
            for slice in of_strand.iter_mut().flat_map(|group| &mut group.slices) {
                first = slice.first.max(first);
                slice.first = first;
            }
        }
        Ok(Self { footer: table.footer, histograms: table.histograms, groups, strands })
    }

    /// All slices: those of each strand ascend.
    pub(crate) fn slices(&self) -> Vec<SliceAt> {
        let mut all = Vec::new();
        for strand in &self.strands {
            for (group, one) in strand.groups.clone().filter_map(|at| Some((at, self.groups.get(at)?))) {
                for (slice, own) in one.slices.iter().enumerate() {
                    let shared = if slice == 0 { one.shared.as_slice() } else { &[] };
                    let bytes = own.ranges.iter().chain(shared).map(|range| range.end - range.start).sum();
                    all.push(SliceAt { first: own.first, bytes, group, slice });
                }
            }
        }
        all
    }

    /// The ranges of the file that a slice needs which is fetched after those before it.
    pub(crate) fn ranges(&self, at: &SliceAt) -> impl Iterator<Item = Range<u64>> {
        let group = self.groups.get(at.group);
        let own = group.and_then(|group| group.slices.get(at.slice)).into_iter().flat_map(|it| &it.ranges);
        let shared = group.filter(|_| at.slice == 0).into_iter().flat_map(|group| &group.shared);
        own.chain(shared).cloned()
    }

    /// Takes what was fetched of a slice.
    pub(crate) fn take(&mut self, at: &SliceAt, fetched: &Pieces) {
        let Some(group) = self.groups.get_mut(at.group) else { return };
        if at.slice == 0 {
            // A copy where it stays for longer, so that it does not hold all that came with it.
            let shared = fetched.part(&group.shared);
            group.shared_pieces = if group.slices.len() > 1 { shared.copy() } else { shared };
        }
        if let Some(slice) = group.slices.get_mut(at.slice) {
            let own = fetched.part(&slice.ranges);
            slice.pieces = Some(own.and(&group.shared_pieces));
        }
    }

    /// Calls `visit` with the rows of the next series, in the order of time. Series are asked for in their order, and all that are wanted.
    pub(crate) fn floats_of(
        &mut self,
        sid: u32,
        wanted: &Wanted,
        unpacker: &mut Unpacker,
        mut visit: impl FnMut(&RowHead, &Columns<'_>) -> Result<(), Bad>,
    ) -> Result<(), Error> {
        for strand in &mut self.strands {
            loop {
                if let Some(open) = &mut strand.open {
                    while let Some(row) = open.next(sid).map_err(|bad| self.footer.bad("sid", 0, bad.0))? {
                        let from = (&*self.footer, &open.pieces);
                        open.cursors.read(row, &open.heads, from, unpacker, &mut visit)?;
                    }
                    if !open.rows.is_empty() {
                        break;
                    }
                }
                let Some((group, slice)) = strand.next(sid, &mut self.groups, &self.footer, unpacker)? else {
                    break;
                };
                let pieces = slice.pieces;
                let mut open = match strand.open.take() {
                    Some(open) => open,
                    None => Open {
                        heads: group.plan.heads(&self.footer, &pieces, unpacker)?,
                        cursors: Cursors::narrow(&group.plan),
                        pieces: Pieces::default(),
                        rows: VecDeque::new(),
                    },
                };
                let keep = |head: &RowHead| wanted.is_wanted(head);
                open.rows = open.heads.picked(std::slice::from_ref(&slice.rows), keep).into();
                open.pieces = pieces;
                strand.open = Some(open);
            }
        }
        Ok(())
    }

    /// The same for histograms: moves the rows into `out`.
    pub(crate) fn histograms_of(
        &mut self,
        sid: u32,
        wanted: &Wanted,
        unpacker: &mut Unpacker,
        out: &mut Vec<Row>,
    ) -> Result<(), Error> {
        for strand in &mut self.strands {
            loop {
                while let Some(row) = strand.rows.front() {
                    match row.head.sid.cmp(&sid) {
                        Ordering::Less => return Err(row.bad(NOT_IN_ORDER)),
                        Ordering::Equal => out.extend(strand.rows.pop_front()),
                        Ordering::Greater => break,
                    }
                }
                if !strand.rows.is_empty() {
                    break;
                }
                let Some((group, slice)) = strand.next(sid, &mut self.groups, &self.footer, unpacker)? else {
                    break;
                };
                let plan = Plan::new(&self.footer, group.number, true, vec![slice.rows])?;
                let keep = |head: &RowHead| wanted.is_wanted(head);
                strand.rows.extend(plan.rows(&self.footer, &slice.pieces, unpacker, keep)?.0);
            }
        }
        Ok(())
    }
}

const NOT_IN_ORDER: Bad = Bad("rows are not in the order of their series");

/// A slice that is to be opened.
struct Next {
    rows: Range<u32>,
    pieces: Pieces,
}

impl Open {
    /// The next row of the series.
    fn next(&mut self, sid: u32) -> Result<Option<u32>, Bad> {
        let Some(row) = self.rows.front().copied() else { return Ok(None) };
        let head = self.heads.rows.get(row as usize).ok_or(NOT_IN_ORDER)?;
        match head.sid.cmp(&sid) {
            Ordering::Less => Err(NOT_IN_ORDER),
            Ordering::Equal => Ok(self.rows.pop_front()),
            Ordering::Greater => Ok(None),
        }
    }
}

impl Group {
    fn new(table: &SamplesTable, number: usize, pages: Vec<(Range<u32>, u32)>) -> Result<Self, Error> {
        let rows: Vec<Range<u32>> = pages.iter().map(|(rows, _)| rows.clone()).collect();
        let plan = Plan::new(&table.footer, number, table.histograms, rows.clone())?;
        let (shared, own) = plan.ranges_of(&rows);
        let slice = |((rows, first), ranges)| Slice { first, rows, ranges, pieces: None };
        let slices = pages.into_iter().zip(own).map(slice).collect();
        Ok(Self { number, plan, shared, shared_pieces: Pieces::default(), slices })
    }
}

impl Strand {
    /// The next slice, if the series may be in it. All rows of the one before are read.
    fn next<'g>(
        &mut self,
        sid: u32,
        groups: &'g mut [Group],
        footer: &Footer,
        unpacker: &mut Unpacker,
    ) -> Result<Option<(&'g Group, Next)>, Error> {
        while let Some(group) = groups.get_mut(self.groups.start).filter(|_| !self.groups.is_empty())
            && self.slice == group.slices.len()
        {
            group.shared_pieces = Pieces::default();
            if let Some(open) = self.open.take() {
                open.cursors.close(unpacker);
            }
            (self.groups.start, self.slice) = (self.groups.start + 1, 0);
        }
        if self.groups.is_empty() {
            return Ok(None);
        }
        let Some(group) = groups.get_mut(self.groups.start) else { return Ok(None) };
        let Some(slice) = group.slices.get_mut(self.slice) else { return Ok(None) };
        if slice.first > sid {
            return Ok(None);
        }
        let pieces = slice.pieces.take();
        let pieces = pieces.ok_or_else(|| footer.bad("sid", 0, "a page was not fetched"))?;
        let next = Next { rows: slice.rows.clone(), pieces };
        self.slice += 1;
        Ok(Some((group, next)))
    }
}
