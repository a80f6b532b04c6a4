//! Decompresses floats without start timestamps into columns: what [`super::FloatReader`] reads one by one, several times as fast.
//!
//! The common sample (the same interval as before, a value that the Rice code predicts) is decoded from one load of 8 bytes with the
//! codec's state in registers, of two chunks by turns where there are two; everything else goes through the same code as there.

mod bits;
mod decimals;
mod lane;
#[cfg(test)]
mod tests;

use lane::{Lane, together};

use super::{Chunk, Error};
use crate::{Samples, TimestampMs};

/// Appends the samples of `start..=end` of a chunk of floats without start timestamps.
pub(super) fn read(
    chunk: &Chunk,
    start: TimestampMs,
    end: TimestampMs,
    out: &mut Samples,
) -> Result<(), Error> {
    let mut lane = Lane::new(start, end);
    lane.open(chunk);
    while lane.settle(out)? {
        lane.advance(false)?;
    }
    Ok(())
}

/// The same for several series: of each all its chunks, one behind the other in time, into the output of the same place.
pub(super) fn read_each(
    series: &[&[Chunk]],
    start: TimestampMs,
    end: TimestampMs,
    outs: &mut [Samples],
) -> Result<(), Error> {
    let mut left = Left { series: series.get(..series.len().min(outs.len())).unwrap_or_default(), next: 0 };
    let (mut a, mut b) = (Place::new(start, end), Place::new(start, end));
    let (mut more_a, mut more_b) = (a.settle(&mut left, outs)?, b.settle(&mut left, outs)?);
    loop {
        match (more_a, more_b) {
            (true, true) if a.lane.is_steady() && b.lane.is_steady() => together(&mut a.lane, &mut b.lane)?,
            // Quiet lanes are fast by themselves, and soon done.
            (true, true) => {
                for lane in [&mut a.lane, &mut b.lane] {
                    if !lane.is_steady() {
                        lane.advance(true)?;
                    }
                }
            }
            (true, false) => a.lane.advance(false)?,
            (false, true) => b.lane.advance(false)?,
            (false, false) => return Ok(()),
        }
        more_a = more_a && a.settle(&mut left, outs)?;
        more_b = more_b && b.settle(&mut left, outs)?;
    }
}

/// Series that nobody reads yet.
struct Left<'a, 's> {
    series: &'s [&'a [Chunk]],
    next: usize,
}

/// What a lane reads: a series after the other, of each a chunk after the other.
struct Place<'a> {
    lane: Lane<'a>,
    /// The series' number, and its chunks that are still to be read.
    series: usize,
    rest: &'a [Chunk],
}

impl<'a> Place<'a> {
    fn new(start: TimestampMs, end: TimestampMs) -> Self {
        Self { lane: Lane::new(start, end), series: 0, rest: &[] }
    }

    /// Hands on what was decoded; false once there is nothing more to decode.
    fn settle(&mut self, left: &mut Left<'a, '_>, outs: &mut [Samples]) -> Result<bool, Error> {
        loop {
            let Some(out) = outs.get_mut(self.series) else { return Ok(false) };
            if self.lane.settle(out)? {
                return Ok(true);
            }
            if !self.open_next(left) {
                return Ok(false);
            }
        }
    }

    fn open_next(&mut self, left: &mut Left<'a, '_>) -> bool {
        loop {
            while let Some((first, rest)) = self.rest.split_first() {
                self.rest = rest;
                if self.lane.wants(first) {
                    self.lane.open(first);
                    return true;
                }
            }
            let Some(chunks) = left.series.get(left.next) else { return false };
            (self.rest, self.series) = (chunks, left.next);
            left.next += 1;
        }
    }
}
