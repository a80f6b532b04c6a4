//! Numbers as planes of their bytes: plane 0 has the lowest byte of each number, plane 1 the next one, and so on.
//!
//! Small numbers have few planes, and what reads them knows how many before it begins: so loops over them have no branches.

mod block;
mod sinks;

use block::{BLOCK, Block};
use sinks::{Integers, Sink, Sums, Times};

use super::bits::unzigzag;
use crate::TimestampMs;

/// Numbers of at most 8 bytes, lowest plane first; planes of zeros at the top are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planes<'a> {
    /// A plane begins each `stride` bytes; it is as long as there are numbers.
    bytes: &'a [u8],
    stride: usize,
    width: usize,
    len: usize,
}

impl<'a> Planes<'a> {
    /// `len` numbers of `width` bytes: a plane begins each `stride` bytes. `None` where there are more than 8 planes, or they end behind
    /// the bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8], stride: usize, width: usize, len: usize) -> Option<Self> {
        let mut all = Self::whole(bytes, stride, width, len)?;
        while all.width > 0 && is_zero(all.plane(all.width - 1)) {
            all.width -= 1;
        }
        Some(all)
    }

    /// `width` planes of `len` numbers, one after the other in `bytes`; `None` where their lengths do not fit.
    pub(super) fn split(bytes: &'a [u8], width: usize, len: usize) -> Option<Self> {
        let all = Self::whole(bytes, len, width, len)?;
        (bytes.len() == len * width).then_some(all)
    }

    fn whole(bytes: &'a [u8], stride: usize, width: usize, len: usize) -> Option<Self> {
        let end = match width {
            0 => 0,
            1..=8 => (width - 1).checked_mul(stride)?.checked_add(len)?,
            _ => return None,
        };
        (end <= bytes.len()).then_some(Self { bytes, stride, width, len })
    }

    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many planes are not all zeros.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    #[inline]
    fn plane(&self, at: usize) -> &'a [u8] {
        let from = at * self.stride;
        self.bytes.get(from..from + self.len).unwrap_or_default()
    }

    /// Appends the planes, one after the other.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        (0..self.width).for_each(|at| out.extend_from_slice(self.plane(at)));
    }

    /// A number; 0 behind the last.
    #[must_use]
    #[inline]
    pub fn get(&self, at: usize) -> u64 {
        if at >= self.len {
            return 0;
        }
        let byte = |plane: usize| self.bytes.get(plane * self.stride + at).copied().unwrap_or(0);
        (0..self.width).rev().fold(0, |word, plane| word << 8 | u64::from(byte(plane)))
    }

    /// The numbers from `from` on and before `to`.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        let to = to.min(self.len);
        let from = from.min(to);
        Self { bytes: self.bytes.get(from..).unwrap_or_default(), len: to - from, ..*self }
    }

    /// Appends `base + i * step` plus the zigzag number `i - 1`, for i from 1. Whether these ascend, and the first is above `before`.
    pub(super) fn add_times(
        &self,
        before: TimestampMs,
        base: TimestampMs,
        step: i64,
        out: &mut Vec<TimestampMs>,
    ) -> bool {
        let from = out.len();
        let mut times = Times::new(base, step, out);
        self.differences(&mut times);
        let known = times.ascend();
        let row = &out[from..];
        row.first().is_none_or(|first| before < *first) && (known || row.is_sorted_by(|a, b| a < b))
    }

    /// Appends the sums of `first` and the zigzag numbers, one number more each time, divided by `power`.
    pub(super) fn add_sums(&self, first: i64, power: f64, out: &mut Vec<f64>) {
        self.differences(&mut Sums { sum: first, power, out });
    }

    /// The same as integers.
    pub(super) fn add_integers(&self, first: i64, out: &mut Vec<i64>) {
        self.differences(&mut Integers { sum: first, out });
    }

    /// The sum of the zigzag numbers.
    pub(super) fn sum(&self) -> i64 {
        let mut sum = 0i64;
        self.for_each(|zigzag| sum = sum.wrapping_add(unzigzag(zigzag)));
        sum
    }

    /// Appends the numbers as the bits of doubles.
    pub(super) fn add_doubles(&self, out: &mut Vec<f64>) {
        self.words(|words| out.extend(words.iter().map(|bits| f64::from_bits(*bits))));
    }

    /// Calls `sink` for each number.
    pub fn for_each(&self, mut sink: impl FnMut(u64)) {
        self.words(|words| words.iter().for_each(|word| sink(*word)));
    }

    /// Hands on what the zigzag numbers are.
    fn differences(&self, sink: &mut impl Sink) {
        match self.width {
            0 => (0..self.len)
                .step_by(BLOCK)
                .for_each(|from| sink.short(&[0; BLOCK], BLOCK.min(self.len - from))),
            1 | 2 => self.blocks::<2>(|block, len| sink.short(&block.small_differences(), len)),
            3 => self.blocks::<4>(|block, len| sink.short(&block.differences(), len)),
            4 => self.blocks::<4>(|block, len| sink.full(&block.differences(), len)),
            _ => self.blocks::<8>(|block, len| sink.wide(&block.wide_differences(), len)),
        }
    }

    /// Hands on the numbers.
    #[inline]
    fn words(&self, mut sink: impl FnMut(&[u64])) {
        match self.width {
            0..=4 => self.blocks::<4>(|block, len| sink(&block.small_numbers()[..len])),
            _ => self.blocks::<8>(|block, len| sink(&block.wide_numbers()[..len])),
        }
    }

    /// Hands on the lowest `W` planes block by block, and how many numbers of each count; planes that are not there are zeros.
    #[inline(always)]
    fn blocks<const W: usize>(&self, mut sink: impl FnMut(Block<'_, W>, usize)) {
        let mut last = [[0; BLOCK]; W];
        let mut planes: [&[[u8; BLOCK]]; W] = [&[]; W];
        for at in 0..W {
            if at < self.width {
                let (blocks, rest) = self.plane(at).as_chunks();
                last[at][..rest.len()].copy_from_slice(rest);
                planes[at] = blocks;
            }
        }
        for (number, from) in (0..self.len).step_by(BLOCK).enumerate() {
            let mut block = [&last[0]; W];
            for at in 0..W {
                // Of a plane that is not there all blocks are like the last one: zeros.
                block[at] = planes[at].get(number).unwrap_or(&last[at]);
            }
            sink(Block(block), BLOCK.min(self.len - from));
        }
    }
}

/// Whether all bytes are zero.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(128).all(|piece| piece.iter().fold(0, |or, byte| or | byte) == 0)
}

#[cfg(test)]
mod tests;
