//! What is made of differences, block by block.

use super::block::{BLOCK, each};
use crate::TimestampMs;

/// The bits of this with an integer below 2^51 added, as a double, less this: is the integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// From integers below this a block of 4-byte differences does not reach 2^51.
const QUICK: u64 = 1 << 50;

/// Takes the first `len` of a block of differences. Only the last block may not be full.
pub(super) trait Sink {
    /// Differences of at most 3 bytes: a block of them adds up to less than 2^30 either way.
    fn short(&mut self, differences: &[i32; BLOCK], len: usize);

    /// Differences of at most 4 bytes.
    fn full(&mut self, differences: &[i32; BLOCK], len: usize);

    /// Differences of any size.
    fn wide(&mut self, differences: &[i64; BLOCK], len: usize);
}

/// Times: differences from a grid.
pub(super) struct Times<'o> {
    /// Where the grid goes on.
    next: TimestampMs,
    step: i64,
    /// The difference of the time before.
    last: i32,
    /// Below zero where a time is not above the one before.
    signs: i32,
    /// Whether all times were looked at, and none was out of the range of times.
    is_known: bool,
    out: &'o mut Vec<TimestampMs>,
}

impl<'o> Times<'o> {
    /// From `base + step` on.
    pub(super) fn new(base: TimestampMs, step: i64, out: &'o mut Vec<TimestampMs>) -> Self {
        // Far from where times would wrap around, and steps so small that they can be compared in 4 bytes.
        let is_known = base.unsigned_abs() < 1 << 62 && step.unsigned_abs() < 1 << 28;
        Self { next: base.wrapping_add(step), step, last: i32::MIN >> 4, signs: 0, is_known, out }
    }

    /// Whether all times are known to ascend; else they may or may not.
    pub(super) fn ascend(&self) -> bool {
        self.is_known && self.signs >= 0
    }
}

impl Times<'_> {
    /// Differences that may be large.
    fn each<T: Copy + Into<i64>>(&mut self, differences: &[T]) {
        self.is_known = false;
        for difference in differences {
            self.out.push(self.next.wrapping_add((*difference).into()));
            self.next = self.next.wrapping_add(self.step);
        }
    }
}

impl Sink for Times<'_> {
    #[inline(always)]
    fn short(&mut self, differences: &[i32; BLOCK], len: usize) {
        let step = self.step as i32;
        let rise = |from: i32, to: i32| to.wrapping_sub(from).wrapping_add(step).wrapping_sub(1);
        self.signs |= rise(self.last, differences[0]);
        if len == BLOCK {
            for i in 1..BLOCK {
                self.signs |= rise(differences[i - 1], differences[i]);
            }
        } else {
            for i in 1..len {
                self.signs |= rise(differences[i - 1], differences[i]);
            }
        }
        self.last = differences[BLOCK - 1];
        let (mut times, mut grid) = ([0; BLOCK], self.next);
        for i in 0..BLOCK {
            times[i] = grid.wrapping_add(i64::from(differences[i]));
            grid = grid.wrapping_add(self.step);
        }
        self.next = grid;
        self.out.extend_from_slice(&times[..len]);
    }

    fn full(&mut self, differences: &[i32; BLOCK], len: usize) {
        self.each(&differences[..len]);
    }

    fn wide(&mut self, differences: &[i64; BLOCK], len: usize) {
        self.each(&differences[..len]);
    }
}

/// Values: sums of integers, divided.
pub(super) struct Sums<'o> {
    pub(super) sum: i64,
    pub(super) power: f64,
    pub(super) out: &'o mut Vec<f64>,
}

impl Sums<'_> {
    #[inline(always)]
    fn divide(&mut self, mut values: [f64; BLOCK], len: usize) {
        if self.power != 1.0 {
            let power = self.power;
            values = each(&values, |value| value / power);
        }
        self.out.extend_from_slice(&values[..len]);
    }
}

impl Sink for Sums<'_> {
    #[inline(always)]
    fn short(&mut self, differences: &[i32; BLOCK], len: usize) {
        let (mut sums, mut sum) = ([0i32; BLOCK], 0i32);
        for i in 0..BLOCK {
            sum = sum.wrapping_add(differences[i]);
            sums[i] = sum;
        }
        if self.sum.unsigned_abs() < 1 << 52 {
            // All sums are exact in a double: as sums of two doubles, several are made at once.
            let base = self.sum as f64;
            self.divide(each(&sums, |sum| base + f64::from(sum)), len);
        } else {
            let base = self.sum;
            self.divide(each(&sums, |sum| base.wrapping_add(i64::from(sum)) as f64), len);
        }
        self.sum = self.sum.wrapping_add(i64::from(sum));
    }

    #[inline(always)]
    fn full(&mut self, differences: &[i32; BLOCK], len: usize) {
        let is_quick = self.sum.unsigned_abs() < QUICK;
        let mut sums = [0i64; BLOCK];
        for i in 0..BLOCK {
            self.sum = self.sum.wrapping_add(i64::from(differences[i]));
            sums[i] = self.sum;
        }
        if is_quick {
            // Two instructions that work on several at once, where the conversion is one by one.
            let round = ROUND.to_bits().cast_signed();
            let float = |sum: i64| f64::from_bits(sum.wrapping_add(round).cast_unsigned()) - ROUND;
            self.divide(each(&sums, float), len);
        } else {
            self.divide(each(&sums, |sum| sum as f64), len);
        }
    }

    fn wide(&mut self, differences: &[i64; BLOCK], len: usize) {
        for difference in &differences[..len] {
            self.sum = self.sum.wrapping_add(*difference);
            self.out.push(self.sum as f64 / self.power);
        }
    }
}

/// Sums of integers.
pub(super) struct Integers<'o> {
    pub(super) sum: i64,
    pub(super) out: &'o mut Vec<i64>,
}

impl Sink for Integers<'_> {
    fn short(&mut self, differences: &[i32; BLOCK], len: usize) {
        self.each(&differences[..len]);
    }

    fn full(&mut self, differences: &[i32; BLOCK], len: usize) {
        self.each(&differences[..len]);
    }

    fn wide(&mut self, differences: &[i64; BLOCK], len: usize) {
        self.each(&differences[..len]);
    }
}

impl Integers<'_> {
    fn each<T: Copy + Into<i64>>(&mut self, differences: &[T]) {
        for difference in differences {
            self.sum = self.sum.wrapping_add((*difference).into());
            self.out.push(self.sum);
        }
    }
}
