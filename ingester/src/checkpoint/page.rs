//! A page: an index of records, compressed, and the chunks that it names, as they are.
//!
//! The index is a row of *runs*: `tenant varint | kind u8 | count varint | records`. See `docs/formats/checkpoint.md`.

use bytes::Bytes;
use mneme_head::MetricMetadata;
use mneme_model::chunk::{Chunk, Encoding};
use mneme_model::{Cut, Exemplar, LabelsRef, Metadata, MetricType};
use mneme_wal::DecodeError;
use mneme_wal::wire::{Reader, put_bytes, put_varint, put_zigzag};

use super::directory::PageEntry;

/// A page is closed at this many bytes of index.
const FULL_INDEX: usize = 256 << 10;
/// A page is closed at this many bytes of chunks.
const FULL_DATA: usize = 1 << 20;
/// So many chunks of a series are in one record; the rest is in further ones.
pub(super) const CHUNKS_PER_RECORD: usize = 256;

const SERIES: u8 = 0;
const METADATA: u8 = 1;

/// A record of a page.
pub(crate) enum Record<'a> {
    /// Some chunks and exemplars of a series.
    Series { labels: LabelsRef<'a>, chunks: Vec<(Cut, Chunk)>, exemplars: Vec<(Cut, Exemplar)> },
    /// One metadata of a metric family.
    Metadata { metric: &'a str, metadata: Metadata },
}

/// A page that fills. Its memory is used again for the next one.
#[derive(Default)]
pub(super) struct PageBuilder {
    index: Vec<u8>,
    data: Vec<u8>,
    run: Option<Run>,
    /// Of the run.
    records: Vec<u8>,
    /// The index as it is stored, in the making.
    compressed: Vec<u8>,
    compressor: Option<zstd::bulk::Compressor<'static>>,
    last_time: i64,
}

struct Run {
    tenant: u64,
    kind: u8,
    count: u64,
}

impl PageBuilder {
    /// Forgets a page that was begun.
    pub(super) fn clear(&mut self) {
        self.run = None;
        self.index.clear();
        self.data.clear();
        self.records.clear();
        self.last_time = 0;
    }

    pub(super) fn series(
        &mut self,
        tenant: u64,
        from: Cut,
        labels: LabelsRef<'_>,
        chunks: &[(Cut, Chunk)],
        exemplars: &[(Cut, Exemplar)],
    ) {
        let mut last_time = self.last_time;
        let out = self.run(tenant, SERIES);
        put_bytes(out, labels.as_bytes());
        put_varint(out, chunks.len() as u64);
        for (cut, chunk) in chunks {
            put_varint(out, cut.0 - from.0);
            out.push(chunk.encoding.number());
            put_zigzag(out, chunk.min_time.wrapping_sub(last_time));
            put_varint(out, chunk.max_time.wrapping_sub(chunk.min_time) as u64);
            put_varint(out, chunk.count.into());
            put_varint(out, chunk.data.len() as u64);
            last_time = chunk.min_time;
        }
        put_varint(out, exemplars.len() as u64);
        for (cut, exemplar) in exemplars {
            put_varint(out, cut.0 - from.0);
            put_zigzag(out, exemplar.timestamp);
            out.extend_from_slice(&exemplar.value.to_bits().to_le_bytes());
            put_bytes(out, exemplar.labels.as_bytes());
        }
        self.last_time = last_time;
        chunks.iter().for_each(|(_, chunk)| self.data.extend_from_slice(&chunk.data));
    }

    pub(super) fn metadata(&mut self, tenant: u64, family: &MetricMetadata) {
        for metadata in &family.metadata {
            let out = self.run(tenant, METADATA);
            put_bytes(out, family.metric.as_bytes());
            out.push(metadata.metric_type as u8);
            put_bytes(out, metadata.help.as_bytes());
            put_bytes(out, metadata.unit.as_bytes());
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.index.len() + self.records.len() >= FULL_INDEX || self.data.len() >= FULL_DATA
    }

    /// Appends the page to an object and starts the next one; `None` if there is nothing in it.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Option<PageEntry> {
        self.end_run();
        if self.index.is_empty() {
            return None;
        }
        let start = out.len();
        let is_smaller = self.compress();
        out.extend_from_slice(if is_smaller { &self.compressed } else { &self.index });
        let index_len = (out.len() - start) as u32;
        out.extend_from_slice(&self.data);
        let entry = PageEntry {
            offset: start as u64,
            index_len,
            index_raw: self.index.len() as u32,
            data_len: self.data.len() as u32,
            crc: crc32c::crc32c(&out[start..]),
        };
        self.clear();
        Some(entry)
    }

    /// Compresses the index; `false` where it does not get smaller.
    fn compress(&mut self) -> bool {
        if self.compressor.is_none() {
            self.compressor = zstd::bulk::Compressor::new(1).ok();
        }
        let Some(compressor) = &mut self.compressor else { return false };
        self.compressed.clear();
        self.compressed.reserve(zstd::zstd_safe::compress_bound(self.index.len()));
        let compressed = compressor.compress_to_buffer(&self.index, &mut self.compressed);
        compressed.is_ok_and(|len| len < self.index.len())
    }

    /// The run of this tenant and kind, with room for one more record.
    fn run(&mut self, tenant: u64, kind: u8) -> &mut Vec<u8> {
        if self.run.as_ref().is_none_or(|run| run.tenant != tenant || run.kind != kind) {
            self.end_run();
        }
        self.run.get_or_insert(Run { tenant, kind, count: 0 }).count += 1;
        &mut self.records
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        put_varint(&mut self.index, run.tenant);
        self.index.push(run.kind);
        put_varint(&mut self.index, run.count);
        self.index.extend_from_slice(&self.records);
        self.records.clear();
    }
}

/// Reads a page, whose stored bytes are given: its index, and its chunks. Offsets of errors are those of the object.
pub(super) fn open(entry: &PageEntry, stored: &Bytes) -> Result<(Bytes, Bytes), DecodeError> {
    let offset = usize::try_from(entry.offset).unwrap_or(usize::MAX);
    let corrupt = |reason| DecodeError { offset, reason };
    if stored.len() as u64 != entry.len() || crc32c::crc32c(stored) != entry.crc {
        return Err(corrupt("the page's checksum is wrong"));
    }
    let index = stored.slice(..entry.index_len as usize);
    let data = stored.slice(entry.index_len as usize..);
    if entry.index_len == entry.index_raw {
        return Ok((index, data));
    }
    let raw = zstd::bulk::decompress(&index, entry.index_raw as usize)
        .map_err(|_| corrupt("the page does not decompress"))?;
    if raw.len() == entry.index_raw as usize {
        Ok((raw.into(), data))
    } else {
        Err(corrupt("the page's length is wrong"))
    }
}

/// Calls `see` with each record of a page and its tenant's number. Errors' offsets are those within the index.
pub(super) fn read(
    index: &[u8],
    data: &Bytes,
    cuts: std::ops::Range<Cut>,
    mut see: impl FnMut(u64, Record<'_>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut reader = Reader::new(index, 0);
    let mut place = PagePlace { data, at: 0, last_time: 0, cuts };
    while !reader.is_empty() {
        let (tenant, kind) = (reader.varint()?, reader.u8()?);
        let count = reader.count(1)?;
        for _ in 0..count {
            let record = match kind {
                SERIES => place.series(&mut reader)?,
                METADATA => metadata(&mut reader)?,
                _ => return Err(reader.error("unknown records")),
            };
            see(tenant, record)?;
        }
    }
    if place.at == data.len() { Ok(()) } else { Err(reader.error("chunks follow the last series")) }
}

/// How far a page is read.
struct PagePlace<'a> {
    data: &'a Bytes,
    at: usize,
    last_time: i64,
    cuts: std::ops::Range<Cut>,
}

impl PagePlace<'_> {
    fn series<'i>(&mut self, reader: &mut Reader<'i>) -> Result<Record<'i>, DecodeError> {
        let labels = labels(reader)?;
        let count = reader.count(6)?;
        let chunks = (0..count).map(|_| self.chunk(reader)).collect::<Result<_, _>>()?;
        let count = reader.count(11)?;
        let exemplars = (0..count).map(|_| self.exemplar(reader)).collect::<Result<_, _>>()?;
        Ok(Record::Series { labels, chunks, exemplars })
    }

    fn chunk(&mut self, reader: &mut Reader<'_>) -> Result<(Cut, Chunk), DecodeError> {
        let cut = self.cut(reader)?;
        let encoding =
            Encoding::from_number(reader.u8()?).ok_or_else(|| reader.error("an unknown chunk encoding"))?;
        let min_time = self.last_time.wrapping_add(reader.zigzag()?);
        let max_time = min_time.wrapping_add(reader.varint()? as i64);
        let count = reader.varint32()?;
        let len = reader.varint()?;
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let end = end.filter(|end| *end <= self.data.len());
        let end = end.ok_or_else(|| reader.error("a chunk is longer than what is there"))?;
        let data = self.data.slice(self.at..end);
        self.at = end;
        self.last_time = min_time;
        Ok((cut, Chunk { encoding, min_time, max_time, count, data }))
    }

    fn exemplar(&mut self, reader: &mut Reader<'_>) -> Result<(Cut, Exemplar), DecodeError> {
        let cut = self.cut(reader)?;
        let timestamp = reader.zigzag()?;
        let value = f64::from_bits(reader.u64()?);
        let labels = labels(reader)?.to_owned();
        Ok((cut, Exemplar { labels, value, timestamp }))
    }

    fn cut(&self, reader: &mut Reader<'_>) -> Result<Cut, DecodeError> {
        let cut = self.cuts.start.0.checked_add(reader.varint()?).map(Cut);
        cut.filter(|cut| self.cuts.contains(cut))
            .ok_or_else(|| reader.error("a generation that is not covered"))
    }
}

fn metadata<'a>(reader: &mut Reader<'a>) -> Result<Record<'a>, DecodeError> {
    let metric = reader.text()?;
    let metric_type = MetricType::from_number(reader.u8()?.into());
    let (help, unit) = (reader.text()?.to_owned(), reader.text()?.to_owned());
    Ok(Record::Metadata { metric, metadata: Metadata { metric_type, help, unit } })
}

fn labels<'a>(reader: &mut Reader<'a>) -> Result<LabelsRef<'a>, DecodeError> {
    let bytes = reader.bytes()?;
    LabelsRef::parse(bytes).map_err(|_| reader.error("labels are not in the canonical layout"))
}
