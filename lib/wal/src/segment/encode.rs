//! Segments to bytes.

use bytes::Bytes;
use mneme_model::PartitionId;

use super::{Counts, ENTRY_LEN, FIXED_LEN, FORMAT, Header, Kind, MAGIC, SectionEntry};
use crate::Compression;

/// A segment's sections, encoded but for the numbers that are only known when it is sent.
#[derive(Default)]
pub(crate) struct SegmentEncoder {
    entries: Vec<SectionEntry>,
    stored: Vec<u8>,
    /// One for all sections: making one costs more than compressing a small section.
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

/// Below 0 zstd leaves literals as they are. Sections are small: a Huffman table for each cost more than all other steps of the WAL,
/// and saved nothing (decision 0004).
const LEVEL: i32 = -1;

impl SegmentEncoder {
    /// Adds a section. Call in ascending order of partitions.
    pub(crate) fn add(
        &mut self,
        partition: PartitionId,
        raw: &[u8],
        counts: Counts,
        compression: Compression,
    ) {
        let start = self.stored.len();
        let compressed = compression == Compression::Zstd && self.compress(raw);
        if !compressed {
            self.stored.truncate(start);
            self.stored.extend_from_slice(raw);
        }
        let stored = &self.stored[start..];
        self.entries.push(SectionEntry {
            partition,
            compressed,
            crc: crc32c::crc32c(stored),
            // From the sections' start; the header's length is added once it is known.
            offset: start as u64,
            len: stored.len() as u32,
            raw_len: raw.len() as u32,
            counts,
        });
    }

    /// The object.
    pub(crate) fn finish(self, mut header: Header) -> Bytes {
        let sections_start = FIXED_LEN + ENTRY_LEN * self.entries.len() + 4;
        header.sections = self.entries;
        header.sections.iter_mut().for_each(|entry| entry.offset += sections_start as u64);
        let mut out = Vec::with_capacity(sections_start + self.stored.len());
        encode_header(&header, &mut out);
        out.extend_from_slice(&self.stored);
        out.into()
    }

    /// Whether the section was appended compressed; not worth it = `false`, with leftovers behind.
    fn compress(&mut self, raw: &[u8]) -> bool {
        if self.compressor.is_none() {
            self.compressor = zstd::bulk::Compressor::new(LEVEL).ok();
        }
        let Some(compressor) = &mut self.compressor else { return false };
        let start = self.stored.len();
        // Not worth it if it is not smaller: no more room is needed.
        self.stored.resize(start + raw.len(), 0);
        match compressor.compress_to_buffer(raw, &mut self.stored[start..]) {
            Ok(len) if len < raw.len() => {
                self.stored.truncate(start + len);
                true
            }
            _ => false,
        }
    }
}

/// A seal: a header without sections.
pub(crate) fn encode_seal(header: &Header) -> Bytes {
    debug_assert_eq!(header.kind, Kind::Seal);
    let mut out = Vec::with_capacity(FIXED_LEN + 4);
    encode_header(header, &mut out);
    out.into()
}

fn encode_header(header: &Header, out: &mut Vec<u8>) {
    let header_len = (FIXED_LEN + ENTRY_LEN * header.sections.len() + 4) as u32;
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.push(header.kind as u8);
    out.push(0);
    out.extend_from_slice(&header_len.to_le_bytes());
    out.extend_from_slice(&header.attempt.to_le_bytes());
    out.extend_from_slice(&header.writer.0.to_le_bytes());
    out.extend_from_slice(&header.seq.to_le_bytes());
    out.extend_from_slice(&header.cut.0.to_le_bytes());
    out.extend_from_slice(&header.time.to_le_bytes());
    for entry in &header.sections {
        encode_entry(entry, out);
    }
    let crc = crc32c::crc32c(out);
    out.extend_from_slice(&crc.to_le_bytes());
}

fn encode_entry(entry: &SectionEntry, out: &mut Vec<u8>) {
    out.extend_from_slice(&entry.partition.0.to_le_bytes());
    out.push(u8::from(entry.compressed));
    out.push(0);
    out.extend_from_slice(&entry.crc.to_le_bytes());
    out.extend_from_slice(&entry.offset.to_le_bytes());
    let Counts { series, floats, histograms, exemplars, metadata } = entry.counts;
    for number in [entry.len, entry.raw_len, series, floats, histograms, exemplars, metadata] {
        out.extend_from_slice(&number.to_le_bytes());
    }
}
