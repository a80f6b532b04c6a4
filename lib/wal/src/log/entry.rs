//! One object of the log, as bytes.

use bytes::Bytes;
use mneme_model::{Cut, TimestampMs};

use crate::DecodeError;
use crate::section::wire::{Reader, put_bytes};
use crate::segment::decode::HeaderError;

const MAGIC: [u8; 8] = *b"MNEMELOG";
/// The newest log format known here.
pub(crate) const FORMAT: u16 = 1;
/// The longest instance or zone name, in bytes.
const LONGEST_NAME: usize = 255;

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A writer begins; its number is the entry's.
    Join {
        /// The process that it runs in.
        instance: String,
        /// That process's failure domain.
        zone: String,
    },
    /// A cut begins: the one that the entry names.
    Cut,
}

/// One object of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the chain.
    pub number: u64,
    /// The newest cut once this entry is there.
    pub cut: Cut,
    /// Different for each attempt.
    pub attempt: u128,
    /// When, by its author's clock.
    pub time: TimestampMs,
    /// What it says.
    pub kind: EntryKind,
}

impl Entry {
    /// The object's bytes. Names are cut at 255 bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.push(match self.kind {
            EntryKind::Join { .. } => 1,
            EntryKind::Cut => 2,
        });
        out.push(0);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.attempt.to_le_bytes());
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.cut.0.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        if let EntryKind::Join { instance, zone } = &self.kind {
            put_bytes(&mut out, cut_name(instance).as_bytes());
            put_bytes(&mut out, cut_name(zone).as_bytes());
        }
        let len = (out.len() + 4) as u32;
        out[12..16].copy_from_slice(&len.to_le_bytes());
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out.into()
    }

    /// Reads and checks an object of the log.
    ///
    /// # Errors
    /// See [`HeaderError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(bytes, 0);
        if reader.take(8)? != MAGIC {
            return Err(DecodeError { offset: 0, reason: "not a log entry" }.into());
        }
        let format = reader.u16()?;
        let kind = reader.u8()?;
        let flags = reader.u8()?;
        let len = reader.len32()?;
        check_crc(bytes, len)?;
        if format != FORMAT {
            return Err(HeaderError::UnknownFormat(format));
        }
        if flags != 0 {
            return Err(DecodeError { offset: 11, reason: "unknown log entry flags" }.into());
        }
        let attempt = reader.u128()?;
        let number = reader.u64()?;
        let cut = Cut(reader.u64()?);
        let time = reader.i64()?;
        let kind = match kind {
            1 => EntryKind::Join { instance: reader.text()?.to_owned(), zone: reader.text()?.to_owned() },
            2 => EntryKind::Cut,
            _ => return Err(DecodeError { offset: 10, reason: "neither a join nor a cut" }.into()),
        };
        if reader.remaining() != 4 {
            return Err(reader.error("bytes follow the entry").into());
        }
        Ok(Self { number, cut, attempt, time, kind })
    }
}

fn check_crc(bytes: &[u8], len: usize) -> Result<(), DecodeError> {
    let corrupt = |reason| DecodeError { offset: 12, reason };
    if len != bytes.len() {
        return Err(corrupt("the entry's length is wrong"));
    }
    let (entry, crc) =
        len.checked_sub(4).and_then(|end| bytes.split_at_checked(end)).ok_or_else(|| corrupt("cut off"))?;
    if crc32c::crc32c(entry).to_le_bytes() == crc {
        Ok(())
    } else {
        Err(corrupt("the entry's checksum is wrong"))
    }
}

fn cut_name(name: &str) -> &str {
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_round_trip_and_every_flipped_bit_shows() {
        let join = EntryKind::Join { instance: "mneme-0".to_owned(), zone: "ä".repeat(300) };
        let entry = Entry { number: 7, cut: Cut(3), attempt: u128::MAX - 1, time: -5, kind: join };
        let mut bytes = entry.encode().to_vec();
        let decoded = Entry::decode(&bytes).unwrap();
        assert_eq!(decoded.kind, EntryKind::Join { instance: "mneme-0".to_owned(), zone: "ä".repeat(127) });
        assert_eq!(
            (decoded.number, decoded.cut, decoded.attempt, decoded.time),
            (7, Cut(3), u128::MAX - 1, -5)
        );
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Entry::decode(&bytes), Err(HeaderError::Corrupt(_))), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for len in 0..bytes.len() {
            assert!(Entry::decode(&bytes[..len]).is_err(), "length {len}");
        }
        let cut = Entry { kind: EntryKind::Cut, ..entry };
        assert_eq!(Entry::decode(&cut.encode()).unwrap(), cut);
    }

    #[test]
    fn a_newer_format_is_told_from_a_broken_entry() {
        let entry = Entry { number: 1, cut: Cut(0), attempt: 1, time: 0, kind: EntryKind::Cut };
        let mut bytes = entry.encode().to_vec();
        bytes[8] = 2;
        let end = bytes.len() - 4;
        let crc = crc32c::crc32c(&bytes[..end]);
        bytes[end..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(Entry::decode(&bytes), Err(HeaderError::UnknownFormat(2)));
    }
}
