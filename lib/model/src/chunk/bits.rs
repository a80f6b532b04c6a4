//! Bit streams, most significant bit first, and the variable-length integer of all chunk encodings.

use super::Error;

/// Payload widths of [`BitWriter::write_varbit`]: class `i` is `i` ones, a zero (not for the last class) and `WIDTHS[i]` bits.
pub(super) const WIDTHS: [u32; 9] = [0, 3, 6, 9, 13, 18, 25, 40, 64];

/// Small magnitudes of either sign to small numbers: 0, -1, 1, -2, 2 ... to 0, 1, 2, 3, 4.
#[inline(always)]
pub(super) fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[inline(always)]
pub(super) fn unzigzag(u: u64) -> i64 {
    (u >> 1) as i64 ^ -((u & 1) as i64)
}

/// Writes bits into a block that grows tightly. 24 bytes itself: every active series has one.
#[derive(Clone, Debug, Default)]
pub(super) struct BitWriter {
    /// The whole bytes, then spare room.
    block: Box<[u8]>,
    /// How many whole bytes.
    whole: u32,
    tail: u8,
    tail_bits: u8,
}

impl BitWriter {
    /// Appends the low `n` bits of `value`; `1 <= n <= 56`, `value < 2^n`.
    ///
    /// # Panics
    /// At 4 GiB, which no chunk reaches.
    #[inline]
    pub(super) fn write(&mut self, value: u64, n: u32) {
        debug_assert!((1..=56).contains(&n) && value >> n == 0, "{value} does not fit {n} bits");
        let total = u32::from(self.tail_bits) + n;
        let bytes = (((u64::from(self.tail) << n) | value) << (64 - total)).to_be_bytes();
        let new = (total / 8) as usize;
        let at = self.whole as usize;
        match self.block.get_mut(at..at + 8) {
            // One store: what is behind the new bytes is spare.
            Some(spare) => spare.copy_from_slice(&bytes),
            None => self.write_near_end(&bytes[..new]),
        }
        self.whole += new as u32;
        let rest = total % 8;
        self.tail = if rest == 0 { 0 } else { bytes[new] >> (8 - rest) };
        self.tail_bits = rest as u8;
    }

    #[inline(never)]
    fn write_near_end(&mut self, bytes: &[u8]) {
        let at = self.whole as usize;
        if self.block.len() < at + bytes.len() {
            self.grow();
        }
        self.block[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Appends the low `n` bits of `value`; `1 <= n <= 64`.
    pub(super) fn write_wide(&mut self, value: u64, n: u32) {
        if n > 56 {
            self.write((value >> 32) & ((1 << (n - 32)) - 1), n - 32);
            self.write(value & 0xffff_ffff, 32);
        } else {
            self.write(value & ((1 << n) - 1), n);
        }
    }

    /// Appends an integer that is small or zero most of the time.
    #[inline]
    pub(super) fn write_varbit(&mut self, v: i64) {
        if v == 0 {
            return self.write(0, 1);
        }
        let u = zigzag(v);
        let len = 64 - u.leading_zeros();
        let class = WIDTHS[..8].iter().position(|&width| len <= width).unwrap_or(8) as u32;
        let prefix_bits = if class == 8 { 8 } else { class + 1 };
        let prefix = if class == 8 { 0xff } else { (1 << (class + 1)) - 2 };
        let width = WIDTHS[class as usize];
        if prefix_bits + width <= 56 {
            self.write((prefix << width) | u, prefix_bits + width);
        } else {
            self.write(prefix, prefix_bits);
            self.write_wide(u, width);
        }
    }

    /// Forgets what was written and keeps the block.
    pub(super) fn clear(&mut self) {
        (self.whole, self.tail, self.tail_bits) = (0, 0, 0);
    }

    /// Bytes written so far, the last one padded with zero bits.
    pub(super) fn len(&self) -> usize {
        self.whole as usize + usize::from(self.tail_bits > 0)
    }

    /// Heap bytes held.
    pub(super) fn capacity(&self) -> usize {
        self.block.len()
    }

    /// A copy of the bytes without spare room.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len());
        self.append_to(&mut bytes);
        bytes
    }

    /// Appends a copy of the bytes, [`Self::len`] of them.
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.block[..self.whole as usize]);
        if self.tail_bits > 0 {
            out.push(self.tail << (8 - self.tail_bits));
        }
    }

    /// To the next size that allocators have without waste: steps of 16 bytes, then four to each doubling.
    #[cold]
    fn grow(&mut self) {
        let len = self.block.len();
        let step = if len < 64 { 16 } else { 1 << (len / 4).ilog2() };
        assert!(u32::try_from(len + step).is_ok(), "a chunk of 4 GiB");
        let mut block = std::mem::take(&mut self.block).into_vec();
        block.reserve_exact(step);
        block.resize(len + step, 0);
        self.block = block.into_boxed_slice();
    }
}

/// Reads what [`BitWriter`] wrote.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    /// In bits; at most `8 * data.len()`.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Bits not yet read.
    pub(super) fn remaining(&self) -> usize {
        self.data.len() * 8 - self.at
    }

    /// The next 57 bits or more, left-aligned; zeros behind the end.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        let rest = self.data.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => {
                rest.iter().enumerate().fold(0, |word, (i, &byte)| word | (u64::from(byte) << (56 - 8 * i)))
            }
        };
        word << (self.at % 8)
    }

    /// Passes over `n` bits that were looked at.
    #[inline]
    pub(super) fn skip(&mut self, n: u32) -> Result<(), Error> {
        if self.remaining() < n as usize {
            return Err(Error::Truncated);
        }
        self.at += n as usize;
        Ok(())
    }

    /// The next `n` bits, `n <= 56`.
    #[inline]
    pub(super) fn read(&mut self, n: u32) -> Result<u64, Error> {
        if n == 0 {
            return Ok(0);
        }
        let value = self.peek() >> (64 - n);
        self.skip(n)?;
        Ok(value)
    }

    /// The next `n` bits, `n <= 64`.
    pub(super) fn read_wide(&mut self, n: u32) -> Result<u64, Error> {
        if n > 56 { Ok((self.read(n - 32)? << 32) | self.read(32)?) } else { self.read(n) }
    }

    /// The next bit.
    #[inline]
    pub(super) fn read_bit(&mut self) -> Result<bool, Error> {
        Ok(self.read(1)? == 1)
    }

    /// What [`BitWriter::write_varbit`] wrote.
    #[inline]
    pub(super) fn read_varbit(&mut self) -> Result<i64, Error> {
        let word = self.peek();
        if word >> 63 == 0 {
            self.skip(1)?;
            return Ok(0);
        }
        let class = word.leading_ones().min(8);
        self.skip(if class == 8 { 8 } else { class + 1 })?;
        Ok(unzigzag(self.read_wide(WIDTHS[class as usize])?))
    }

    /// A count of things that take at least `bits` bits each.
    pub(super) fn read_len(&mut self, bits: usize) -> Result<usize, Error> {
        let len = usize::try_from(self.read_varbit()?).map_err(|_| Error::Invalid("length"))?;
        if len.saturating_mul(bits) > self.remaining() { Err(Error::Truncated) } else { Ok(len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_grows_by_a_quarter_at_most() {
        let mut writer = BitWriter::default();
        let mut sizes = vec![0];
        for i in 0..1000u64 {
            writer.write(i & 0xff, 8);
            if Some(&writer.capacity()) != sizes.last() {
                sizes.push(writer.capacity());
            }
            assert_eq!(writer.len(), i as usize + 1);
        }
        assert_eq!(sizes[..12], [0, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224]);
        assert_eq!(writer.to_vec(), (0..1000).map(|i| i as u8).collect::<Vec<u8>>());
    }

    #[test]
    fn integers_of_every_class_come_back() {
        let mut values = vec![0, 1, -1, i64::MAX, i64::MIN];
        values.extend((0..63).flat_map(|shift| [(1i64 << shift) - 1, 1i64 << shift, -(1i64 << shift)]));
        let mut writer = BitWriter::default();
        for &v in &values {
            writer.write_varbit(v);
            writer.write_wide(v as u64, 64);
            writer.write(1, 1);
        }
        let bytes = writer.to_vec();
        assert_eq!(bytes.len(), writer.len());
        let mut reader = BitReader::new(&bytes);
        for &v in &values {
            assert_eq!(reader.read_varbit(), Ok(v));
            assert_eq!(reader.read_wide(64), Ok(v as u64));
            assert_eq!(reader.read_bit(), Ok(true));
        }
        assert!(reader.remaining() < 8);
        assert_eq!(reader.read(8), Err(Error::Truncated));
    }
}
