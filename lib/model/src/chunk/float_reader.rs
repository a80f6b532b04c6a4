//! Decompresses floats.

use super::bits::BitReader;
use super::value::ValueCodec;
use super::{Encoding, Error};
use crate::TimestampMs;

/// One float of a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatSample {
    /// When.
    pub t: TimestampMs,
    /// What.
    pub v: f64,
    /// The start timestamp, 0 if unknown.
    pub st: TimestampMs,
}

/// Iterates over a chunk's floats; ends after the first error.
#[derive(Clone, Debug)]
pub struct FloatReader<'a> {
    bits: BitReader<'a>,
    with_st: bool,
    first: bool,
    remaining: u32,
    max_time: TimestampMs,
    t: TimestampMs,
    step: i64,
    st: TimestampMs,
    value: ValueCodec,
}

impl<'a> FloatReader<'a> {
    pub(super) fn new(
        encoding: Encoding,
        min_time: TimestampMs,
        max_time: TimestampMs,
        count: u32,
        data: &'a [u8],
    ) -> Self {
        Self {
            bits: BitReader::new(data),
            with_st: encoding == Encoding::FloatSt,
            first: true,
            remaining: if encoding == Encoding::Histogram { 0 } else { count },
            max_time,
            t: min_time,
            step: 0,
            st: min_time,
            value: ValueCodec::default(),
        }
    }

    #[inline]
    fn decode(&mut self) -> Result<FloatSample, Error> {
        let before = self.t;
        if !self.first {
            self.step = self.step.wrapping_add(self.bits.read_varbit()?);
            self.t = before.wrapping_add(self.step);
            if self.t <= before {
                return Err(Error::Time);
            }
        }
        let is_last = self.remaining == 0;
        if self.t > self.max_time || (is_last && self.t != self.max_time) {
            return Err(Error::Time);
        }
        if self.with_st && self.bits.read_bit()? {
            self.st =
                if !self.bits.read_bit()? { before } else { self.st.wrapping_add(self.bits.read_varbit()?) };
        }
        self.first = false;
        let v = self.value.decode(&mut self.bits)?;
        Ok(FloatSample { t: self.t, v, st: if self.with_st { self.st } else { 0 } })
    }
}

impl Iterator for FloatReader<'_> {
    type Item = Result<FloatSample, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        let sample = self.decode();
        if sample.is_err() {
            self.remaining = 0;
        }
        Some(sample)
    }
}
