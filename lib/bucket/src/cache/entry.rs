//! An entry as a file (`docs/formats/cache.md`).

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use super::EntryKey;

/// The first bytes of every file.
const MAGIC: [u8; 8] = *b"mnemeca1";
/// Magic, start, end, length of the key, checksum.
const FIXED: usize = 8 + 8 + 8 + 4 + 4;

/// The file's name.
pub(super) fn name(key: &EntryKey) -> String {
    format!("{:032x}", xxh3_128(&identity(key)))
}

/// Whether a file of that name may be an entry.
pub(super) fn is_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The file's size.
pub(super) fn size(key: &EntryKey) -> u64 {
    FIXED as u64 + key.object.len() as u64 + key.len()
}

/// The whole file.
pub(super) fn encode(key: &EntryKey, bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(FIXED + key.object.len() + bytes.len());
    let identity = identity(key);
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&checksum(&identity, bytes).to_le_bytes());
    file.extend_from_slice(&identity);
    file.extend_from_slice(bytes);
    file
}

/// The entry's bytes; `None` if the file is not that entry, whole and as it was written.
pub(super) fn decode(key: &EntryKey, file: &Bytes) -> Option<Bytes> {
    let identity = identity(key);
    let head = MAGIC.len() + 4;
    let (magic, rest) = file.split_first_chunk::<8>()?;
    let (stored, rest) = rest.split_first_chunk::<4>()?;
    let bytes = rest.strip_prefix(identity.as_slice())?;
    let whole = bytes.len() as u64 == key.len() && *magic == MAGIC;
    (whole && u32::from_le_bytes(*stored) == checksum(&identity, bytes))
        .then(|| file.slice(head + identity.len()..))
}

fn identity(key: &EntryKey) -> Vec<u8> {
    let mut identity = Vec::with_capacity(20 + key.object.len());
    identity.extend_from_slice(&key.start.to_le_bytes());
    identity.extend_from_slice(&key.end.to_le_bytes());
    let len = u32::try_from(key.object.len()).unwrap_or(u32::MAX);
    identity.extend_from_slice(&len.to_le_bytes());
    identity.extend_from_slice(key.object.as_bytes());
    identity
}

fn checksum(identity: &[u8], bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(identity), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_cut_or_other_key_is_noticed() {
        let key = EntryKey { object: "tenants/a/blocks/x/samples.parquet".into(), start: 7, end: 12 };
        let file = encode(&key, b"bytes");
        assert_eq!(file.len() as u64, size(&key));
        assert_eq!(decode(&key, &Bytes::from(file.clone())).unwrap(), "bytes");
        for bit in 0..file.len() * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&key, &Bytes::from(flipped)), None, "bit {bit}");
        }
        for len in 0..file.len() {
            assert_eq!(decode(&key, &Bytes::copy_from_slice(&file[..len])), None, "cut at {len}");
        }
        let other = EntryKey { start: 6, end: 11, ..key.clone() };
        assert_eq!(decode(&other, &Bytes::from(file)), None);
        assert!(is_name(&name(&key)) && name(&key) != name(&other));
        assert!(!is_name("0.tmp") && !is_name(".lock"));
    }
}
