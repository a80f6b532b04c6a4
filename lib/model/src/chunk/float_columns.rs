//! Decompresses floats without start timestamps into columns: what [`super::FloatReader`] reads one by one, several times as fast.
//!
//! The common sample (the same interval as before, a value that the Rice code predicts) is decoded from one load of 8 bytes with the
//! codec's state in registers; everything else goes through the same code as there.

use super::bits::{BitReader, WIDTHS, unzigzag};
use super::value::{Decimal, ESCAPE_ONES, NO_WINDOW, POWERS, ValueCodec, Xor};
use super::{Chunk, Error};
use crate::{Samples, TimestampMs};

/// Integers of classes up to this one, with what announces them, are within what is peeked at.
const SHORT_CLASSES: usize = 7;

/// Samples that are decoded before they are handed on.
const BLOCK: usize = 128;

/// Appends the samples of `start..=end` of a chunk of floats without start timestamps.
pub(super) fn read(
    chunk: &Chunk,
    start: TimestampMs,
    end: TimestampMs,
    out: &mut Samples,
) -> Result<(), Error> {
    let mut reader = Columns {
        bits: Bits::new(&chunk.data),
        remaining: chunk.count,
        first: true,
        t: chunk.min_time,
        step: 0,
        end,
        max_time: chunk.max_time,
        careful: false,
    };
    let mut codec = ValueCodec::default();
    let (mut t, mut v) = ([0; BLOCK], [0.0; BLOCK]);
    loop {
        let filled = reader.fill(&mut codec, &mut t, &mut v)?;
        let (t, v) = (&t[..filled], &v[..filled]);
        let from = if t.first().is_some_and(|t| *t < start) { t.partition_point(|t| *t < start) } else { 0 };
        let to = if t.last().is_some_and(|t| *t > end) { t.partition_point(|t| *t <= end) } else { filled };
        if from < to {
            out.t.extend_from_slice(&t[from..to]);
            out.v.extend_from_slice(&v[from..to]);
            if !out.st.is_empty() {
                out.st.resize(out.t.len(), 0);
            }
        }
        if reader.remaining == 0 || to < filled {
            return Ok(());
        }
    }
}

/// Bits with a copy of their end, behind which zeros follow.
struct Bits<'a> {
    data: &'a [u8],
    /// In bits; at most `8 * data.len()`.
    at: usize,
    tail: [u8; 16],
    tail_start: usize,
}

impl<'a> Bits<'a> {
    fn new(data: &'a [u8]) -> Self {
        let tail_start = data.len().saturating_sub(8);
        let mut tail = [0; 16];
        tail.iter_mut().zip(&data[tail_start..]).for_each(|(tail, byte)| *tail = *byte);
        Self { data, at: 0, tail, tail_start }
    }

    /// The next 57 bits or more, left-aligned; zeros behind the end.
    #[inline(always)]
    fn peek(&self) -> u64 {
        self.peek_at(self.at)
    }

    /// The same from another place.
    #[inline(always)]
    fn peek_at(&self, at: usize) -> u64 {
        inside(self.data, at).unwrap_or_else(|| {
            let byte = at / 8;
            let tail = self.tail.get(byte - self.tail_start.min(byte)..);
            tail.and_then(|rest| rest.first_chunk::<8>()).map_or(0, |bytes| u64::from_be_bytes(*bytes))
                << (at % 8)
        })
    }

    #[inline(always)]
    fn skip(&mut self, n: usize) -> Result<(), Error> {
        self.at += n;
        if self.at <= 8 * self.data.len() { Ok(()) } else { Err(Error::Truncated) }
    }

    /// The next `n` bits, `1 <= n <= 64`.
    #[inline(always)]
    fn read(&mut self, n: u32) -> Result<u64, Error> {
        if n <= 56 {
            let value = self.peek() >> (64 - n);
            self.skip(n as usize)?;
            return Ok(value);
        }
        let high = self.peek() >> 32;
        self.skip(32)?;
        let low = self.peek() >> (96 - n);
        self.skip(n as usize - 32)?;
        Ok(high << (n - 32) | low)
    }

    /// Reads by the code that reads one sample at a time.
    #[cold]
    fn slowly<T>(&mut self, read: impl FnOnce(&mut BitReader<'a>) -> Result<T, Error>) -> Result<T, Error> {
        let mut reader = BitReader::new(self.data);
        reader.skip(u32::try_from(self.at).map_err(|_| Error::TooLarge)?)?;
        let value = read(&mut reader)?;
        self.at = 8 * self.data.len() - reader.remaining();
        Ok(value)
    }
}

/// 57 bits of `data` or more from `at` on, left-aligned; `None` near its end.
#[inline(always)]
fn inside(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at / 8..)?.first_chunk::<8>()?;
    Some(u64::from_be_bytes(*bytes) << (at % 8))
}

struct Columns<'a> {
    bits: Bits<'a>,
    remaining: u32,
    first: bool,
    t: TimestampMs,
    step: i64,
    /// No sample behind the first one after this is wanted.
    end: TimestampMs,
    max_time: TimestampMs,
    /// Values are at the edge of what can be, and are looked at one by one.
    careful: bool,
}

impl Columns<'_> {
    /// Decodes samples until the columns are full, the chunk ends or a sample is behind `end`; tells how many.
    fn fill(
        &mut self,
        codec: &mut ValueCodec,
        t: &mut [i64; BLOCK],
        v: &mut [f64; BLOCK],
    ) -> Result<usize, Error> {
        let wanted = BLOCK.min(self.remaining as usize);
        let mut filled = 0;
        while filled < wanted && self.t <= self.end {
            let (t, v) = (&mut t[filled..wanted], &mut v[filled..wanted]);
            let run = match codec {
                ValueCodec::Decimal(state) if state.age == 2 && !self.first && !self.careful => {
                    self.decimals(state, t, v)?
                }
                ValueCodec::Xor(state) if !self.first => self.xors(state, t, v)?,
                _ => 0,
            };
            filled += run;
            if run == 0 {
                self.next_time(self.bits.peek())?;
                v[0] = self.bits.slowly(|bits| codec.decode(bits))?;
                t[0] = self.t;
                filled += 1;
            }
        }
        self.remaining -= filled as u32;
        let is_last = self.remaining == 0;
        if self.t > self.max_time || is_last && self.t != self.max_time {
            return Err(Error::Time);
        }
        Ok(filled)
    }

    /// Passes over the next sample's time; `word` is what comes next.
    #[inline(always)]
    fn next_time(&mut self, word: u64) -> Result<(), Error> {
        if self.first {
            self.first = false;
            return Ok(());
        }
        let class = word.leading_ones() as usize;
        if class == 0 {
            self.bits.skip(1)?;
        } else if class <= SHORT_CLASSES {
            let width = WIDTHS[class];
            let value = word << (class + 1) >> (64 - width);
            self.bits.skip(class + 1 + width as usize)?;
            self.step = self.step.wrapping_add(unzigzag(value));
        } else {
            let change = self.bits.slowly(BitReader::read_varbit)?;
            self.step = self.step.wrapping_add(change);
        }
        let before = self.t;
        self.t = before.wrapping_add(self.step);
        if self.t > before { Ok(()) } else { Err(Error::Time) }
    }

    /// Decodes samples as long as their values are Rice-coded; a time that is followed by something else is not consumed.
    ///
    /// Where the bits are is all that a sample has to wait for from the one before it. So it is kept in a register.
    fn decimals(&mut self, state: &mut Decimal, t: &mut [i64], v: &mut [f64]) -> Result<usize, Error> {
        let (mut integer, mut last_delta) = (state.integer, state.delta);
        let (mut cost_delta, mut cost_second) = (state.cost_delta, state.cost_second);
        let (data, end) = (self.bits.data, 8 * self.bits.data.len());
        let (mut at, mut step, mut time) = (self.bits.at, self.step, self.t);
        let wanted = t.len().min(v.len());
        // Times that cannot overflow within a block, whatever the steps.
        if !(1..1 << 40).contains(&step) || time > 1 << 60 {
            return Ok(0);
        }
        let all = self.end >= self.max_time;
        let mut filled = 0;
        // Of no integer less than -2^53 or above 2^53 - 1 this is less than 2^54.
        let mut range = 0u64;
        let (t, v) = (&mut t[..wanted], &mut v[..wanted]);
        while filled < wanted {
            let k = rice(cost_delta, cost_second);
            if last_delta == 0 && cost_delta < 8 && cost_second < 8 {
                // Nothing changes for as long as times and values go on as they did, which takes two zero bits each.
                let word = inside(data, at).unwrap_or(u64::MAX);
                let run = (word | 1 << 8).leading_zeros() as usize / 2;
                let run = run.min(wanted - filled);
                let run = if all { run } else { run.min((self.end.saturating_sub(time) / step) as usize) };
                if run > 1 {
                    for (t, v) in t[filled..filled + run].iter_mut().zip(&mut v[filled..filled + run]) {
                        time += step;
                        *t = time;
                        *v = integer as f64;
                    }
                    at += 2 * run;
                    filled += run;
                    continue;
                }
            }
            let (before, step_before) = (time, step);
            let mut word = inside(data, at).unwrap_or_else(|| self.bits.peek_at(at));
            let mut used = 1;
            if word >> 63 != 0 {
                let class = word.leading_ones() as usize;
                if class > SHORT_CLASSES {
                    break;
                }
                let width = WIDTHS[class];
                step += unzigzag(word << (class + 1) >> (64 - width));
                if step <= 0 {
                    return Err(Error::Time);
                }
                used = class + 1 + width as usize;
                word = self.bits.peek_at(at + used);
            } else {
                word <<= 1;
            }
            time += step;
            let ones = (!word | 1).leading_zeros();
            if ones >= ESCAPE_ONES {
                (step, time) = (step_before, before);
                break;
            }
            at += used + (ones + 1 + k) as usize;
            let low = (word << (ones + 1)) >> 1 >> (63 - k);
            let residual = unzigzag(u64::from(ones) << k | low);
            let delta = if cost_second < cost_delta { residual.wrapping_add(last_delta) } else { residual };
            integer = integer.wrapping_add(delta);
            range |= integer.wrapping_add(1 << 53).cast_unsigned();
            cost_delta = learn(cost_delta, delta.unsigned_abs());
            cost_second = learn(cost_second, delta.wrapping_sub(last_delta).unsigned_abs());
            last_delta = delta;
            t[filled] = time;
            v[filled] = integer as f64;
            filled += 1;
            if time > self.end {
                break;
            }
        }
        // Behind the end there are zeros, which are samples, too.
        if at > end {
            return Err(Error::Truncated);
        }
        if range >= 1 << 54 {
            self.careful = true;
            return Ok(0);
        }
        (self.bits.at, self.step, self.t) = (at, step, time);
        if filled > 0 {
            (state.integer, state.delta, state.raw) = (integer, last_delta, false);
            (state.cost_delta, state.cost_second) = (cost_delta, cost_second);
            if state.scale != 0 {
                let power = POWERS.get(usize::from(state.scale)).copied().unwrap_or(1.0);
                v[..filled].iter_mut().for_each(|value| *value /= power);
            }
        }
        Ok(filled)
    }

    /// Decodes samples of the XOR code.
    fn xors(&mut self, state: &mut Xor, t: &mut [i64], v: &mut [f64]) -> Result<usize, Error> {
        let mut filled = 0;
        for (t, v) in t.iter_mut().zip(v) {
            let word = self.bits.peek();
            self.next_time(word)?;
            let word = if word >> 63 == 0 { word << 1 } else { self.bits.peek() };
            if word >> 63 == 0 {
                self.bits.skip(1)?;
            } else {
                if word >> 62 == 0b11 {
                    let window = (word >> 51) & 0x7ff;
                    let (leading, significant) = ((window >> 6) as u8, (window & 63) as u8 + 1);
                    self.bits.skip(13)?;
                    state.leading = leading;
                    state.trailing =
                        64u8.checked_sub(leading + significant).ok_or(Error::Invalid("window"))?;
                } else if state.leading == NO_WINDOW {
                    return Err(Error::Invalid("window"));
                } else {
                    self.bits.skip(2)?;
                }
                let significant = u32::from(64 - state.leading - state.trailing);
                state.last ^= self.bits.read(significant)? << state.trailing;
            }
            *t = self.t;
            *v = f64::from_bits(state.last);
            filled += 1;
            if self.t > self.end {
                break;
            }
        }
        Ok(filled)
    }
}

/// The Rice code's parameter.
#[inline(always)]
fn rice(cost_delta: u32, cost_second: u32) -> u32 {
    (cost_delta.min(cost_second) | 4).ilog2() - 2
}

/// As the codec learns: eight times a running mean, which one outlier raises no more than fourfold.
#[inline(always)]
fn learn(cost: u32, error: u64) -> u32 {
    let most = 4 * u64::from(cost) + 16;
    cost - (cost >> 3) + error.min(most).min(1 << 28) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Encoding, FloatChunkBuilder};
    use super::*;

    /// As the samples come one by one.
    fn one_by_one(chunk: &Chunk, start: i64, end: i64) -> Result<(Vec<i64>, Vec<u64>), Error> {
        let (mut t, mut v) = (Vec::new(), Vec::new());
        for sample in chunk.floats() {
            let sample = sample?;
            if sample.t > end {
                break;
            }
            if sample.t >= start {
                t.push(sample.t);
                v.push(sample.v.to_bits());
            }
        }
        Ok((t, v))
    }

    fn in_columns(chunk: &Chunk, start: i64, end: i64) -> Result<(Vec<i64>, Vec<u64>), Error> {
        let mut out = Samples::default();
        read(chunk, start, end, &mut out)?;
        Ok((out.t, out.v.into_iter().map(f64::to_bits).collect()))
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let whole = (-1000i64..1000).prop_map(|value| value as f64);
        let fraction = (0u32..1_000_000).prop_map(|value| f64::from(value) / 100.0);
        let odd = prop_oneof![
            Just(-0.0),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(crate::stale_nan()),
            any::<f64>()
        ];
        prop_oneof![
            prop::collection::vec(Just(7.0), 1..400),
            prop::collection::vec(
                prop_oneof![Just(9_007_199_254_740_992.0), Just(-9_007_199_254_740_992.0), Just(1.0)],
                1..200
            ),
            prop::collection::vec(any::<f64>(), 1..200),
            prop::collection::vec(prop_oneof![20 => whole, 1 => odd.clone()], 1..400),
            prop::collection::vec(prop_oneof![20 => fraction, 1 => odd], 1..400),
            prop::collection::vec(0u64..1 << 40, 1..300).prop_map(|rises| {
                let mut total = 0;
                rises
                    .into_iter()
                    .map(|rise| {
                        total += rise >> (rise % 41);
                        total as f64
                    })
                    .collect()
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn columns_are_what_the_samples_are_one_by_one(
            values in values(),
            gaps in prop::collection::vec(prop_oneof![9 => Just(15_000i64), 1 => 1i64..100_000], 400),
            range in (-10_000i64..4_000_000, 0i64..4_000_000),
            flip in prop::option::of((any::<prop::sample::Index>(), 0u32..8)),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut builder = FloatChunkBuilder::new(false);
            let mut t = 1_000;
            for (value, gap) in values.iter().zip(gaps) {
                builder.push(t, *value, 0);
                t += gap;
            }
            let mut chunk = builder.chunk();
            assert_eq!(chunk.encoding, Encoding::Float);
            let mut data = chunk.data.to_vec();
            if let Some((at, bit)) = flip {
                let at = at.index(data.len());
                data[at] ^= 1 << bit;
            }
            if let Some(at) = cut {
                data.truncate(at.index(data.len()));
            }
            chunk.data = data.into();
            for (start, end) in [(i64::MIN, i64::MAX), (range.0, range.0 + range.1)] {
                match (one_by_one(&chunk, start, end), in_columns(&chunk, start, end)) {
                    (Ok(one), Ok(columns)) => prop_assert_eq!(one, columns),
                    (one, columns) => prop_assert_eq!(one.is_err(), columns.is_err(), "{:?} {:?}", one, columns),
                }
            }
        }
    }
}
