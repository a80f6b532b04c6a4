//! Decompresses floats.

use super::bits::BitReader;
use super::value::ValueCodec;
use super::{Chunk, Encoding, Error};
use crate::{Samples, TimestampMs};

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
    inner: Inner<'a>,
}

#[derive(Clone, Debug)]
enum Inner<'a> {
    Bits(BitFloats<'a>),
    Columns(ColumnFloats),
}

impl<'a> FloatReader<'a> {
    pub(super) fn new(chunk: &'a Chunk) -> Self {
        let inner = match chunk.encoding {
            Encoding::Columns => Inner::Columns(ColumnFloats::new(chunk)),
            _ => Inner::Bits(BitFloats::new(chunk)),
        };
        Self { inner }
    }
}

impl Iterator for FloatReader<'_> {
    type Item = Result<FloatSample, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.inner {
            Inner::Bits(floats) => floats.next(),
            Inner::Columns(floats) => floats.next(),
        }
    }
}

/// Columns, which are decoded all at once.
#[derive(Clone, Debug)]
struct ColumnFloats {
    samples: Samples,
    next: usize,
    error: Option<Error>,
}

impl ColumnFloats {
    fn new(chunk: &Chunk) -> Self {
        let mut samples = Samples::default();
        let read = if chunk.count == 0 {
            Ok(())
        } else {
            chunk.read(TimestampMs::MIN, TimestampMs::MAX, &mut samples)
        };
        if read.is_err() {
            samples.clear();
        }
        Self { samples, next: 0, error: read.err() }
    }

    #[inline]
    fn next(&mut self) -> Option<Result<FloatSample, Error>> {
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        let at = self.next;
        let (t, v) = (*self.samples.t.get(at)?, *self.samples.v.get(at)?);
        self.next += 1;
        Some(Ok(FloatSample { t, v, st: self.samples.st.get(at).copied().unwrap_or(0) }))
    }
}

/// A stream of bits.
#[derive(Clone, Debug)]
struct BitFloats<'a> {
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

impl<'a> BitFloats<'a> {
    fn new(chunk: &'a Chunk) -> Self {
        let Chunk { encoding, min_time, max_time, count, ref data } = *chunk;
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

    #[inline]
    fn next(&mut self) -> Option<Result<FloatSample, Error>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let sample = self.decode();
        if sample.is_err() {
            self.remaining = 0;
        }
        Some(sample)
    }
}
