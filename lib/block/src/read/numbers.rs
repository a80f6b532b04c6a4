//! Columns of numbers of the series table.

use std::ops::Range;

use super::column;
use super::footer::{Chunk, Footer};
use super::labels;
use super::pieces::Pieces;
use crate::Error;
use crate::codec::page::Unpacker;

/// A column of numbers, of some rows.
#[derive(Debug, Default)]
pub(crate) struct NumberColumn {
    /// Row ranges that were read, ascending, with their numbers.
    runs: Vec<(Range<u32>, Vec<i64>)>,
}

impl NumberColumn {
    /// Reads the pages of `rows`, which were fetched.
    pub(crate) fn read(
        footer: &Footer,
        chunk: &Chunk,
        rows: &[Range<u32>],
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<Self, Error> {
        let mut runs: Vec<(Range<u32>, Vec<i64>)> = Vec::new();
        for place in chunk.pages_of(rows) {
            let page = labels::page(footer, chunk, pieces, place, unpacker)?;
            match runs.last_mut() {
                Some((rows, _)) if rows.end == place.rows.start => rows.end = place.rows.end,
                _ => runs.push((place.rows.clone(), Vec::with_capacity(place.rows.len()))),
            }
            if let Some((_, numbers)) = runs.last_mut() {
                column::integers(&page, true, numbers)
                    .map_err(|bad| footer.bad(&chunk.column, place.bytes.start, bad.0))?;
            }
        }
        Ok(Self { runs })
    }

    /// A row's number, if the row was read.
    pub(crate) fn get(&self, row: u32) -> Option<i64> {
        let at = self.runs.partition_point(|(rows, _)| rows.end <= row);
        let (rows, numbers) = self.runs.get(at)?;
        numbers.get(row.checked_sub(rows.start)? as usize).copied()
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> u64 {
        self.runs.iter().map(|(_, numbers)| 8 * numbers.capacity() as u64 + 40).sum()
    }
}
