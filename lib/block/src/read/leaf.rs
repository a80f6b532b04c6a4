//! The values of list columns, left as they lie in their pages: a row's values are slices of its page's bytes.

use bytes::Bytes;

use crate::codec::Bad;
use crate::codec::page::{Page, encoding};

/// The values of a page, as plain numbers or split into the streams of their bytes.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    values: Bytes,
    count: usize,
    split: bool,
}

impl Leaf {
    /// Takes the values of a page; `width` is that of one value in bytes.
    pub(crate) fn new(page: &Page, width: usize) -> Result<Self, Bad> {
        let split = match page.encoding {
            encoding::PLAIN => false,
            encoding::BYTE_STREAM_SPLIT => true,
            _ if page.count == 0 => false,
            _ => return Err(Bad("values are laid out in a way that this version does not know")),
        };
        if page.dictionary || page.values.len() != page.count.saturating_mul(width) {
            return Err(Bad("a page has another size than its values"));
        }
        Ok(Self { values: page.values.clone(), count: page.count, split })
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        self.values.len()
    }

    /// The streams of the bytes of `len` values from `start` on.
    #[inline]
    fn streams<const W: usize>(&self, start: usize, len: usize) -> Result<[&[u8]; W], Bad> {
        let outside = Bad("a row ends behind its page");
        let end = start.checked_add(len).filter(|end| *end <= self.count).ok_or(outside)?;
        let mut streams: [&[u8]; W] = [&[]; W];
        for (at, stream) in streams.iter_mut().enumerate() {
            let from = at * self.count;
            *stream = self.values.get(from + start..from + end).ok_or(outside)?;
        }
        Ok(streams)
    }

    #[inline]
    fn plain(&self, start: usize, len: usize, width: usize) -> Result<&[u8], Bad> {
        let end = start.checked_add(len).ok_or(Bad("a row ends behind its page"))?;
        self.values.get(start * width..end.saturating_mul(width)).ok_or(Bad("a row ends behind its page"))
    }

    /// Appends 32-bit integers.
    pub(crate) fn i32s(&self, start: usize, len: usize, out: &mut Vec<i32>) -> Result<(), Bad> {
        if self.split {
            let [a, b, c, d] = self.streams::<4>(start, len)?;
            let low = a.iter().zip(b).zip(c).zip(d);
            out.extend(low.map(|(((a, b), c), d)| i32::from_le_bytes([*a, *b, *c, *d])));
        } else {
            let plain = self.plain(start, len, 4)?.as_chunks::<4>().0;
            out.extend(plain.iter().map(|bytes| i32::from_le_bytes(*bytes)));
        }
        Ok(())
    }

    /// Appends 64-bit integers.
    pub(crate) fn i64s(&self, start: usize, len: usize, out: &mut Vec<i64>) -> Result<(), Bad> {
        self.words(start, len, |word| out.push(word as i64))
    }

    /// Appends doubles.
    pub(crate) fn f64s(&self, start: usize, len: usize, out: &mut Vec<f64>) -> Result<(), Bad> {
        out.reserve(len.min(self.count));
        self.words(start, len, |word| out.push(f64::from_bits(word)))
    }

    #[inline]
    fn words(&self, start: usize, len: usize, mut push: impl FnMut(u64)) -> Result<(), Bad> {
        if self.split {
            let streams = self.streams::<8>(start, len)?;
            for at in 0..len {
                let mut word = [0; 8];
                word.iter_mut().zip(streams).for_each(|(byte, stream)| *byte = stream[at]);
                push(u64::from_le_bytes(word));
            }
        } else {
            let plain = self.plain(start, len, 8)?.as_chunks::<8>().0;
            plain.iter().for_each(|bytes| push(u64::from_le_bytes(*bytes)));
        }
        Ok(())
    }
}
