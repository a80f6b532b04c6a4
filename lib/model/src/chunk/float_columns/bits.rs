//! A bit stream that is read by loads of 8 bytes.

use super::super::Error;
use super::super::bits::BitReader;

/// Bits with a copy of their end, behind which zeros follow.
pub(super) struct Bits<'a> {
    pub(super) data: &'a [u8],
    /// In bits; at most `8 * data.len()`.
    pub(super) at: usize,
    tail: [u8; 16],
    tail_start: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        let tail_start = data.len().saturating_sub(8);
        let mut tail = [0; 16];
        tail.iter_mut().zip(&data[tail_start..]).for_each(|(tail, byte)| *tail = *byte);
        Self { data, at: 0, tail, tail_start }
    }

    /// The next 57 bits or more, left-aligned; zeros behind the end.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.peek_at(self.at)
    }

    /// The same from another place.
    #[inline(always)]
    pub(super) fn peek_at(&self, at: usize) -> u64 {
        inside(self.data, at).unwrap_or_else(|| {
            let byte = at / 8;
            let tail = self.tail.get(byte - self.tail_start.min(byte)..);
            tail.and_then(|rest| rest.first_chunk::<8>()).map_or(0, |bytes| u64::from_be_bytes(*bytes))
                << (at % 8)
        })
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, n: usize) -> Result<(), Error> {
        self.at += n;
        if self.at <= 8 * self.data.len() { Ok(()) } else { Err(Error::Truncated) }
    }

    /// The next `n` bits, `1 <= n <= 64`.
    #[inline(always)]
    pub(super) fn read(&mut self, n: u32) -> Result<u64, Error> {
        if n <= 56 {
            let value = self.peek() >> (64 - n);
            self.skip(n as usize)?;
            return Ok(value);
        }
        let high = self.peek() >> 32;
        self.skip(32)?;
        let low = self.peek() >> (96 - n);
        self.skip(n as usize - 32)?;
        Ok(high << (n - 32) | low)
    }

    /// Reads by the code that reads one sample at a time.
    #[cold]
    pub(super) fn slowly<T>(
        &mut self,
        read: impl FnOnce(&mut BitReader<'a>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut reader = BitReader::new(self.data);
        reader.skip(u32::try_from(self.at).map_err(|_| Error::TooLarge)?)?;
        let value = read(&mut reader)?;
        self.at = 8 * self.data.len() - reader.remaining();
        Ok(value)
    }
}

/// 57 bits of `data` or more from `at` on, left-aligned; `None` near its end.
#[inline(always)]
pub(super) fn inside(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at / 8..)?.first_chunk::<8>()?;
    Some(u64::from_be_bytes(*bytes) << (at % 8))
}
