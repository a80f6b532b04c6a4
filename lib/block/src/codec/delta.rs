//! `DELTA_BINARY_PACKED`: integers by bit-packed differences (Parquet encodings, "Delta encoding").

use super::Bad;
use super::varint::Cursor;

/// Appends exactly `count` numbers to `out`; fails where the page holds another number of them.
pub(crate) fn decode(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), Bad> {
    let mut input = Cursor::new(bytes);
    let block = usize::try_from(input.varint()?).map_err(|_| Bad("a block is too large"))?;
    let miniblocks = usize::try_from(input.varint()?).map_err(|_| Bad("a block has too many miniblocks"))?;
    let total = input.varint()?;
    let first = input.zigzag()?;
    if total != count as u64 {
        return Err(Bad("another number of values than rows"));
    }
    if miniblocks == 0 || block > 1 << 20 || !block.is_multiple_of(miniblocks) {
        return Err(Bad("invalid block size"));
    }
    let per_miniblock = block / miniblocks;
    if per_miniblock == 0 || !per_miniblock.is_multiple_of(8) {
        return Err(Bad("invalid miniblock size"));
    }
    if count == 0 {
        return Ok(());
    }
    out.reserve(count);
    out.push(first);
    let (mut value, mut left) = (first, count - 1);
    while left > 0 {
        let least = input.zigzag()?;
        let widths = input.take(miniblocks)?;
        for width in widths {
            if left == 0 {
                break;
            }
            let bits = usize::from(*width);
            if bits > 64 {
                return Err(Bad("invalid bit width"));
            }
            let packed = input.take(per_miniblock * bits / 8)?;
            let here = left.min(per_miniblock);
            let from = out.len();
            out.resize(from + here, 0);
            // Most columns of scalars hardly change.
            if bits == 0 {
                for slot in &mut out[from..] {
                    value = value.wrapping_add(least);
                    *slot = value;
                }
            } else {
                for (at, slot) in out[from..].iter_mut().enumerate() {
                    let difference = unpack(packed, at * bits, bits).cast_signed();
                    value = value.wrapping_add(least).wrapping_add(difference);
                    *slot = value;
                }
            }
            left -= here;
        }
    }
    Ok(())
}

/// The `width` bits from bit `at` on, least first; `packed` has them all. The width is 1 to 64.
#[inline]
fn unpack(packed: &[u8], at: usize, width: usize) -> u64 {
    let (byte, shift) = (at / 8, at % 8);
    let bytes = packed.get(byte..).unwrap_or_default();
    if let (true, Some(word)) = (width + shift <= 64, bytes.first_chunk::<8>()) {
        return (u64::from_le_bytes(*word) >> shift) & (u64::MAX >> (64 - width));
    }
    let mut word = [0; 16];
    let len = bytes.len().min(16);
    word[..len].copy_from_slice(&bytes[..len]);
    (u128::from_le_bytes(word) >> shift) as u64 & (u64::MAX >> (64 - width))
}
