//! Bits, the highest first (Prometheus `tsdb/chunkenc/bstream.go`, `varbit.go`).

/// A chunk in the making.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are still free.
    free: u32,
}

/// What an XOR-ed value was last written with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Xor {
    bits: u64,
    /// Leading and trailing zeros that the last difference was written without.
    window: Option<(u32, u32)>,
}

impl Bits {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends the lowest `count` bits of `value`.
    pub(super) fn push(&mut self, value: u64, count: u32) {
        let mut left = count.min(64);
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let take = left.min(self.free);
            let part = (value >> (left - take)) & ((1 << take) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part as u8) << (self.free - take);
            }
            self.free -= take;
            left -= take;
        }
    }

    pub(super) fn push_float(&mut self, value: f64) {
        self.push(value.to_bits(), 64);
    }

    /// Groups of seven bits, the lowest first.
    pub(super) fn push_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.push(value, 8);
    }

    /// Signed, in one to nine bytes' worth of bits.
    pub(super) fn push_varbit_int(&mut self, value: i64) {
        let fits = |bits: u32| -(1i64 << (bits - 1)) < value && value <= 1i64 << (bits - 1);
        self.push_varbit(value == 0, fits, value.cast_unsigned());
    }

    /// Unsigned, in the same sizes.
    pub(super) fn push_varbit_uint(&mut self, value: u64) {
        self.push_varbit(value == 0, |bits| value >> bits == 0, value);
    }

    /// As many ones as the size's number and a zero, then the value.
    fn push_varbit(&mut self, zero: bool, fits: impl Fn(u32) -> bool, value: u64) {
        const SIZES: [u32; 7] = [3, 6, 9, 12, 18, 25, 56];
        if zero {
            return self.push(0, 1);
        }
        match SIZES.into_iter().zip(1..).find(|(size, _)| fits(*size)) {
            Some((size, ones)) => {
                self.push(u64::MAX << 1, ones + 1);
                self.push(value, size);
            }
            None => {
                self.push(u64::MAX, 8);
                self.push(value, 64);
            }
        }
    }
}

impl Xor {
    /// The first value, which was written as it is.
    pub(super) fn new(value: f64) -> Self {
        Self { bits: value.to_bits(), window: None }
    }

    /// Appends the difference to the value before.
    pub(super) fn push(&mut self, bits: &mut Bits, value: f64) {
        let delta = value.to_bits() ^ self.bits;
        self.bits = value.to_bits();
        if delta == 0 {
            return bits.push(0, 1);
        }
        bits.push(1, 1);
        let (leading, trailing) = (delta.leading_zeros().min(31), delta.trailing_zeros());
        if let Some((held_leading, held_trailing)) = self.window
            && leading >= held_leading
            && trailing >= held_trailing
        {
            bits.push(0, 1);
            return bits.push(delta >> held_trailing, 64 - held_leading - held_trailing);
        }
        self.window = Some((leading, trailing));
        let significant = 64 - leading - trailing;
        bits.push(1, 1);
        bits.push(leading.into(), 5);
        // 64 does not fit and is read from 0.
        bits.push(significant.into(), 6);
        bits.push(delta >> trailing, significant);
    }
}

#[cfg(test)]
pub(super) mod reader {
    //! The other direction, for tests.

    pub(crate) struct BitReader<'a>(pub(crate) &'a [u8], pub(crate) usize);

    impl BitReader<'_> {
        pub(crate) fn take(&mut self, count: u32) -> u64 {
            (0..count).fold(0, |value, _| {
                let bit = self.0[self.1 / 8] >> (7 - self.1 % 8) & 1;
                self.1 += 1;
                value << 1 | u64::from(bit)
            })
        }

        pub(crate) fn float(&mut self) -> f64 {
            f64::from_bits(self.take(64))
        }

        pub(crate) fn varint(&mut self) -> u64 {
            let (mut value, mut shift) = (0, 0);
            loop {
                let byte = self.take(8);
                value |= (byte & 0x7f) << shift;
                if byte < 0x80 {
                    return value;
                }
                shift += 7;
            }
        }

        pub(crate) fn signed(&mut self, size: u32) -> i64 {
            let value = self.take(size);
            if (1..64).contains(&size) && value > 1 << (size - 1) {
                value as i64 - (1i64 << size)
            } else {
                value as i64
            }
        }

        fn varbit_size(&mut self) -> u32 {
            let mut ones = 0;
            while ones < 8 && self.take(1) == 1 {
                ones += 1;
            }
            [0, 3, 6, 9, 12, 18, 25, 56, 64][ones]
        }

        pub(crate) fn varbit_int(&mut self) -> i64 {
            let size = self.varbit_size();
            self.signed(size)
        }

        pub(crate) fn varbit_uint(&mut self) -> u64 {
            let size = self.varbit_size();
            self.take(size)
        }

        pub(crate) fn xor(&mut self, value: &mut f64, window: &mut (u32, u32)) {
            if self.take(1) == 0 {
                return;
            }
            if self.take(1) == 1 {
                let leading = self.take(5) as u32;
                let significant = match self.take(6) as u32 {
                    0 => 64,
                    n => n,
                };
                *window = (leading, 64 - leading - significant);
            }
            let delta = self.take(64 - window.0 - window.1) << window.1;
            *value = f64::from_bits(value.to_bits() ^ delta);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reader::BitReader;
    use super::*;

    #[test]
    fn varbits_read_back_at_every_size() {
        let mut signed = vec![0, i64::MIN, i64::MAX];
        for shift in 0..63 {
            signed.extend([(1i64 << shift) - 1, 1 << shift, (1 << shift) + 1]);
        }
        signed.extend(signed.clone().iter().map(|v| v.wrapping_neg()));
        let mut bits = Bits::default();
        for v in &signed {
            bits.push_varbit_int(*v);
            bits.push_varbit_uint(v.cast_unsigned());
            bits.push_varint(v.cast_unsigned());
        }
        let bytes = bits.into_bytes();
        let mut reader = BitReader(&bytes, 0);
        for v in &signed {
            assert_eq!(reader.varbit_int(), *v);
            assert_eq!(reader.varbit_uint(), v.cast_unsigned());
            assert_eq!(reader.varint(), v.cast_unsigned());
        }
    }
}
