//! Columns of texts: a dictionary, and per row an id into it.

use std::ops::Range;

use super::column;
use super::footer::{Chunk, Footer, PageAt};
use super::pieces::Pieces;
use crate::Error;
use crate::codec::page::{Page, Unpacker, encoding};
use crate::codec::varint::Cursor;
use crate::codec::{Bad, hybrid};

/// The id of rows without a text.
pub(crate) const ABSENT: u32 = u32::MAX;

/// Texts, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Texts {
    /// Adds the texts of a page's plain values.
    fn add(&mut self, values: &[u8], count: usize) -> Result<(), Bad> {
        let bytes = values.len().checked_sub(count.saturating_mul(4)).ok_or(Bad("fewer bytes than texts"))?;
        if u32::try_from(self.text.len().saturating_add(bytes)).is_err() {
            return Err(Bad("too many texts"));
        }
        let mut input = Cursor::new(values);
        self.ends.reserve(count);
        self.text.reserve(bytes);
        for _ in 0..count {
            let len = input.take(4)?.first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
            let text = input.take(len as usize)?;
            self.text.push_str(std::str::from_utf8(text).map_err(|_| Bad("a text is not UTF-8"))?);
            self.ends.push(self.text.len() as u32);
        }
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes held.
    fn memory(&self) -> usize {
        self.text.capacity() + 4 * self.ends.capacity()
    }

    /// A text; `""` for [`ABSENT`].
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &str {
        let at = id as usize;
        let Some(end) = self.ends.get(at) else { return "" };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |start| *start);
        self.text.get(start as usize..*end as usize).unwrap_or("")
    }
}

/// A column of optional texts, of some rows.
#[derive(Debug)]
pub(crate) struct TextColumn {
    pub(crate) texts: Texts,
    /// Row ranges that were read, ascending, with the ids of their rows.
    runs: Vec<(Range<u32>, Vec<u32>)>,
}

impl TextColumn {
    /// The ranges to fetch for the dictionary and the pages of `rows`.
    pub(crate) fn ranges(chunk: &Chunk, rows: &[Range<u32>]) -> Vec<Range<u64>> {
        let pages = chunk.pages_of(rows).map(|page| page.bytes.clone());
        chunk.dictionary.iter().cloned().chain(pages).collect()
    }

    /// Reads the dictionary alone.
    pub(crate) fn dictionary(
        footer: &Footer,
        chunk: &Chunk,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<Texts, Error> {
        let mut texts = Texts::default();
        if let Some(range) = &chunk.dictionary {
            let page = any_page(footer, chunk, pieces, range, unpacker)?;
            if !page.dictionary {
                return Err(footer.bad(&chunk.column, range.start, "its dictionary is not one"));
            }
            texts
                .add(&page.values, page.count)
                .map_err(|bad| footer.bad(&chunk.column, range.start, bad.0))?;
        }
        Ok(texts)
    }

    /// Reads the pages of `rows`, which were fetched.
    pub(crate) fn read(
        footer: &Footer,
        chunk: &Chunk,
        rows: &[Range<u32>],
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<Self, Error> {
        let texts = Self::dictionary(footer, chunk, pieces, unpacker)?;
        let mut column = Self { texts, runs: Vec::new() };
        for place in chunk.pages_of(rows) {
            let page = page(footer, chunk, pieces, place, unpacker)?;
            let rows = (place.rows.end - place.rows.start) as usize;
            let ids = column.ids(&page, rows);
            let ids = ids.map_err(|bad| footer.bad(&chunk.column, place.bytes.start, bad.0))?;
            column.runs.push((place.rows.clone(), ids));
        }
        Ok(column)
    }

    fn ids(&mut self, page: &Page, rows: usize) -> Result<Vec<u32>, Bad> {
        if page.dictionary || page.entries != rows || page.rows != rows {
            return Err(Bad("a page has another number of rows"));
        }
        let mut values = Vec::new();
        values_of(page, &mut self.texts, &mut values)?;
        if page.count == rows {
            return Ok(values);
        }
        let mut defined = Vec::with_capacity(rows);
        column::levels(page.def(), rows, &mut defined)?;
        let mut values = values.into_iter();
        let ids: Option<Vec<u32>> =
            defined.iter().map(|level| if *level == 0 { Some(ABSENT) } else { values.next() }).collect();
        ids.ok_or(Bad("fewer values than levels say"))
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> u64 {
        (self.texts.memory() + self.runs.iter().map(|(_, ids)| 4 * ids.capacity() + 40).sum::<usize>()) as u64
    }

    /// Finds the ids of rows that ascend.
    pub(crate) fn ascending(&self) -> Ascending<'_> {
        Ascending { runs: &self.runs }
    }

    /// The id of a row that was read.
    pub(crate) fn id(&self, row: u32) -> u32 {
        let at = self.runs.partition_point(|(rows, _)| rows.end <= row);
        let run = self.runs.get(at).filter(|(rows, _)| rows.start <= row);
        run.and_then(|(rows, ids)| ids.get((row - rows.start) as usize)).copied().unwrap_or(ABSENT)
    }
}

/// The rows of a column, looked at from the first to the last.
pub(crate) struct Ascending<'c> {
    /// From the last row looked at on.
    runs: &'c [(Range<u32>, Vec<u32>)],
}

impl Ascending<'_> {
    /// The id of a row, which is behind the one before.
    #[inline]
    pub(crate) fn id(&mut self, row: u32) -> u32 {
        while let [(rows, ids), rest @ ..] = self.runs {
            if row < rows.end {
                let at = row.checked_sub(rows.start).and_then(|at| ids.get(at as usize));
                return at.copied().unwrap_or(ABSENT);
            }
            self.runs = rest;
        }
        ABSENT
    }
}

/// Appends the ids of a page's values; values that are not in the dictionary are added to it.
pub(crate) fn values_of(page: &Page, texts: &mut Texts, out: &mut Vec<u32>) -> Result<(), Bad> {
    match page.encoding {
        encoding::RLE_DICTIONARY | encoding::PLAIN_DICTIONARY => {
            if page.count == 0 {
                return Ok(());
            }
            let (width, ids) = page.values.split_first().ok_or(Bad("a page of ids is empty"))?;
            out.reserve(page.count.min(1 << 20));
            let known = texts.len() as u32;
            hybrid::runs(ids, u32::from(*width), page.count, |id, times| {
                if id >= known {
                    return Err(Bad("an id is not in the dictionary"));
                }
                if out.len() + times > 1 << 24 {
                    return Err(Bad("a page has too many values"));
                }
                if times == 1 {
                    out.push(id);
                } else {
                    out.resize(out.len() + times, id);
                }
                Ok(())
            })
        }
        encoding::PLAIN => {
            let from = texts.len() as u32;
            texts.add(&page.values, page.count)?;
            out.extend(from..texts.len() as u32);
            Ok(())
        }
        _ => Err(Bad("texts are laid out in a way that this version does not know")),
    }
}

/// Unpacks a data page that was fetched, which must hold as many rows as the footer says.
pub(crate) fn page(
    footer: &Footer,
    chunk: &Chunk,
    pieces: &Pieces,
    place: &PageAt,
    unpacker: &mut Unpacker,
) -> Result<Page, Error> {
    let page = any_page(footer, chunk, pieces, &place.bytes, unpacker)?;
    if page.dictionary || page.rows != place.rows.len() {
        return Err(footer.bad(&chunk.column, place.bytes.start, "a page has another number of rows"));
    }
    Ok(page)
}

fn any_page(
    footer: &Footer,
    chunk: &Chunk,
    pieces: &Pieces,
    range: &Range<u64>,
    unpacker: &mut Unpacker,
) -> Result<Page, Error> {
    let bytes = pieces.get(range);
    let bytes = bytes.ok_or_else(|| footer.bad(&chunk.column, range.start, "a page was not fetched"))?;
    unpacker.page(&bytes, chunk.zstd).map_err(|bad| footer.bad(&chunk.column, range.start, bad.0))
}

/// Lists of texts of whole row groups: labels in maps.
pub(crate) struct TextLists {
    pub(crate) texts: Texts,
    ids: Vec<u32>,
    starts: Vec<usize>,
}

impl TextLists {
    /// Reads all pages of a column.
    pub(crate) fn read(
        footer: &Footer,
        chunk: &Chunk,
        pieces: &Pieces,
        unpacker: &mut Unpacker,
    ) -> Result<Self, Error> {
        let texts = TextColumn::dictionary(footer, chunk, pieces, unpacker)?;
        let mut lists = Self { texts, ids: Vec::new(), starts: vec![0] };
        for place in &chunk.pages {
            let page = page(footer, chunk, pieces, place, unpacker)?;
            let bad = |bad: Bad| footer.bad(&chunk.column, place.bytes.start, bad.0);
            values_of(&page, &mut lists.texts, &mut lists.ids).map_err(bad)?;
            let mut end = lists.starts.last().copied().unwrap_or(0);
            for len in column::lens(&page).map_err(bad)? {
                end += len as usize;
                lists.starts.push(end);
            }
            if end != lists.ids.len() {
                return Err(bad(Bad("levels make another number of values")));
            }
        }
        Ok(lists)
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> u64 {
        (self.texts.memory() + 4 * self.ids.capacity() + 8 * self.starts.capacity()) as u64
    }

    /// The texts of a row.
    pub(crate) fn row(&self, row: u32) -> impl Iterator<Item = &str> {
        let row = row as usize;
        let range = self.starts.get(row).zip(self.starts.get(row + 1)).map_or(0..0, |(a, b)| *a..*b);
        self.ids.get(range).unwrap_or_default().iter().map(|id| self.texts.get(*id))
    }
}
