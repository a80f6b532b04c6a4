//! What is around a version and a list in their objects: header, checksums, compression. See `docs/formats/manifest.md`.

use bytes::Bytes;
use mneme_model::TimestampMs;

use super::error::Broken;

/// The newest format known here. Any change of what the body may hold is a new one: bodies with unknown fields are refused, because
/// a version that is committed on top of them would lose them.
pub(super) const FORMAT: u16 = 1;

const MAGIC: [u8; 8] = *b"MNEMEMAN";
const HEADER: usize = 80;
/// No body is larger before compression.
const LARGEST_BODY: usize = 256 << 20;
const ZSTD_LEVEL: i32 = 3;

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Version = 1,
    List = 2,
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Different for each attempt; within the first 64 bytes, as chains need it.
    pub(super) attempt: u128,
    /// The version's number; 0 for a list.
    pub(super) number: u64,
    /// By the author's clock.
    pub(super) time: TimestampMs,
    /// The attempt id of the version before; 0 for the first one and for a list.
    pub(super) parent: u128,
}

/// The object's bytes: the header and the compressed body.
pub(super) fn encode(header: &Header, body: &[u8]) -> Result<Bytes, String> {
    if body.len() > LARGEST_BODY {
        return Err(format!(
            "the manifest would take {} bytes before compression, {LARGEST_BODY} at most: compact the tenant's blocks",
            body.len()
        ));
    }
    let stored = zstd::bulk::compress(body, ZSTD_LEVEL).map_err(|error| format!("zstd: {error}"))?;
    let mut out = Vec::with_capacity(HEADER + stored.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.push(header.kind as u8);
    out.push(0);
    out.extend_from_slice(&(HEADER as u32).to_le_bytes());
    out.extend_from_slice(&header.attempt.to_le_bytes());
    out.extend_from_slice(&header.number.to_le_bytes());
    out.extend_from_slice(&header.time.to_le_bytes());
    out.extend_from_slice(&header.parent.to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&(stored.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32c::crc32c(&stored).to_le_bytes());
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&stored);
    Ok(out.into())
}

/// The header and the body of an object that should be of `kind`.
pub(super) fn decode(bytes: &[u8], kind: Kind) -> Result<(Header, Vec<u8>), Broken> {
    let (header, raw_len) = decode_header(bytes, kind)?;
    let stored = bytes.get(HEADER..).unwrap_or_default();
    let body = zstd::bulk::decompress(stored, raw_len)
        .map_err(|error| Broken::at(HEADER, format!("the body cannot be decompressed: {error}")))?;
    if body.len() != raw_len {
        return Err(Broken::at(64, "the body's length is wrong"));
    }
    Ok((header, body))
}

fn decode_header(bytes: &[u8], kind: Kind) -> Result<(Header, usize), Broken> {
    let short = || Broken::at(bytes.len(), "the object ends within its header");
    let (mut fields, stored) = bytes.split_at_checked(HEADER).ok_or_else(short)?;
    let header = fields;
    if take::<8>(&mut fields) != Some(MAGIC) {
        return Err(Broken::at(0, "not a manifest"));
    }
    let (checked, crc) = header.split_at_checked(HEADER - 4).ok_or_else(short)?;
    let format = take(&mut fields).map(u16::from_le_bytes).ok_or_else(short)?;
    let found_kind = take(&mut fields).map(u8::from_le_bytes).ok_or_else(short)?;
    let flags = take(&mut fields).map(u8::from_le_bytes).ok_or_else(short)?;
    let len = take(&mut fields).map(u32::from_le_bytes).ok_or_else(short)?;
    // Of a newer format nothing but its length and the checksum behind it is known.
    let sound = match usize::try_from(len).ok().and_then(|len| bytes.get(..len)) {
        Some(whole) if format != FORMAT => whole
            .split_last_chunk::<4>()
            .is_some_and(|(start, crc)| crc32c::crc32c(start).to_le_bytes() == *crc),
        Some(_) => len as usize == HEADER && crc32c::crc32c(checked).to_le_bytes() == crc,
        None => false,
    };
    if !sound {
        return Err(Broken::at(12, "the header's length or checksum is wrong"));
    }
    if format != FORMAT {
        return Err(Broken::Format(format));
    }
    if flags != 0 || found_kind != kind as u8 {
        return Err(Broken::at(10, format!("not a {kind:?}")));
    }
    let attempt = take(&mut fields).map(u128::from_le_bytes).ok_or_else(short)?;
    let number = take(&mut fields).map(u64::from_le_bytes).ok_or_else(short)?;
    let time = take(&mut fields).map(i64::from_le_bytes).ok_or_else(short)?;
    let parent = take(&mut fields).map(u128::from_le_bytes).ok_or_else(short)?;
    let raw_len = take(&mut fields).map(u32::from_le_bytes).ok_or_else(short)? as usize;
    let stored_len = take(&mut fields).map(u32::from_le_bytes).ok_or_else(short)? as usize;
    let body_crc = take(&mut fields).map(u32::from_le_bytes).ok_or_else(short)?;
    if raw_len > LARGEST_BODY || stored_len != stored.len() {
        return Err(Broken::at(64, "the body's length is wrong"));
    }
    if crc32c::crc32c(stored) != body_crc {
        return Err(Broken::at(HEADER, "the body's checksum is wrong"));
    }
    Ok((Header { kind, attempt, number, time, parent }, raw_len))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        Header { kind: Kind::Version, attempt: 7 << 64, number: 3, time: -1, parent: u128::MAX }
    }

    #[test]
    fn every_flipped_bit_and_every_missing_byte_shows() {
        let mut bytes = encode(&header(), b"{\"marks\":{\"1of4\":3}}").unwrap().to_vec();
        assert_eq!(decode(&bytes, Kind::Version).unwrap(), (header(), b"{\"marks\":{\"1of4\":3}}".to_vec()));
        assert_eq!(decode(&bytes, Kind::List), Err(Broken::at(10, "not a List")));
        for len in 0..bytes.len() {
            assert!(matches!(decode(&bytes[..len], Kind::Version), Err(Broken::At(..))), "length {len}");
        }
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(decode(&bytes, Kind::Version), Err(Broken::At(..))), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn a_newer_format_is_told_from_a_broken_object() {
        let mut bytes = encode(&header(), b"{}").unwrap().to_vec();
        bytes[8] = 2;
        // A longer header.
        bytes[12] = 84;
        let crc = crc32c::crc32c(&bytes[..80]);
        bytes.splice(80..84, crc.to_le_bytes());
        assert_eq!(decode(&bytes, Kind::Version), Err(Broken::Format(2)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bodies_come_back_and_foreign_bytes_are_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = encode(&header(), &body).unwrap();
            prop_assert_eq!(decode(&bytes, Kind::Version), Ok((header(), body.clone())));
            prop_assert!(decode(&body, Kind::Version).is_err());
            let behind_magic = [&MAGIC[..], &body].concat();
            prop_assert!(decode(&behind_magic, Kind::Version).is_err());
        }
    }
}
