//! Floats of one series as columns: what a row of a block is, and a chunk that is made of it without encoding anything anew.
//!
//! Times are a grid and differences from it, values integers over a power of ten by their differences, or as they are; numbers lie in
//! [`Planes`]. See `docs/formats/chunk.md`.

mod bytes;

use std::ops::Range;

use super::bits::unzigzag;
use super::{Chunk, Encoding, Error, Planes};
use crate::TimestampMs;

/// So many samples a row may have.
pub const MAX_COLUMN_SAMPLES: usize = 1 << 16;

/// 10^0 to 10^14: each is exact in a double, so that a division by it is exactly rounded.
const POWERS: [f64; 15] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];

/// Float samples of one series, ascending in time. What it borrows may be foreign bytes: they are checked when they are read.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Time of the first sample.
    pub min_time: TimestampMs,
    /// How many samples.
    pub count: usize,
    /// The common interval (milliseconds).
    pub step: i64,
    /// Zigzags of the differences of all times but the first from the grid; `None`: there are no differences.
    pub jitter: Option<Planes<'a>>,
    /// The values.
    pub values: Values<'a>,
    /// Values that are others than `values` says: places in the row (4 bytes each, little-endian) ...
    pub places: &'a [u8],
    /// ... and values (bits, 8 bytes each, little-endian).
    pub exceptions: &'a [u8],
    /// The first start timestamp, and zigzags of the differences between them; `None`: none is known.
    pub starts: Option<(TimestampMs, Option<Planes<'a>>)>,
}

/// How values are kept.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// All are this one.
    One(f64),
    /// Integers over a power of ten.
    Integers {
        /// The first one.
        first: i64,
        /// The power, 0 to 14.
        exponent: u8,
        /// Zigzags of the differences between neighbours.
        differences: Planes<'a>,
    },
    /// The bits of each.
    Bits(Planes<'a>),
}

impl<'a> Columns<'a> {
    /// Time of the last sample.
    #[must_use]
    pub fn max_time(&self) -> TimestampMs {
        self.time(self.count.saturating_sub(1))
    }

    /// Time of a sample.
    #[inline]
    fn time(&self, at: usize) -> TimestampMs {
        let jitter = match (&self.jitter, at.checked_sub(1)) {
            (Some(planes), Some(at)) => unzigzag(planes.get(at)),
            _ => 0,
        };
        self.min_time.wrapping_add((at as i64).wrapping_mul(self.step)).wrapping_add(jitter)
    }

    /// Appends the samples of `start..=end`, which must be behind those that are there. `st` stays empty as long as no start timestamp
    /// is known; else it is as long as `t`. Bytes that are not looked at may be broken. On an error some samples may have been appended.
    pub fn append(
        &self,
        (start, end): (TimestampMs, TimestampMs),
        t: &mut Vec<TimestampMs>,
        v: &mut Vec<f64>,
        st: &mut Vec<TimestampMs>,
    ) -> Result<(), Error> {
        self.check()?;
        let all = start <= self.min_time && self.max_time() <= end;
        let wanted = if all { 0..self.count } else { self.places_within(start, end) };
        if wanted.is_empty() {
            return Ok(());
        }
        let from = t.len();
        self.append_times(wanted.clone(), t)?;
        // Times that do not ascend are found in any order.
        if t.get(from).is_none_or(|first| *first < start) || t.last().is_none_or(|last| *last > end) {
            return Err(Error::Time);
        }
        self.append_values(wanted.clone(), v)?;
        if self.starts.is_some() && st.is_empty() {
            st.resize(from, 0);
        }
        if self.starts.is_some() || !st.is_empty() {
            self.append_starts(wanted, st);
        }
        Ok(())
    }

    /// The samples of `start..=end`, if times ascend.
    fn places_within(&self, start: TimestampMs, end: TimestampMs) -> Range<usize> {
        first_not(self.count, |at| self.time(at) < start)..first_not(self.count, |at| self.time(at) <= end)
    }

    fn check(&self) -> Result<(), Error> {
        let rest = self.count.checked_sub(1).ok_or(Error::Invalid("count"))?;
        if self.count > MAX_COLUMN_SAMPLES {
            return Err(Error::TooLarge);
        }
        let fits = |planes: &Planes<'_>| planes.len() == rest;
        let values = match &self.values {
            Values::One(_) => true,
            Values::Integers { exponent, differences, .. } => {
                usize::from(*exponent) < POWERS.len() && fits(differences)
            }
            Values::Bits(planes) => planes.len() == self.count,
        };
        let starts = self.starts.as_ref().and_then(|(_, planes)| planes.as_ref()).is_none_or(fits);
        let exceptions = self.places.len() / 4 == self.exceptions.len() / 8;
        if values && starts && exceptions && self.jitter.as_ref().is_none_or(fits) {
            Ok(())
        } else {
            Err(Error::Truncated)
        }
    }

    fn append_times(&self, wanted: Range<usize>, t: &mut Vec<TimestampMs>) -> Result<(), Error> {
        let ascend = match &self.jitter {
            None => {
                let last = i64::try_from(self.count - 1).ok().and_then(|last| last.checked_mul(self.step));
                let fits = last.and_then(|last| self.min_time.checked_add(last)).is_some();
                let (mut next, from) = (self.time(wanted.start), t.len());
                t.resize(from + wanted.len(), 0);
                for time in &mut t[from..] {
                    *time = next;
                    next = next.wrapping_add(self.step);
                }
                fits && (self.step > 0 || self.count == 1)
            }
            Some(planes) => {
                t.reserve(wanted.len());
                let first = self.time(wanted.start);
                t.push(first);
                let grid = self.min_time.wrapping_add((wanted.start as i64).wrapping_mul(self.step));
                planes.part(wanted.start, wanted.end - 1).add_times(first, grid, self.step, t)
            }
        };
        if ascend { Ok(()) } else { Err(Error::Time) }
    }

    fn append_values(&self, wanted: Range<usize>, v: &mut Vec<f64>) -> Result<(), Error> {
        let from = v.len();
        match &self.values {
            Values::One(value) => v.resize(from + wanted.len(), *value),
            Values::Bits(planes) => {
                v.reserve(wanted.len());
                planes.part(wanted.start, wanted.end).add_doubles(v);
            }
            Values::Integers { first, exponent, differences } => {
                let power = *POWERS.get(usize::from(*exponent)).ok_or(Error::Invalid("exponent"))?;
                let first = first.wrapping_add(differences.part(0, wanted.start).sum());
                v.reserve(wanted.len());
                v.push(first as f64 / power);
                differences.part(wanted.start, wanted.end - 1).add_sums(first, power, v);
            }
        }
        let places = self.places.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize);
        let values = self.exceptions.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
        for (place, value) in places.zip(values) {
            if place >= self.count {
                return Err(Error::Invalid("exception"));
            }
            if let Some(slot) = place.checked_sub(wanted.start).and_then(|place| v.get_mut(from + place)) {
                *slot = value;
            }
        }
        Ok(())
    }

    fn append_starts(&self, wanted: Range<usize>, st: &mut Vec<TimestampMs>) {
        match &self.starts {
            None => st.resize(st.len() + wanted.len(), 0),
            Some((start, None)) => st.resize(st.len() + wanted.len(), *start),
            Some((start, Some(planes))) => {
                let first = start.wrapping_add(planes.part(0, wanted.start).sum());
                st.push(first);
                planes.part(wanted.start, wanted.end - 1).add_integers(first, st);
            }
        }
    }
}

/// The first of `0..count` that is not `before`, of which all those come first.
fn first_not(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests;
