//! Which series match.

use std::ops::Range;

use mneme_model::{Matcher, TimestampMs};

use super::{RANGE, SeriesTable, within_rows};
use crate::Error;
use crate::codec::page::Unpacker;
use crate::read::deletion::Deletion;
use crate::read::holes::Holes;
use crate::read::labels::ABSENT;
use crate::read::select::Select;

/// A row of the series table that may match.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) row: u32,
    pub(super) samples: u64,
    /// Time of its first sample.
    first: TimestampMs,
    /// Time of its last sample.
    last: TimestampMs,
    holes: Vec<(TimestampMs, TimestampMs)>,
}

impl Candidate {
    /// Whether it may be that all its samples in the range are deleted: neither its first nor its last one is there and left.
    pub(super) fn is_doubtful(&self, holes: &Holes, (start, end): (TimestampMs, TimestampMs)) -> bool {
        let is_left = |t: TimestampMs| (start..=end).contains(&t) && !holes.contain(t);
        holes.overlap(start, end) && !is_left(self.first) && !is_left(self.last)
    }
}

impl SeriesTable {
    /// The series that match in the rows whose pages were fetched, ascending.
    pub(super) fn find(
        &mut self,
        select: &Select,
        deletions: &[Deletion],
        rows: &[Range<u32>],
    ) -> Result<Vec<(Candidate, Holes)>, Error> {
        let mut unpacker = self.unpacker()?;
        let mut selected = self.rows_of_range(rows, select.start, select.end, &mut unpacker)?;
        for matcher in &select.matchers {
            self.keep_matching(matcher, rows, &mut selected, &mut unpacker)?;
        }
        for deletion in deletions.iter().filter(|it| it.overlaps(select.start, select.end)) {
            self.delete(deletion, rows, &mut selected, &mut unpacker)?;
        }
        Ok(remaining(selected, select.start, select.end))
    }

    /// Notes for the series that a deletion is of when it is.
    fn delete(
        &mut self,
        deletion: &Deletion,
        rows: &[Range<u32>],
        selected: &mut [Candidate],
        unpacker: &mut Unpacker,
    ) -> Result<(), Error> {
        let touched = selected.iter().filter(|it| deletion.overlaps(it.first, it.last));
        let mut touched: Vec<Candidate> = touched.cloned().collect();
        for matcher in &deletion.matchers {
            self.keep_matching(matcher, rows, &mut touched, unpacker)?;
        }
        for one in touched {
            if let Ok(at) = selected.binary_search_by_key(&one.row, |it| it.row) {
                selected[at].holes.push((deletion.start, deletion.end));
            }
        }
        Ok(())
    }

    /// The rows with samples in the time range, and how many samples they have.
    fn rows_of_range(
        &mut self,
        rows: &[Range<u32>],
        start: TimestampMs,
        end: TimestampMs,
        unpacker: &mut Unpacker,
    ) -> Result<Vec<Candidate>, Error> {
        let [mint, maxt, samples] = [
            self.number_column(RANGE[0], rows, unpacker)?,
            self.number_column(RANGE[1], rows, unpacker)?,
            self.number_column(RANGE[2], rows, unpacker)?,
        ];
        let mut found = Vec::new();
        for row in rows.iter().cloned().flatten() {
            let (Some(first), Some(last)) = (mint.get(row), maxt.get(row)) else { continue };
            if first <= end && start <= last {
                let samples = samples.get(row).and_then(|it| u64::try_from(it).ok()).unwrap_or(0);
                found.push(Candidate { row, samples, first, last, holes: Vec::new() });
            }
        }
        Ok(found)
    }

    fn keep_matching(
        &mut self,
        matcher: &Matcher,
        rows: &[Range<u32>],
        selected: &mut Vec<Candidate>,
        unpacker: &mut Unpacker,
    ) -> Result<(), Error> {
        if selected.is_empty() {
            return Ok(());
        }
        if let Some(name) = self.column(matcher.name()) {
            let (first, last) = (selected.first().map(|it| it.row), selected.last().map(|it| it.row));
            let column = self.text_column(&name, &within_rows(rows, first, last), unpacker)?;
            // Each value is looked at once at most: the answer is kept.
            let mut known: Vec<Option<bool>> = vec![None; column.texts.len()];
            let empty = matcher.matches_empty();
            selected.retain(|it| match column.id(it.row) {
                ABSENT => empty,
                id => match known.get_mut(id as usize) {
                    Some(answer) => *answer.get_or_insert_with(|| matcher.matches(column.texts.get(id))),
                    None => false,
                },
            });
        } else if self.in_rest(matcher.name()) {
            let rest = self.rest(unpacker)?;
            selected.retain(|it| matcher.matches(rest.get(it.row, matcher.name()).unwrap_or("")));
        } else if !matcher.matches_empty() {
            selected.clear();
        }
        Ok(())
    }
}

/// Those that have anything left in the range.
fn remaining(selected: Vec<Candidate>, start: TimestampMs, end: TimestampMs) -> Vec<(Candidate, Holes)> {
    let with_holes = selected.into_iter().map(|mut it| {
        let holes = Holes::new(std::mem::take(&mut it.holes));
        (it, holes)
    });
    with_holes.filter(|(it, holes)| !holes.cover(it.first.max(start), it.last.min(end))).collect()
}
