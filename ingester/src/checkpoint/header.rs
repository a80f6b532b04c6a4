//! What stands at the start of a checkpoint.

use std::collections::BTreeMap;

use mneme_model::{Cut, PartitionId, TimestampMs, WriterId};
use mneme_wal::wire::Reader;
use mneme_wal::{DecodeError, HeaderError};

use super::{FORMAT, MAGIC, Places};

/// Before the writers; in format 1 without the floor.
const FIXED_LEN: usize = 80;
const FIXED_LEN_1: usize = 72;
/// One writer and its number.
const PLACE_LEN: usize = 16;
/// No header is longer: a million writers would fit.
pub(super) const LONGEST: usize = 16 << 20;

/// A checkpoint's identity, and where to read on behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Different for each attempt to create an object.
    pub(crate) attempt: u128,
    /// Everything stamped `from..cut` is in it.
    pub(crate) from: Cut,
    /// Its own cut.
    pub(crate) cut: Cut,
    /// Everything stamped below is in blocks, of all tenants.
    pub(crate) floor: Cut,
    /// When, by its author's clock.
    pub(crate) time: TimestampMs,
    pub(crate) partition: PartitionId,
    /// How many partitions there are.
    pub(crate) count: u16,
    pub(crate) places: Places,
}

impl Header {
    /// The bytes.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let len = FIXED_LEN + PLACE_LEN * self.places.writers.len() + 4;
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&[1, 0]);
        out.extend_from_slice(&(len as u32).to_le_bytes());
        out.extend_from_slice(&self.attempt.to_le_bytes());
        out.extend_from_slice(&self.cut.0.to_le_bytes());
        out.extend_from_slice(&self.from.0.to_le_bytes());
        out.extend_from_slice(&self.places.log.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&self.partition.0.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&(self.places.writers.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.floor.0.to_le_bytes());
        for (writer, seq) in &self.places.writers {
            out.extend_from_slice(&writer.0.to_le_bytes());
            out.extend_from_slice(&seq.to_le_bytes());
        }
        let crc = crc32c::crc32c(&out[start..]);
        out.extend_from_slice(&crc.to_le_bytes());
    }

    /// The length that the first 16 bytes state, bounded; `None` if these are no checkpoint's.
    pub(super) fn stated_len(bytes: &[u8]) -> Option<usize> {
        let len = bytes.get(12..16)?.try_into().ok().map(u32::from_le_bytes)? as usize;
        (bytes.get(..8)? == MAGIC.as_slice() && len <= LONGEST).then_some(len)
    }

    /// Reads and checks the header at the start of `bytes`; returns it with its length.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, usize), HeaderError> {
        let mut reader = Reader::new(bytes, 0);
        if reader.take(8)? != MAGIC {
            return Err(DecodeError { offset: 0, reason: "not a checkpoint" }.into());
        }
        let format = reader.u16()?;
        let kind = reader.u8()?;
        let flags = reader.u8()?;
        let len = reader.u32()? as usize;
        check_crc(bytes, len)?;
        if !(1..=FORMAT).contains(&format) {
            return Err(HeaderError::UnknownFormat(format));
        }
        if kind != 1 || flags != 0 {
            return Err(DecodeError { offset: 10, reason: "unknown checkpoint flags" }.into());
        }
        let attempt = reader.u128()?;
        let (cut, from, log) = (Cut(reader.u64()?), Cut(reader.u64()?), reader.u64()?);
        let time = reader.i64()?;
        let (partition, count) = (PartitionId(reader.u16()?), reader.u16()?);
        let writers = reader.u32()? as usize;
        let (fixed_len, floor) =
            if format == 1 { (FIXED_LEN_1, Cut(0)) } else { (FIXED_LEN, Cut(reader.u64()?)) };
        let sized = writers.checked_mul(PLACE_LEN).and_then(|places| places.checked_add(fixed_len + 4));
        if sized != Some(len) || from > cut || floor > cut {
            return Err(DecodeError { offset: 12, reason: "the header contradicts itself" }.into());
        }
        let writers = (0..writers)
            .map(|_| Ok((WriterId(reader.u64()?), reader.u64()?)))
            .collect::<Result<BTreeMap<_, _>, DecodeError>>()?;
        let places = Places { log, writers };
        Ok((Self { attempt, from, cut, floor, time, partition, count, places }, len))
    }
}

/// As in all objects: a right CRC tells a newer format from a broken object.
fn check_crc(bytes: &[u8], len: usize) -> Result<(), DecodeError> {
    let wrong = |reason| DecodeError { offset: 12, reason };
    let end = len.checked_sub(4).ok_or_else(|| wrong("the header's length is wrong"))?;
    let header = bytes.get(..end).ok_or_else(|| wrong("the header is cut off"))?;
    let crc = bytes.get(end..len).ok_or_else(|| wrong("the header is cut off"))?;
    if crc32c::crc32c(header).to_le_bytes() == crc {
        Ok(())
    } else {
        Err(DecodeError { offset: end, reason: "the header's checksum is wrong" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_round_trip_and_every_flipped_bit_shows() {
        let writers = BTreeMap::from([(WriterId(3), 9), (WriterId(7), 1)]);
        let header = Header {
            attempt: 7,
            from: Cut(2),
            cut: Cut(5),
            floor: Cut(1),
            time: -1,
            partition: PartitionId(63),
            count: 64,
            places: Places { log: 12, writers },
        };
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        assert_eq!(Header::decode(&bytes), Ok((header, bytes.len())));
        assert_eq!(Header::stated_len(&bytes), Some(bytes.len()));
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Header::decode(&bytes), Err(HeaderError::Corrupt(_))), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for len in 0..bytes.len() {
            assert!(Header::decode(&bytes[..len]).is_err(), "length {len}");
        }
    }

    #[test]
    fn the_first_format_has_no_floor() {
        let places = Places { log: 12, writers: BTreeMap::from([(WriterId(3), 9)]) };
        let (from, cut, partition) = (Cut(2), Cut(5), PartitionId(3));
        let header = Header { attempt: 7, from, cut, floor: Cut(0), time: 9, partition, count: 64, places };
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        bytes.drain(FIXED_LEN_1..FIXED_LEN);
        bytes.truncate(bytes.len() - 4);
        bytes[8] = 1;
        bytes[12] -= 8;
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        assert_eq!(Header::decode(&bytes), Ok((header, bytes.len())));
    }
}
