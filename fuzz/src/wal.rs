//! Segments, sections and entries of the write-ahead log.

use bytes::Bytes;
use mneme_wal::{Entry, Header, Section};

/// The first byte chooses what the rest is: a segment, a section, an entry of the log.
///
/// # Panics
/// Where a section that says it is whole cannot be read to its end.
pub fn wal(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 3 {
        0 => segment(rest),
        1 => section(Bytes::copy_from_slice(rest)),
        _ => drop(Entry::decode(&checked(rest, rest.len()))),
    }
}

fn segment(data: &[u8]) {
    // Without right checksums the fuzzer would only ever see that they are wrong.
    let header_len = data.get(12..16).and_then(|len| len.try_into().ok()).map_or(0, u32::from_le_bytes);
    let bytes = checked(data, header_len as usize);
    let Ok(header) = Header::decode(&bytes) else { return };
    let bytes = Bytes::from(bytes);
    for mut entry in header.sections {
        let (start, len) = (usize::try_from(entry.offset).unwrap_or(usize::MAX), entry.len as usize);
        if let Some(stored) = bytes.get(start..).and_then(|rest| rest.get(..len)) {
            entry.crc = crc32c::crc32c(stored);
        }
        // What a section declares may be much; the fuzzer's own memory is small.
        if entry.raw_len < 1 << 20
            && let Ok(raw) = entry.extract(&bytes)
        {
            section(raw);
        }
    }
}

fn section(bytes: Bytes) {
    let Ok(section) = Section::parse(bytes) else { return };
    let whole = section.verify().is_ok();
    let definitions = section.definitions().take_while(Result::is_ok).count();
    let floats = section.floats().count();
    let mut histogram = mneme_model::AnyHistogram::default();
    let histograms = section
        .histograms()
        .take_while(|record| record.as_ref().is_ok_and(|it| it.read(&mut histogram).is_ok()))
        .count();
    let exemplars = section.exemplars().take_while(Result::is_ok).count();
    let metadata = section.metadata().take_while(Result::is_ok).count();
    assert_eq!(floats, section.float_count());
    if whole {
        assert_eq!(definitions, section.definition_count());
        assert_eq!(histograms, section.histogram_count());
        assert_eq!(exemplars, section.exemplar_count());
        assert_eq!(metadata, section.metadata_count());
    }
}

/// The bytes with a right checksum at the end of the first `len`.
fn checked(data: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = data.to_vec();
    if let Some((body, crc)) = bytes.get_mut(..len).and_then(|head| {
        let end = head.len().checked_sub(4)?;
        head.split_at_mut_checked(end)
    }) {
        crc.copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
    }
    bytes
}
