//! The float code: scaled integers with an adaptive Rice code while the values are short decimals, XOR windows otherwise.
//!
//! Writer and reader keep the same state, so nothing but the residuals is written. See `docs/formats/chunk.md`.

use super::Error;
use super::bits::{BitReader, BitWriter, unzigzag, zigzag};

/// Powers of ten that are tried as scales; all exact in a double, so that a division by them is exactly rounded.
pub(super) const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Integers up to here are exact in a double.
pub(super) const MAX_INTEGER: f64 = 9_007_199_254_740_992.0;

/// So many ones in place of a Rice quotient announce a 2-bit escape kind.
pub(super) const ESCAPE_ONES: u32 = 8;

const ESCAPE_RESIDUAL: u64 = 0;
const ESCAPE_SCALE: u64 = 1;
const ESCAPE_RAW: u64 = 2;
const ESCAPE_XOR: u64 = 3;

/// Marks an XOR window that is not set yet.
pub(super) const NO_WINDOW: u8 = 0xff;

/// What both sides know after each value.
#[derive(Clone, Debug)]
pub(super) enum ValueCodec {
    Decimal(Decimal),
    Xor(Xor),
}

/// Values are `integer / 10^scale`.
#[derive(Clone, Debug, Default)]
pub(super) struct Decimal {
    pub(super) integer: i64,
    pub(super) delta: i64,
    /// Eight times the recent mean of |delta|, and of |delta - previous delta|.
    pub(super) cost_delta: u32,
    pub(super) cost_second: u32,
    pub(super) scale: u8,
    /// Values seen, up to 2.
    pub(super) age: u8,
    /// Finite values that did not fit.
    pub(super) strikes: u8,
    /// The newest value was written raw, and is not `integer`.
    pub(super) raw: bool,
}

/// Values as differences of bits, within a window of significant bits.
#[derive(Clone, Debug)]
pub(super) struct Xor {
    pub(super) last: u64,
    pub(super) leading: u8,
    pub(super) trailing: u8,
}

impl Default for ValueCodec {
    fn default() -> Self {
        Self::Decimal(Decimal::default())
    }
}

impl ValueCodec {
    /// Writes the next value.
    #[inline]
    pub(super) fn encode(&mut self, out: &mut BitWriter, v: f64) {
        match self {
            Self::Decimal(state) => match to_integer(v, state.scale) {
                Some(integer) => state.encode(out, integer),
                None => self.encode_escape(out, v),
            },
            Self::Xor(state) => state.encode(out, v.to_bits()),
        }
    }

    /// Reads the next value.
    #[inline]
    pub(super) fn decode(&mut self, input: &mut BitReader<'_>) -> Result<f64, Error> {
        match self {
            Self::Decimal(state) => {
                let word = input.peek();
                let ones = word.leading_ones();
                if ones >= ESCAPE_ONES {
                    input.skip(ESCAPE_ONES)?;
                    return self.decode_escape(input);
                }
                let k = state.rice();
                input.skip(ones + 1)?;
                let residual = unzigzag((u64::from(ones) << k) | input.read(k)?);
                state.step(residual)
            }
            Self::Xor(state) => state.decode(input),
        }
    }

    /// The newest value, where it is known without decoding.
    pub(super) fn last(&self) -> Option<f64> {
        match self {
            Self::Decimal(state) if state.raw => None,
            Self::Decimal(state) => Some(state.value()),
            Self::Xor(state) => Some(f64::from_bits(state.last)),
        }
    }

    #[cold]
    fn encode_escape(&mut self, out: &mut BitWriter, v: f64) {
        let Self::Decimal(state) = self else { return };
        let escape = |out: &mut BitWriter, kind| out.write((0xff << 2) | kind, ESCAPE_ONES + 2);
        let found = (0..POWERS.len() as u8).find_map(|scale| Some((scale, to_integer(v, scale)?)));
        if let Some((scale, integer)) = found {
            escape(out, ESCAPE_SCALE);
            out.write(u64::from(scale), 4);
            write_sized(out, zigzag(integer));
            state.rescale(scale, integer);
        } else if v.is_finite() && v != 0.0 && (state.age == 0 || state.strikes > 0) {
            escape(out, ESCAPE_XOR);
            out.write_wide(v.to_bits(), 64);
            *self = Self::Xor(Xor::new(v.to_bits()));
        } else {
            escape(out, ESCAPE_RAW);
            out.write_wide(v.to_bits(), 64);
            state.set_raw(v);
        }
    }

    #[cold]
    fn decode_escape(&mut self, input: &mut BitReader<'_>) -> Result<f64, Error> {
        let Self::Decimal(state) = self else { return Err(Error::Invalid("escape")) };
        match input.read(2)? {
            ESCAPE_RESIDUAL => state.step(unzigzag(read_sized(input)?)),
            ESCAPE_SCALE => {
                let scale = input.read(4)? as u8;
                state.rescaled(scale, unzigzag(read_sized(input)?))
            }
            kind => {
                let v = f64::from_bits(input.read_wide(64)?);
                if kind == ESCAPE_RAW {
                    state.set_raw(v);
                } else {
                    *self = Self::Xor(Xor::new(v.to_bits()));
                }
                Ok(v)
            }
        }
    }
}

impl Decimal {
    /// Reads the next value where `word`, the next 57 bits or more left-aligned, holds all of it: the value, and how many bits it takes.
    /// Otherwise nothing has happened, and [`ValueCodec::decode`] reads it or says what is wrong.
    #[inline]
    pub(super) fn decode_short(&mut self, word: u64) -> Option<(f64, u32)> {
        let ones = word.leading_ones();
        if ones < ESCAPE_ONES {
            let k = self.rice();
            let low = (word << (ones + 1)) >> 1 >> (63 - k);
            return Some((self.step(unzigzag(u64::from(ones) << k | low)).ok()?, ones + 1 + k));
        }
        let escaped = word << ESCAPE_ONES;
        match escaped >> 62 {
            ESCAPE_RESIDUAL => {
                let used = ESCAPE_ONES + 2;
                let (u, len) = short_sized(escaped << 2, 57 - used)?;
                Some((self.step(unzigzag(u)).ok()?, used + len))
            }
            ESCAPE_SCALE => {
                let used = ESCAPE_ONES + 6;
                let (u, len) = short_sized(escaped << 6, 57 - used)?;
                let scale = (escaped >> 58) as u8 & 0xf;
                Some((self.rescaled(scale, unzigzag(u)).ok()?, used + len))
            }
            _ => None,
        }
    }

    #[inline]
    fn encode(&mut self, out: &mut BitWriter, integer: i64) {
        let delta = integer - self.integer;
        let residual = if self.second_order() { delta - self.delta } else { delta };
        let k = self.rice();
        let u = zigzag(residual);
        let quotient = u >> k;
        if quotient < u64::from(ESCAPE_ONES) {
            let ones = (1 << (quotient + 1)) - 2;
            out.write((ones << k) | (u & ((1 << k) - 1)), quotient as u32 + 1 + k);
        } else {
            out.write((0xff << 2) | ESCAPE_RESIDUAL, ESCAPE_ONES + 2);
            write_sized(out, u);
        }
        self.advance(integer);
    }

    /// Applies a decoded residual.
    #[inline]
    fn step(&mut self, residual: i64) -> Result<f64, Error> {
        let delta = if self.second_order() { residual.wrapping_add(self.delta) } else { residual };
        let integer = self.integer.wrapping_add(delta);
        if integer.unsigned_abs() > MAX_INTEGER as u64 {
            return Err(Error::Invalid("value"));
        }
        self.advance(integer);
        Ok(self.value())
    }

    /// Whether the last delta predicts better than the last value.
    #[inline]
    fn second_order(&self) -> bool {
        self.cost_second < self.cost_delta
    }

    /// The Rice parameter: the bit length of the better predictor's mean error; at most 29.
    #[inline]
    fn rice(&self) -> u32 {
        32 - (self.cost_delta.min(self.cost_second) >> 3).leading_zeros()
    }

    /// Learns the next integer. Both are within 2^53, so that nothing overflows.
    #[inline]
    fn advance(&mut self, integer: i64) {
        let delta = integer - self.integer;
        let second = delta - self.delta;
        self.raw = false;
        match self.age {
            0 => self.age = 1,
            1 => {
                self.age = 2;
                self.cost_delta = learn(0, delta.unsigned_abs(), u64::MAX) << 3;
                self.cost_second = self.cost_delta.saturating_add(1);
                self.delta = delta;
            }
            _ => {
                self.cost_delta = learn(self.cost_delta, delta.unsigned_abs(), 4);
                self.cost_second = learn(self.cost_second, second.unsigned_abs(), 4);
                self.delta = delta;
            }
        }
        self.integer = integer;
    }

    /// Takes over a decoded scale and integer.
    fn rescaled(&mut self, scale: u8, integer: i64) -> Result<f64, Error> {
        if usize::from(scale) >= POWERS.len() || integer.unsigned_abs() > MAX_INTEGER as u64 {
            return Err(Error::Invalid("scale"));
        }
        self.rescale(scale, integer);
        Ok(self.value())
    }

    fn rescale(&mut self, scale: u8, integer: i64) {
        *self = Self { scale, integer, age: 1, strikes: self.strikes, ..Self::default() };
    }

    fn set_raw(&mut self, v: f64) {
        self.raw = true;
        if v.is_finite() && v != 0.0 {
            self.strikes = self.strikes.saturating_add(1);
        }
    }

    #[inline]
    fn value(&self) -> f64 {
        // An integer of scale 0 needs no division, and most are.
        if self.scale == 0 {
            self.integer as f64
        } else {
            self.integer as f64 / POWERS[usize::from(self.scale)]
        }
    }
}

impl Xor {
    fn new(last: u64) -> Self {
        Self { last, leading: NO_WINDOW, trailing: 0 }
    }

    #[inline]
    fn encode(&mut self, out: &mut BitWriter, bits: u64) {
        let xor = bits ^ self.last;
        self.last = bits;
        if xor == 0 {
            return out.write(0, 1);
        }
        let leading = (xor.leading_zeros() as u8).min(31);
        let trailing = xor.trailing_zeros() as u8;
        if self.leading != NO_WINDOW && leading >= self.leading && trailing >= self.trailing {
            out.write(0b10, 2);
        } else {
            (self.leading, self.trailing) = (leading, trailing);
            out.write((0b11 << 11) | (u64::from(leading) << 6) | u64::from(self.significant() - 1), 13);
        }
        out.write_wide(xor >> self.trailing, u32::from(self.significant()));
    }

    #[inline]
    fn decode(&mut self, input: &mut BitReader<'_>) -> Result<f64, Error> {
        if input.read_bit()? {
            if input.read_bit()? {
                let window = input.read(11)?;
                let (leading, significant) = ((window >> 6) as u8, (window & 63) as u8 + 1);
                self.leading = leading;
                self.trailing = 64u8.checked_sub(leading + significant).ok_or(Error::Invalid("window"))?;
            } else if self.leading == NO_WINDOW {
                return Err(Error::Invalid("window"));
            }
            self.last ^= input.read_wide(u32::from(self.significant()))? << self.trailing;
        }
        Ok(f64::from_bits(self.last))
    }

    fn significant(&self) -> u8 {
        64 - self.leading - self.trailing
    }
}

/// Eight times a running mean; one outlier raises it no more than `factor` times, so that it does not spoil what follows.
#[inline]
fn learn(cost: u32, error: u64, factor: u64) -> u32 {
    let most = u64::from(cost).saturating_mul(factor).saturating_add(if factor > 4 { u64::MAX } else { 16 });
    cost - (cost >> 3) + error.min(most).min(1 << 28) as u32
}

/// `v * 10^scale`, where that is an integer from which a division brings the very bits of `v` back.
#[inline]
fn to_integer(v: f64, scale: u8) -> Option<i64> {
    let power = POWERS[usize::from(scale)];
    let integer = if scale == 0 { v } else { (v * power).round_ties_even() };
    if integer.is_nan() || integer.abs() > MAX_INTEGER {
        return None;
    }
    let rounded = integer as i64;
    let back = if scale == 0 { rounded as f64 } else { rounded as f64 / power };
    (back.to_bits() == v.to_bits()).then_some(rounded)
}

/// A number with its bit length in front (6 bits, length less one).
fn write_sized(out: &mut BitWriter, u: u64) {
    let len = (64 - u.leading_zeros()).max(1);
    out.write(u64::from(len - 1), 6);
    out.write_wide(u, len);
}

/// What [`write_sized`] wrote, and how many bits it takes, where that is no more than `most`; `word` begins with it.
#[inline]
fn short_sized(word: u64, most: u32) -> Option<(u64, u32)> {
    let len = (word >> 58) as u32 + 1;
    (6 + len <= most).then(|| (word << 6 >> (64 - len), 6 + len))
}

fn read_sized(input: &mut BitReader<'_>) -> Result<u64, Error> {
    let len = input.read(6)? as u32 + 1;
    input.read_wide(len)
}
