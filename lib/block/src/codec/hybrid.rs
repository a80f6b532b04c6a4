//! The run-length and bit-packing hybrid of levels and dictionary ids (Parquet encodings, "RLE").

use super::Bad;
use super::varint::Cursor;

/// Calls `run(value, times)` for runs that make exactly `count` numbers of `width` bits.
pub(crate) fn runs(
    bytes: &[u8],
    width: u32,
    count: usize,
    mut run: impl FnMut(u32, usize) -> Result<(), Bad>,
) -> Result<(), Bad> {
    if width > 32 {
        return Err(Bad("invalid bit width"));
    }
    let mut input = Cursor::new(bytes);
    let mut left = count;
    while left > 0 {
        let header = input.varint()?;
        let times = usize::try_from(header >> 1).map_err(|_| Bad("a run is too long"))?;
        if header & 1 == 0 {
            let mut value = [0; 4];
            let len = width.div_ceil(8) as usize;
            value[..len].copy_from_slice(input.take(len)?);
            let times = times.min(left);
            if times == 0 {
                return Err(Bad("an empty run"));
            }
            run(u32::from_le_bytes(value), times)?;
            left -= times;
        } else {
            let len = times.checked_mul(width as usize).ok_or(Bad("a run is too long"))?;
            let packed = input.take(len)?;
            let here = times.saturating_mul(8).min(left);
            if here == 0 {
                return Err(Bad("an empty run"));
            }
            for at in 0..here {
                run(unpack(packed, at * width as usize, width), 1)?;
            }
            left -= here;
        }
    }
    Ok(())
}

/// The `width` bits from bit `at` on, least first.
#[inline]
fn unpack(packed: &[u8], at: usize, width: u32) -> u32 {
    let (byte, shift) = (at / 8, at % 8);
    let bytes = packed.get(byte..).unwrap_or_default();
    let word = match bytes.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(word)
        }
    };
    ((word >> shift) & ((1u64 << width) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_runs() {
        // Five times 1, then 8 packed numbers of 3 bits of which 7 are wanted (the example of the Parquet specification: 0..7).
        let bytes = [5 << 1, 1, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        let mut found = Vec::new();
        runs(&bytes, 3, 12, |value, times| {
            found.extend(std::iter::repeat_n(value, times));
            Ok(())
        })
        .unwrap();
        assert_eq!(found, [1, 1, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6]);
        assert!(runs(&bytes[..4], 3, 12, |_, _| Ok(())).is_err());
        assert!(runs(&[0, 0], 1, 1, |_, _| Ok(())).is_err());
    }
}
