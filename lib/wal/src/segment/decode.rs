//! Segments from bytes that nobody vouches for.

use bytes::Bytes;
use mneme_model::{Cut, PartitionId, WriterId};

use super::{Counts, ENTRY_LEN, FIXED_LEN, FORMAT, Header, Kind, LARGEST_SECTION, MAGIC, SectionEntry};
use crate::DecodeError;
use crate::section::wire::Reader;

/// Why a header cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// Written by a newer version: stop here.
    UnknownFormat(u16),
    /// Torn, flipped or foreign: report and go on.
    Corrupt(DecodeError),
}

impl From<DecodeError> for HeaderError {
    fn from(error: DecodeError) -> Self {
        Self::Corrupt(error)
    }
}

impl Header {
    /// Reads and checks the header at the start of `bytes`; the sections may be missing.
    ///
    /// # Errors
    /// See [`HeaderError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(bytes, 0);
        if reader.take(8)? != MAGIC {
            return Err(DecodeError { offset: 0, reason: "not a WAL segment" }.into());
        }
        let format = reader.u16()?;
        let kind = reader.u8()?;
        let flags = reader.u8()?;
        let header_len = reader.len32()?;
        if format == FORMAT {
            check_crc(bytes, header_len)?;
        } else {
            return Err(foreign_format(bytes, header_len, format));
        }
        let kind = match kind {
            1 => Kind::Segment,
            2 => Kind::Seal,
            _ => return Err(DecodeError { offset: 10, reason: "neither a segment nor a seal" }.into()),
        };
        if flags != 0 {
            return Err(DecodeError { offset: 11, reason: "unknown segment flags" }.into());
        }
        let attempt = reader.u128()?;
        let writer = WriterId(reader.u64()?);
        let seq = reader.u64()?;
        let cut = Cut(reader.u64()?);
        let time = reader.i64()?;
        let sections = decode_table(&mut reader, header_len)?;
        Ok(Self { kind, writer, seq, cut, attempt, time, sections })
    }
}

impl SectionEntry {
    /// The raw section out of its segment's bytes.
    ///
    /// # Errors
    /// Where it is torn, flipped or does not decompress.
    pub fn extract(&self, segment: &Bytes) -> Result<Bytes, DecodeError> {
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let corrupt = |reason| DecodeError { offset, reason };
        let end = offset.checked_add(self.len as usize).filter(|end| *end <= segment.len());
        let end = end.ok_or_else(|| corrupt("the section is cut off"))?;
        let stored = segment.slice(offset..end);
        if crc32c::crc32c(&stored) != self.crc {
            return Err(corrupt("the section's checksum is wrong"));
        }
        if !self.compressed {
            return Ok(stored);
        }
        let raw = zstd::bulk::decompress(&stored, self.raw_len as usize)
            .map_err(|_| corrupt("the section does not decompress"))?;
        if raw.len() == self.raw_len as usize {
            Ok(raw.into())
        } else {
            Err(corrupt("the section's length is wrong"))
        }
    }
}

fn check_crc(bytes: &[u8], header_len: usize) -> Result<(), HeaderError> {
    let wrong = |reason| DecodeError { offset: 12, reason };
    if header_len < FIXED_LEN + 4 || !(header_len - FIXED_LEN - 4).is_multiple_of(ENTRY_LEN) {
        return Err(wrong("the header's length is wrong").into());
    }
    let header = bytes.get(..header_len).ok_or_else(|| wrong("the header is cut off"))?;
    let (header, crc) = header.split_at(header_len - 4);
    if crc32c::crc32c(header).to_le_bytes() != crc {
        return Err(DecodeError { offset: header_len - 4, reason: "the header's checksum is wrong" }.into());
    }
    Ok(())
}

/// Every format keeps magic, format and header length in their places and ends its header in its CRC, so that a newer format
/// is told from a flipped bit.
fn foreign_format(bytes: &[u8], header_len: usize, format: u16) -> HeaderError {
    let intact =
        header_len.checked_sub(4).and_then(|end| Some((bytes.get(..end)?, bytes.get(end..header_len)?)));
    match intact {
        Some((header, crc)) if crc32c::crc32c(header).to_le_bytes() == crc => {
            HeaderError::UnknownFormat(format)
        }
        _ => {
            DecodeError { offset: 8, reason: "the format is unknown and the header's checksum wrong" }.into()
        }
    }
}

fn decode_table(reader: &mut Reader<'_>, header_len: usize) -> Result<Vec<SectionEntry>, DecodeError> {
    let count = (header_len - FIXED_LEN - 4) / ENTRY_LEN;
    let mut sections: Vec<SectionEntry> = Vec::with_capacity(count);
    let mut end = header_len as u64;
    for _ in 0..count {
        let at = reader.offset();
        let corrupt = |reason| DecodeError { offset: at, reason };
        let entry = decode_entry(reader)?;
        if sections.last().is_some_and(|last| last.partition >= entry.partition) {
            return Err(corrupt("partitions are not ascending"));
        }
        if entry.offset != end {
            return Err(corrupt("sections do not follow one another"));
        }
        if entry.raw_len as usize > LARGEST_SECTION || (!entry.compressed && entry.raw_len != entry.len) {
            return Err(corrupt("the section's length is wrong"));
        }
        end += u64::from(entry.len);
        sections.push(entry);
    }
    Ok(sections)
}

fn decode_entry(reader: &mut Reader<'_>) -> Result<SectionEntry, DecodeError> {
    let partition = PartitionId(reader.u16()?);
    let compression = reader.u8()?;
    if compression > 1 || reader.u8()? != 0 {
        return Err(reader.error("unknown section flags"));
    }
    Ok(SectionEntry {
        partition,
        compressed: compression == 1,
        crc: reader.u32()?,
        offset: reader.u64()?,
        len: reader.u32()?,
        raw_len: reader.u32()?,
        counts: Counts {
            series: reader.u32()?,
            floats: reader.u32()?,
            histograms: reader.u32()?,
            exemplars: reader.u32()?,
            metadata: reader.u32()?,
        },
    })
}
