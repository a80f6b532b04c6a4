//! The values of list columns, left as they lie in their pages: a row's values are slices of its page's bytes.

use bytes::Bytes;
use mneme_model::chunk::Planes;

use crate::codec::Bad;
use crate::codec::page::{Page, encoding};

/// The values of a page, as plain numbers or split into the streams of their bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaf {
    values: Bytes,
    count: usize,
    width: usize,
    split: bool,
}

/// How whoever reads values wants them to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// As they come.
    Any,
    /// One after the other.
    Plain,
    /// As streams of their bytes.
    Split,
}

impl Leaf {
    /// Takes the values of a page; `width` is that of one value in bytes.
    pub(crate) fn new(page: &Page, width: usize, want: Want) -> Result<Self, Bad> {
        let split = match page.encoding {
            encoding::PLAIN => false,
            encoding::BYTE_STREAM_SPLIT => true,
            _ if page.count == 0 => false,
            _ => return Err(Bad("values are laid out in a way that this version does not know")),
        };
        if page.dictionary || page.values.len() != page.count.saturating_mul(width) {
            return Err(Bad("a page has another size than its values"));
        }
        let leaf = Self { values: page.values.clone(), count: page.count, width, split };
        // Our writer lays them out as readers want them; another one may not.
        Ok(match (want, split) {
            (Want::Plain, true) => Self { values: joined(&leaf).into(), split: false, ..leaf },
            (Want::Split, false) => Self { values: parted(&leaf).into(), split: true, ..leaf },
            _ => leaf,
        })
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The values' bytes.
    pub(crate) fn into_values(self) -> Bytes {
        self.values
    }

    /// Keeps only the streams that are not all zeros, in memory of their own; gives what is not held any more.
    pub(crate) fn narrow(&mut self) -> Bytes {
        let is_zero =
            |stream: &[u8]| stream.chunks(1024).all(|some| some.iter().fold(0, |all, byte| all | byte) == 0);
        let stream = |at: usize| self.values.get(at * self.count..(at + 1) * self.count).unwrap_or_default();
        let mut width = self.width;
        while self.split && width > 1 && is_zero(stream(width - 1)) {
            width -= 1;
        }
        if width == self.width {
            return Bytes::new();
        }
        self.width = width;
        let kept = self.values.get(..width * self.count).unwrap_or_default();
        let kept = Bytes::copy_from_slice(kept);
        std::mem::replace(&mut self.values, kept)
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        self.values.len()
    }

    /// The streams of the bytes of `len` values from `start` on.
    #[inline]
    pub(crate) fn planes(&self, start: usize, len: usize) -> Result<Planes<'_>, Bad> {
        let outside = Bad("a row ends behind its page");
        if !self.split && len > 0 {
            return Err(Bad("values do not lie as streams"));
        }
        if start.checked_add(len).is_none_or(|end| end > self.count) {
            return Err(outside);
        }
        let values = self.values.get(start..).ok_or(outside)?;
        Planes::new(values, self.count, if len == 0 { 0 } else { self.width }, len).ok_or(outside)
    }

    /// The bytes of `len` values from `start` on, one after the other.
    #[inline]
    pub(crate) fn plain(&self, start: usize, len: usize) -> Result<&[u8], Bad> {
        if self.split && len > 0 {
            return Err(Bad("values lie as streams"));
        }
        let end = start.checked_add(len).ok_or(Bad("a row ends behind its page"))?;
        let range = start.saturating_mul(self.width)..end.saturating_mul(self.width);
        self.values.get(range).ok_or(Bad("a row ends behind its page"))
    }

    /// Appends 32-bit integers.
    pub(crate) fn i32s(&self, start: usize, len: usize, out: &mut Vec<i32>) -> Result<(), Bad> {
        self.words::<4>(start, len, |word| out.push(word as i32))
    }

    /// Appends 64-bit integers.
    pub(crate) fn i64s(&self, start: usize, len: usize, out: &mut Vec<i64>) -> Result<(), Bad> {
        self.words::<8>(start, len, |word| out.push(word as i64))
    }

    /// Appends doubles.
    pub(crate) fn f64s(&self, start: usize, len: usize, out: &mut Vec<f64>) -> Result<(), Bad> {
        self.words::<8>(start, len, |word| out.push(f64::from_bits(word)))
    }

    fn words<const W: usize>(&self, start: usize, len: usize, mut push: impl FnMut(u64)) -> Result<(), Bad> {
        if self.split {
            self.planes(start, len)?.for_each(push);
        } else {
            for bytes in self.plain(start, len)?.as_chunks::<W>().0 {
                let mut word = [0; 8];
                word[..W].copy_from_slice(bytes);
                push(u64::from_le_bytes(word));
            }
        }
        Ok(())
    }
}

/// Streams as plain values.
fn joined(leaf: &Leaf) -> Vec<u8> {
    let byte = |at: usize| (0..leaf.width).map(move |stream| leaf.values[stream * leaf.count + at]);
    (0..leaf.count).flat_map(byte).collect()
}

/// Plain values as streams.
fn parted(leaf: &Leaf) -> Vec<u8> {
    (0..leaf.width).flat_map(|stream| leaf.values.iter().skip(stream).step_by(leaf.width).copied()).collect()
}
