//! One page: its header, its levels, its values unpacked.

use std::ops::{Range, RangeInclusive};

use bytes::Bytes;

use super::Bad;
use super::varint::Cursor;

/// Pages that claim to be larger than this when unpacked are refused.
const MAX_PAGE: usize = 256 << 20;

/// How values are laid out (numbers of Parquet's `Encoding`).
pub(crate) mod encoding {
    pub(crate) const PLAIN: i32 = 0;
    pub(crate) const PLAIN_DICTIONARY: i32 = 2;
    pub(crate) const DELTA_BINARY_PACKED: i32 = 5;
    pub(crate) const RLE_DICTIONARY: i32 = 8;
    pub(crate) const BYTE_STREAM_SPLIT: i32 = 9;
}

/// A page, unpacked.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Whether it is a dictionary; then it has no levels, and `count` values.
    pub(crate) dictionary: bool,
    /// Entries of the level streams: values, nulls and empty lists together.
    pub(crate) entries: usize,
    /// Values present.
    pub(crate) count: usize,
    /// Rows.
    pub(crate) rows: usize,
    /// How the values are laid out.
    pub(crate) encoding: i32,
    rep: Range<usize>,
    def: Range<usize>,
    /// Levels as they were, for those who read them.
    levels: Bytes,
    /// The values.
    pub(crate) values: Bytes,
}

impl Page {
    /// The repetition levels.
    pub(crate) fn rep(&self) -> &[u8] {
        self.levels.get(self.rep.clone()).unwrap_or_default()
    }

    /// The definition levels.
    pub(crate) fn def(&self) -> &[u8] {
        self.levels.get(self.def.clone()).unwrap_or_default()
    }
}

/// Memory of pages is kept for others from so many bytes on: less is got quickly; and up to so many.
const SPARE: RangeInclusive<usize> = 32 << 10..=8 << 20;

/// So many pages' memory is kept.
const SPARES: usize = 8;

/// Unpacks pages, one after the other.
pub(crate) struct Unpacker {
    zstd: zstd::bulk::Decompressor<'static>,
    /// Memory that nobody uses.
    spare: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Header {
    kind: Option<i32>,
    unpacked: usize,
    packed: usize,
    entries: usize,
    nulls: usize,
    rows: usize,
    encoding: i32,
    def: usize,
    rep: usize,
    is_packed: bool,
}

impl Unpacker {
    pub(crate) fn new() -> Result<Self, Bad> {
        let zstd = zstd::bulk::Decompressor::new().map_err(|_| Bad("no memory for a decompressor"))?;
        Ok(Self { zstd, spare: Vec::new() })
    }

    /// Takes the memory of values that are no longer used for other pages, if nobody else has it.
    pub(crate) fn give_back(&mut self, values: Bytes) {
        let Ok(mut values) = values.try_into_mut() else { return };
        values.clear();
        let room = Vec::from(values);
        if SPARE.contains(&room.capacity()) && self.spare.len() < SPARES {
            self.spare.push(room);
        }
    }

    /// Memory for so many bytes.
    fn room(&mut self, len: usize) -> Vec<u8> {
        let fits = |(_, room): &(usize, &Vec<u8>)| SPARE.contains(&len) && len <= room.capacity();
        let tightest = self.spare.iter().enumerate().filter(fits).min_by_key(|(_, room)| room.capacity());
        match tightest.map(|(at, _)| at) {
            Some(at) => self.spare.swap_remove(at),
            None => Vec::with_capacity(len),
        }
    }

    /// Reads the page that `bytes` starts with. `zstd` says how the column is packed: by zstd or not at all.
    pub(crate) fn page(&mut self, bytes: &Bytes, zstd: bool) -> Result<Page, Bad> {
        let mut input = Cursor::new(bytes);
        let header = Header::read(&mut input)?;
        let start = bytes.len() - input.rest.len();
        let end = start.checked_add(header.packed).filter(|end| *end <= bytes.len());
        let end = end.ok_or(Bad("a page ends behind its place"))?;
        let body = bytes.slice(start..end);
        if header.unpacked > MAX_PAGE {
            return Err(Bad("a page is too large"));
        }
        let page = match header.kind {
            Some(2) => Page {
                dictionary: true,
                entries: header.entries,
                count: header.entries,
                rows: 0,
                encoding: header.encoding,
                rep: 0..0,
                def: 0..0,
                levels: Bytes::new(),
                values: self.unpack(&body, header.unpacked, zstd)?,
            },
            Some(3) => {
                let levels = header.rep.checked_add(header.def).filter(|len| *len <= body.len());
                let levels = levels.ok_or(Bad("levels end behind their page"))?;
                let unpacked =
                    header.unpacked.checked_sub(levels).ok_or(Bad("levels are longer than their page"))?;
                let count = header.entries.checked_sub(header.nulls).ok_or(Bad("more nulls than entries"))?;
                Page {
                    dictionary: false,
                    entries: header.entries,
                    count,
                    rows: header.rows,
                    encoding: header.encoding,
                    rep: 0..header.rep,
                    def: header.rep..levels,
                    levels: body.slice(..levels),
                    values: self.unpack(&body.slice(levels..), unpacked, zstd && header.is_packed)?,
                }
            }
            _ => return Err(Bad("a page of an unknown kind")),
        };
        Ok(page)
    }

    fn unpack(&mut self, bytes: &Bytes, len: usize, zstd: bool) -> Result<Bytes, Bad> {
        if !zstd || bytes.is_empty() {
            return if bytes.len() == len { Ok(bytes.clone()) } else { Err(Bad("a page has another size")) };
        }
        let mut room = self.room(len);
        let unpacked = self.zstd.decompress_to_buffer(&bytes[..], &mut room);
        let unpacked = unpacked.map_err(|_| Bad("a page cannot be unpacked"))?;
        if unpacked == len { Ok(room.into()) } else { Err(Bad("a page has another size")) }
    }
}

impl Header {
    fn read(input: &mut Cursor<'_>) -> Result<Self, Bad> {
        let mut header = Self { is_packed: true, ..Self::default() };
        let mut last = 0;
        while let Some(field) = input.field(last)? {
            last = field.id;
            match field.id {
                1 => header.kind = Some(input.i32(&field)?),
                2 => header.unpacked = input.size(&field)?,
                3 => header.packed = input.size(&field)?,
                7 | 8 => {
                    input.structure(&field)?;
                    header.body(input, field.id == 8)?;
                }
                _ => input.skip(&field)?,
            }
        }
        Ok(header)
    }

    fn body(&mut self, input: &mut Cursor<'_>, data: bool) -> Result<(), Bad> {
        let mut last = 0;
        while let Some(field) = input.field(last)? {
            last = field.id;
            match (field.id, data) {
                (1, _) => self.entries = input.size(&field)?,
                (2, false) | (4, true) => self.encoding = input.i32(&field)?,
                (2, true) => self.nulls = input.size(&field)?,
                (3, true) => self.rows = input.size(&field)?,
                (5, true) => self.def = input.size(&field)?,
                (6, true) => self.rep = input.size(&field)?,
                (7, true) => self.is_packed = input.bool(&field)?,
                _ => input.skip(&field)?,
            }
        }
        Ok(())
    }
}
