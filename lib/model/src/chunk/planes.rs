//! Numbers as planes of their bytes: plane 0 has the lowest byte of each number, plane 1 the next one, and so on.
//!
//! Small numbers have few planes, and what reads them knows how many before it begins: so loops over them have no branches.

use super::bits::unzigzag;
use crate::TimestampMs;

/// Numbers are made in blocks of so many: what a block is made of stays in the fastest cache.
const BLOCK: usize = 128;

/// The bits of this with an integer below 2^51 added, as a double, less this: is the integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// From integers below this a block of 4-byte differences does not reach 2^51.
const QUICK: u64 = 1 << 50;

/// Numbers of at most 8 bytes, lowest plane first; planes of zeros at the top are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planes<'a> {
    planes: [&'a [u8]; 8],
    width: usize,
    len: usize,
}

impl<'a> Planes<'a> {
    /// The planes of `len` numbers; `None` where there are more than 8 or one has another length.
    #[must_use]
    pub fn new(planes: &[&'a [u8]], len: usize) -> Option<Self> {
        if planes.len() > 8 || planes.iter().any(|plane| plane.len() != len) {
            return None;
        }
        let mut all = Self { len, ..Self::default() };
        all.planes[..planes.len()].copy_from_slice(planes);
        all.width = planes
            .iter()
            .rposition(|plane| plane.iter().fold(0, |or, byte| or | byte) != 0)
            .map_or(0, |at| at + 1);
        Some(all)
    }

    /// `width` planes of `len` numbers, one after the other in `bytes`; `None` where their lengths do not fit.
    pub(super) fn split(bytes: &'a [u8], width: usize, len: usize) -> Option<Self> {
        if width > 8 || bytes.len() != len.checked_mul(width)? {
            return None;
        }
        let mut all = Self { len, width, ..Self::default() };
        for (at, plane) in all.planes[..width].iter_mut().enumerate() {
            *plane = bytes.get(at * len..(at + 1) * len)?;
        }
        Some(all)
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

    /// Appends the planes, one after the other.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.planes[..self.width].iter().for_each(|plane| out.extend_from_slice(plane));
    }

    /// A number; 0 behind the last.
    #[must_use]
    pub fn get(&self, at: usize) -> u64 {
        let byte = |plane: &&[u8]| plane.get(at).copied().unwrap_or(0);
        self.planes[..self.width].iter().rev().fold(0, |word, plane| word << 8 | u64::from(byte(plane)))
    }

    /// Appends `base + i * step` plus the zigzag number `i - 1`, for i from 1.
    pub(super) fn add_times(&self, base: TimestampMs, step: i64, out: &mut Vec<TimestampMs>) {
        self.differences(self.len, &mut Times { grid: Grid::new(base, step), out });
    }

    /// Appends the sums of `first` and the first `count` zigzag numbers, one number more each time, divided by `power`.
    pub(super) fn add_sums(&self, count: usize, first: i64, power: f64, out: &mut Vec<f64>) {
        self.differences(count, &mut Sums { sum: first, power, out });
    }

    /// The same as integers.
    pub(super) fn add_integers(&self, count: usize, first: i64, out: &mut Vec<i64>) {
        self.differences(count, &mut Integers { sum: first, out });
    }

    /// Appends the first `count` numbers as the bits of doubles.
    pub(super) fn add_doubles(&self, count: usize, out: &mut Vec<f64>) {
        self.each(count, &mut |block: &[u64]| out.extend(block.iter().map(|bits| f64::from_bits(*bits))));
    }

    /// Calls `sink` for each number.
    pub fn for_each(&self, mut sink: impl FnMut(u64)) {
        self.each(self.len, &mut |block: &[u64]| block.iter().for_each(|word| sink(*word)));
    }

    /// Hands on what the first `count` zigzag numbers are, in blocks.
    fn differences(&self, count: usize, sink: &mut impl Differences) {
        let count = count.min(self.len);
        match self.width {
            0 => (0..count)
                .step_by(BLOCK)
                .for_each(|from| sink.take(&[0i32; BLOCK][..BLOCK.min(count - from)])),
            1 => self.narrow::<1>(count, sink),
            2 => self.narrow::<2>(count, sink),
            3 => self.narrow::<3>(count, sink),
            4 => self.narrow::<4>(count, sink),
            _ => {
                let mut numbers = [0i64; BLOCK];
                self.each(count, &mut |block: &[u64]| {
                    let numbers = &mut numbers[..block.len()];
                    numbers.iter_mut().zip(block).for_each(|(number, zigzag)| *number = unzigzag(*zigzag));
                    sink.take(numbers);
                });
            }
        }
    }

    /// Of numbers of 4 bytes twice as many are worked on at once.
    #[inline(always)]
    fn narrow<const W: usize>(&self, count: usize, sink: &mut impl Differences) {
        let (mut words, mut numbers) = ([0u32; BLOCK], [0i32; BLOCK]);
        for from in (0..count).step_by(BLOCK) {
            let len = BLOCK.min(count - from);
            let (words, numbers) = (&mut words[..len], &mut numbers[..len]);
            let plane = |at: usize| self.planes[at].get(from..from + len).unwrap_or_default();
            words.iter_mut().zip(plane(0)).for_each(|(word, byte)| *word = u32::from(*byte));
            for at in 1..W {
                words
                    .iter_mut()
                    .zip(plane(at))
                    .for_each(|(word, byte)| *word |= u32::from(*byte) << (8 * at));
            }
            for (number, word) in numbers.iter_mut().zip(&*words) {
                *number = (word >> 1).cast_signed() ^ (word & 1).cast_signed().wrapping_neg();
            }
            sink.take(numbers);
        }
    }

    /// Hands on the first `count` numbers in blocks.
    #[inline(always)]
    fn each(&self, count: usize, sink: &mut impl FnMut(&[u64])) {
        let count = count.min(self.len);
        match self.width {
            0 => zeros(count, sink),
            1 => self.blocks::<1>(count, sink),
            2 => self.blocks::<2>(count, sink),
            3 => self.blocks::<3>(count, sink),
            4 => self.blocks::<4>(count, sink),
            5 => self.blocks::<5>(count, sink),
            6 => self.blocks::<6>(count, sink),
            7 => self.blocks::<7>(count, sink),
            _ => self.blocks::<8>(count, sink),
        }
    }

    #[inline(always)]
    fn blocks<const W: usize>(&self, count: usize, sink: &mut impl FnMut(&[u64])) {
        let mut words = [0u64; BLOCK];
        for from in (0..count).step_by(BLOCK) {
            let len = BLOCK.min(count - from);
            let words = &mut words[..len];
            let plane = |at: usize| self.planes[at].get(from..from + len).unwrap_or_default();
            words.iter_mut().zip(plane(0)).for_each(|(word, byte)| *word = u64::from(*byte));
            for at in 1..W {
                words
                    .iter_mut()
                    .zip(plane(at))
                    .for_each(|(word, byte)| *word |= u64::from(*byte) << (8 * at));
            }
            sink(words);
        }
    }
}

/// Takes differences, block by block.
trait Differences {
    /// At most [`BLOCK`] of them.
    fn take<T: Copy + Into<i64>>(&mut self, differences: &[T]);
}

struct Times<'o> {
    grid: Grid,
    out: &'o mut Vec<TimestampMs>,
}

impl Differences for Times<'_> {
    #[inline(always)]
    fn take<T: Copy + Into<i64>>(&mut self, differences: &[T]) {
        let mut times = self.grid.next();
        for (time, difference) in times.iter_mut().zip(differences) {
            *time = time.wrapping_add((*difference).into());
        }
        self.out.extend_from_slice(&times[..differences.len()]);
    }
}

struct Sums<'o> {
    sum: i64,
    power: f64,
    out: &'o mut Vec<f64>,
}

impl Differences for Sums<'_> {
    #[inline(always)]
    fn take<T: Copy + Into<i64>>(&mut self, differences: &[T]) {
        let (mut sums, mut values) = ([0i64; BLOCK], [0f64; BLOCK]);
        let (sums, values) = (&mut sums[..differences.len()], &mut values[..differences.len()]);
        // Differences of 4 bytes cannot lead far away within a block.
        let is_quick = size_of::<T>() == 4 && self.sum.unsigned_abs() < QUICK;
        for (place, difference) in sums.iter_mut().zip(differences) {
            self.sum = self.sum.wrapping_add((*difference).into());
            *place = self.sum;
        }
        if is_quick {
            // Two instructions that work on several at once, where the conversion is one by one.
            let float =
                |sum: i64| f64::from_bits(sum.wrapping_add(ROUND.to_bits() as i64).cast_unsigned()) - ROUND;
            sums.iter().zip(values.iter_mut()).for_each(|(sum, value)| *value = float(*sum));
        } else {
            sums.iter().zip(values.iter_mut()).for_each(|(sum, value)| *value = *sum as f64);
        }
        if self.power != 1.0 {
            values.iter_mut().for_each(|value| *value /= self.power);
        }
        self.out.extend_from_slice(values);
    }
}

struct Integers<'o> {
    sum: i64,
    out: &'o mut Vec<i64>,
}

impl Differences for Integers<'_> {
    fn take<T: Copy + Into<i64>>(&mut self, differences: &[T]) {
        self.out.extend(differences.iter().map(|difference| {
            self.sum = self.sum.wrapping_add((*difference).into());
            self.sum
        }));
    }
}

/// Times at a fixed interval, block by block.
struct Grid {
    times: [TimestampMs; BLOCK],
    block: i64,
}

impl Grid {
    /// From `base + step` on.
    fn new(base: TimestampMs, step: i64) -> Self {
        let time = |i: usize| base.wrapping_add((i as i64 + 1).wrapping_mul(step));
        Self { times: std::array::from_fn(time), block: step.wrapping_mul(BLOCK as i64) }
    }

    fn next(&mut self) -> [TimestampMs; BLOCK] {
        let times = self.times;
        self.times.iter_mut().for_each(|time| *time = time.wrapping_add(self.block));
        times
    }
}

/// Appends `base + i * step` for i from 0 and below `count`.
pub(super) fn add_grid(count: usize, base: TimestampMs, step: i64, out: &mut Vec<TimestampMs>) {
    let mut grid = Grid::new(base.wrapping_sub(step), step);
    for from in (0..count).step_by(BLOCK) {
        out.extend_from_slice(&grid.next()[..BLOCK.min(count - from)]);
    }
}

/// Appends a number so many times.
pub(super) fn add_equal(count: usize, value: f64, out: &mut Vec<f64>) {
    let block = [value; BLOCK];
    for from in (0..count).step_by(BLOCK) {
        out.extend_from_slice(&block[..BLOCK.min(count - from)]);
    }
}

#[inline(always)]
fn zeros(count: usize, sink: &mut impl FnMut(&[u64])) {
    for from in (0..count).step_by(BLOCK) {
        sink(&[0; BLOCK][..BLOCK.min(count - from)]);
    }
}
