//! Closed chunks of all series: records in pages, each page of one generation.
//!
//! A series keeps a [`Place`] of 24 bytes per chunk. Pages are few and large, so that a generation that goes gives its memory
//! back in whole pages, and so that spilling it writes pages as they are: the places stay, only the page moves to a file.
//!
//! A record is the encoding's number (plus [`WIDE`]), the number of samples (4 bytes, least first), for a wide one the last
//! time (8 bytes, least first), then the chunk's bytes, then CRC-32C of all that (4 bytes, least first), which is looked at where
//! the record comes from a disk. It never leaves the process and its spill files: no format page.

mod page;
mod reads;
mod spill_file;

use std::ops::Range;

use bytes::Bytes;
use mneme_model::chunk::{Chunk, Encoding, FloatChunkBuilder, HistogramChunkBuilder};
use mneme_model::{Cut, TimestampMs};

use page::{Data, PAGE_BYTES, Page};
pub(crate) use reads::{Read, Reads};
pub use reads::{ReadError, Spilled};
pub use spill_file::SpillFile;

/// Added to a record's first byte where the last time is too far from the first for [`Place::span`].
const WIDE: u8 = 0x80;

/// Bytes of the checksum at a record's end.
const CRC: usize = 4;

/// Where a closed chunk is, and its time range.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) min_time: TimestampMs,
    /// Last time less first; `u32::MAX` = that or more.
    span: u32,
    page: u32,
    offset: u32,
    /// Of the whole record.
    len: u32,
}

impl Place {
    /// No sample is later. Exact unless the chunk spans 49 days, which none does that was built here.
    pub(crate) fn max_time(&self) -> TimestampMs {
        if self.span == u32::MAX {
            TimestampMs::MAX
        } else {
            self.min_time.saturating_add(i64::from(self.span))
        }
    }

    /// Bytes of the record.
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// The chunk that `record`, which comes from a disk, holds; `None` for what is not as it was written.
    fn checked(&self, record: &Bytes) -> Option<Chunk> {
        let (bytes, crc) = record.split_last_chunk::<CRC>()?;
        (crc32c::crc32c(bytes) == u32::from_le_bytes(*crc)).then(|| self.chunk(record)).flatten()
    }

    /// The chunk that `record` holds; `None` for what is no record.
    fn chunk(&self, record: &Bytes) -> Option<Chunk> {
        let (mut chunk, range) = self.header(record)?;
        chunk.data = record.slice(range);
        Some(chunk)
    }

    /// The chunk that `record` holds but for its bytes, and where these are.
    fn header(&self, record: &[u8]) -> Option<(Chunk, Range<usize>)> {
        let end = record.len().checked_sub(CRC)?;
        let (&first, rest) = record.get(..end)?.split_first()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count);
        let encoding = Encoding::from_number(first & !WIDE)?;
        let (max_time, header) = if first & WIDE == 0 {
            (self.max_time(), 5)
        } else {
            (TimestampMs::from_le_bytes(*rest.first_chunk()?), 13)
        };
        let chunk = Chunk { encoding, min_time: self.min_time, max_time, count, data: Bytes::new() };
        Some((chunk, header..end))
    }
}

/// What a chunk is beside its bytes.
struct Header {
    encoding: Encoding,
    min_time: TimestampMs,
    max_time: TimestampMs,
    count: u32,
    /// Length of the bytes.
    len: usize,
}

/// Where a chunk was found.
pub(crate) enum Found<'a> {
    Memory(Chunk),
    /// In a page that still grows: without its bytes, and those.
    Filling(Chunk, &'a [u8]),
    /// Not closed yet.
    Open(&'a FloatChunkBuilder),
    File(Read),
    /// Its generation was dropped.
    Gone,
}

impl Found<'_> {
    /// A chunk of its own, unless it is in a file or gone.
    pub(crate) fn in_memory(self) -> Option<Chunk> {
        match self {
            Self::Memory(chunk) => Some(chunk),
            Self::Filling(chunk, data) => Some(Chunk { data: Bytes::copy_from_slice(data), ..chunk }),
            Self::Open(builder) => Some(builder.chunk()),
            Self::File(_) | Self::Gone => None,
        }
    }
}

/// The pages.
#[derive(Default)]
pub(crate) struct Store {
    pages: Vec<Page>,
    /// Slots of pages to use again.
    free: Vec<u32>,
    /// The page being filled of each generation, ascending by cut; a dozen at most.
    filling: Vec<(Cut, u32)>,
    /// Heap bytes of the pages in memory.
    bytes: usize,
    /// Bytes in files.
    spilled: u64,
}

impl Store {
    /// Keeps the samples of a builder that is not empty.
    pub(crate) fn push_floats(&mut self, cut: Cut, builder: &FloatChunkBuilder) -> Place {
        let header = Header {
            encoding: builder.encoding(),
            min_time: builder.min_time(),
            max_time: builder.max_time(),
            count: builder.count(),
            len: builder.len(),
        };
        self.push(cut, &header, |out| builder.append_to(out))
    }

    /// Keeps the samples of a builder that is not empty.
    pub(crate) fn push_histograms(&mut self, cut: Cut, builder: &HistogramChunkBuilder) -> Place {
        self.push_chunk(cut, &builder.chunk())
    }

    /// Keeps a chunk, whose bytes must be fewer than 2^31.
    pub(crate) fn push_chunk(&mut self, cut: Cut, chunk: &Chunk) -> Place {
        let header = Header {
            encoding: chunk.encoding,
            min_time: chunk.min_time,
            max_time: chunk.max_time,
            count: chunk.count,
            len: chunk.data.len(),
        };
        self.push(cut, &header, |out| out.extend_from_slice(&chunk.data))
    }

    fn push(&mut self, cut: Cut, header: &Header, write: impl FnOnce(&mut Vec<u8>)) -> Place {
        let span = header.max_time.saturating_sub(header.min_time);
        let span = u32::try_from(span).unwrap_or(u32::MAX);
        let wide = span == u32::MAX;
        let len = header.len + CRC + if wide { 13 } else { 5 };
        let at = self.page(cut, len);
        let page = &mut self.pages[at as usize];
        let before = page.memory();
        let Data::Filling(out) = &mut page.data else { unreachable!("a page being filled is in memory") };
        let offset = out.len();
        page::reserve(out, len);
        out.push(header.encoding.number() | if wide { WIDE } else { 0 });
        out.extend_from_slice(&header.count.to_le_bytes());
        if wide {
            out.extend_from_slice(&header.max_time.to_le_bytes());
        }
        write(out);
        let crc = crc32c::crc32c(out.get(offset..).unwrap_or_default());
        out.extend_from_slice(&crc.to_le_bytes());
        page.chunks += 1;
        self.bytes = self.bytes + page.memory() - before;
        let short = |n: usize| u32::try_from(n).expect("pages and chunks are smaller than 4 GiB");
        Place { min_time: header.min_time, span, page: at, offset: short(offset), len: short(len) }
    }

    /// The page that takes the generation's next record of `len` bytes.
    fn page(&mut self, cut: Cut, len: usize) -> u32 {
        let at = match self.filling.last() {
            Some(newest) if newest.0 == cut => Ok(self.filling.len() - 1),
            _ => self.filling.binary_search_by_key(&cut, |&(cut, _)| cut),
        };
        let place = match at {
            Ok(at) => {
                let id = self.filling[at].1;
                let page = &self.pages[id as usize];
                if page.len() == 0 || page.len() + len <= PAGE_BYTES {
                    return id;
                }
                self.seal(id);
                at
            }
            Err(at) => {
                if at == self.filling.len() {
                    self.tighten();
                }
                self.filling.insert(at, (cut, 0));
                at
            }
        };
        let id = self.add(Page::new(cut));
        self.filling[place].1 = id;
        id
    }

    fn add(&mut self, page: Page) -> u32 {
        self.bytes += page.memory();
        match self.free.pop() {
            Some(id) => {
                self.pages[id as usize] = page;
                id
            }
            None => {
                self.pages.push(page);
                u32::try_from(self.pages.len() - 1).expect("fewer than 2^32 pages fit into memory")
            }
        }
    }

    /// Ends a page; the caller takes it from `filling`.
    fn seal(&mut self, id: u32) {
        let page = &mut self.pages[id as usize];
        let before = page.memory();
        page.seal();
        self.bytes = self.bytes + page.memory() - before;
    }

    /// Gives spare room of the pages back when a new generation begins: the ones before it get little from now on.
    fn tighten(&mut self) {
        for &(_, id) in &self.filling {
            let page = &mut self.pages[id as usize];
            let before = page.memory();
            if let Data::Filling(data) = &mut page.data {
                data.shrink_to_fit();
            }
            self.bytes = self.bytes + page.memory() - before;
        }
    }

    /// The generation of a chunk.
    pub(crate) fn cut(&self, place: &Place) -> Cut {
        self.pages.get(place.page as usize).map_or(Cut(0), |page| page.cut)
    }

    /// The chunk at a place, or where to read it.
    pub(crate) fn find(&self, place: &Place) -> Found<'_> {
        let Some(page) = self.pages.get(place.page as usize) else { return Found::Gone };
        let range = place.offset as usize..place.offset as usize + place.len as usize;
        let found = match &page.data {
            Data::Filling(data) => data.get(range).and_then(|record| {
                let (chunk, range) = place.header(record)?;
                Some(Found::Filling(chunk, record.get(range)?))
            }),
            Data::Full(data) => data.get(range.clone()).and_then(|record| {
                let (mut chunk, within) = place.header(record)?;
                chunk.data = data.slice(range.start + within.start..range.start + within.end);
                Some(Found::Memory(chunk))
            }),
            Data::Spilled { file, base } => Some(Found::File(Read::new(*place, file.clone(), *base))),
            Data::Gone => None,
        };
        found.unwrap_or(Found::Gone)
    }

    /// The chunk at a place, read from its file if it was spilled; `None` if it is gone or cannot be read.
    pub(crate) fn read(&self, place: &Place) -> Option<Chunk> {
        match self.find(place) {
            Found::File(read) => read.alone().ok(),
            found => found.in_memory(),
        }
    }

    /// Forgets the chunks of the generations below `cut`. Places of them find nothing from now on.
    pub(crate) fn drop_below(&mut self, cut: Cut) {
        self.filling.retain(|&(filling, _)| filling >= cut);
        for page in self.pages.iter_mut().filter(|page| page.cut < cut) {
            self.bytes -= page.memory();
            self.spilled -= page.spilled();
            page.data = Data::Gone;
            self.bytes += page.memory();
        }
    }

    /// A series gives a chunk up. A page that nobody has a chunk of any more goes, and its slot is used again.
    pub(crate) fn release(&mut self, place: &Place) {
        let Some(page) = self.pages.get_mut(place.page as usize).filter(|page| !page.is_gone()) else {
            return;
        };
        page.dead += 1;
        if page.dead < page.chunks {
            return;
        }
        self.bytes -= page.memory();
        self.spilled -= page.spilled();
        page.data = Data::Gone;
        self.bytes += page.memory();
        self.filling.retain(|&(_, id)| id != place.page);
        self.free.push(place.page);
    }

    /// Makes the slots of forgotten pages usable again, once no series has a place in them.
    pub(crate) fn reuse_below(&mut self, cut: Cut) {
        self.free.clear();
        while self.pages.last().is_some_and(|page| page.is_gone() && page.cut < cut) {
            self.bytes -= self.pages.pop().map_or(0, |page| page.memory());
        }
        for (id, page) in self.pages.iter().enumerate() {
            if page.is_gone() && page.cut < cut {
                self.free.push(id as u32);
            }
        }
        self.pages.shrink_to(self.pages.len() * 2);
        self.free.shrink_to_fit();
    }

    /// Ends the pages of the generations below `cut` and returns those in memory.
    pub(crate) fn sealed_below(&mut self, cut: Cut) -> Vec<(u32, Bytes)> {
        let ending: Vec<u32> = self.filling.iter().filter(|page| page.0 < cut).map(|page| page.1).collect();
        self.filling.retain(|page| page.0 >= cut);
        ending.into_iter().for_each(|id| self.seal(id));
        let below = self.pages.iter().enumerate().filter(|(_, page)| page.cut < cut);
        below
            .filter_map(|(id, page)| match &page.data {
                Data::Full(data) if !data.is_empty() => Some((id as u32, data.clone())),
                _ => None,
            })
            .collect()
    }

    /// Notes that a page's bytes, as [`Self::sealed_below`] returned them, are at `base` of `file`. Returns its number of chunks.
    pub(crate) fn moved(
        &mut self,
        id: u32,
        bytes: &Bytes,
        file: &std::sync::Arc<SpillFile>,
        base: u64,
    ) -> u64 {
        let Some(page) = self.pages.get_mut(id as usize) else { return 0 };
        // The page may have been dropped meanwhile, and its slot used again.
        match &page.data {
            Data::Full(data) if std::ptr::eq(data.as_ptr(), bytes.as_ptr()) => {}
            _ => return 0,
        }
        self.bytes -= page.memory();
        page.data = Data::Spilled { file: file.clone(), base };
        page.spilled_bytes = bytes.len() as u64;
        self.bytes += page.memory();
        self.spilled += page.spilled();
        u64::from(page.chunks)
    }

    /// Heap bytes, about.
    pub(crate) fn memory(&self) -> usize {
        self.bytes
    }

    /// Bytes in spill files.
    pub(crate) fn spilled(&self) -> u64 {
        self.spilled
    }

    /// Whether a place's bytes take memory.
    pub(crate) fn memory_of(&self, place: &Place) -> usize {
        match self.pages.get(place.page as usize).map(|page| &page.data) {
            Some(Data::Filling(_) | Data::Full(_)) => place.len as usize,
            _ => 0,
        }
    }
}
