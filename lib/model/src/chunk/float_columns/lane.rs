//! One chunk on its way into columns.

use super::super::bits::{BitReader, WIDTHS, unzigzag};
use super::super::value::{NO_WINDOW, ValueCodec};
use super::super::{Chunk, Error};
use super::bits::Bits;
use super::decimals::{Next, Now, Room, Run, SHORT_CLASSES, by_turns, learned};
use crate::{Samples, TimestampMs};

/// Samples that are decoded before they are handed on.
const BLOCK: usize = 128;

/// Decodes a chunk, and the next one after it.
pub(super) struct Lane<'a> {
    start: TimestampMs,
    /// No sample behind the first one after this is wanted.
    end: TimestampMs,
    bits: Bits<'a>,
    codec: ValueCodec,
    /// Samples that are not handed on yet.
    remaining: u32,
    first: bool,
    t: TimestampMs,
    step: i64,
    max_time: TimestampMs,
    /// Values are at the edge of what can be, and are looked at one by one.
    careful: bool,
    times: [TimestampMs; BLOCK],
    values: [f64; BLOCK],
    filled: usize,
    wanted: usize,
}

impl<'a> Lane<'a> {
    /// Without a chunk.
    pub(super) fn new(start: TimestampMs, end: TimestampMs) -> Self {
        Self {
            start,
            end,
            bits: Bits::new(&[]),
            codec: ValueCodec::default(),
            remaining: 0,
            first: true,
            t: 0,
            step: 0,
            max_time: 0,
            careful: false,
            times: [0; BLOCK],
            values: [0.0; BLOCK],
            filled: 0,
            wanted: 0,
        }
    }

    /// Whether a chunk has anything to give.
    pub(super) fn wants(&self, chunk: &Chunk) -> bool {
        chunk.count > 0 && chunk.overlaps(self.start, self.end)
    }

    /// Begins a chunk that is wanted, when the one before is done.
    pub(super) fn open(&mut self, chunk: &'a Chunk) {
        self.bits = Bits::new(&chunk.data);
        self.codec = ValueCodec::default();
        (self.remaining, self.first, self.careful) = (chunk.count, true, false);
        (self.t, self.step, self.max_time) = (chunk.min_time, 0, chunk.max_time);
        (self.filled, self.wanted) = (0, BLOCK.min(chunk.count as usize));
    }

    /// Hands on what was decoded, once that is a whole block or the end; false if nothing more of the chunk is wanted.
    pub(super) fn settle(&mut self, out: &mut Samples) -> Result<bool, Error> {
        if self.filled < self.wanted && self.t <= self.end {
            return Ok(true);
        }
        self.remaining -= self.filled as u32;
        if self.t > self.max_time || self.remaining == 0 && self.t != self.max_time {
            return Err(Error::Time);
        }
        let (t, v) = (&self.times[..self.filled], &self.values[..self.filled]);
        let (start, end) = (self.start, self.end);
        let from = if t.first().is_some_and(|t| *t < start) { t.partition_point(|t| *t < start) } else { 0 };
        let to =
            if t.last().is_some_and(|t| *t > end) { t.partition_point(|t| *t <= end) } else { self.filled };
        if from < to {
            out.t.extend_from_slice(&t[from..to]);
            out.v.extend_from_slice(&v[from..to]);
            if !out.st.is_empty() {
                out.st.resize(out.t.len(), 0);
            }
        }
        let more = self.remaining > 0 && self.t <= end;
        self.wanted = if more { BLOCK.min(self.remaining as usize) } else { 0 };
        self.filled = 0;
        Ok(more)
    }

    /// Whether the next samples are likely decimals that change: those are decoded beside another lane's.
    pub(super) fn is_steady(&mut self) -> bool {
        self.begin_run().is_some_and(|(run, _)| !run.is_quiet())
    }

    /// A decoder of Rice-coded decimals and room for what it decodes; `None` where there are none.
    #[inline]
    fn begin_run(&mut self) -> Option<(Run<'_>, Room<'_>)> {
        let ValueCodec::Decimal(state) = &self.codec else { return None };
        if state.age < 2 || self.first || self.careful {
            return None;
        }
        let run = Run::begin(&self.bits, state, self.step, self.t)?;
        let room = self.filled..self.wanted;
        Some((run, (&mut self.times[room.clone()], &mut self.values[room])))
    }

    /// Decodes one sample at least; `while_quiet`: no more of them once values change.
    pub(super) fn advance(&mut self, while_quiet: bool) -> Result<(), Error> {
        let filled = match self.codec {
            ValueCodec::Decimal(_) => self.decimals(while_quiet)?,
            ValueCodec::Xor(_) if !self.first => self.xors()?,
            ValueCodec::Xor(_) => 0,
        };
        if filled == 0 { self.one() } else { Ok(()) }
    }

    /// Decodes a sample, whatever it is.
    fn one(&mut self) -> Result<(), Error> {
        let at = self.filled;
        self.next_time(self.bits.peek())?;
        let (bits, codec) = (&mut self.bits, &mut self.codec);
        let short = match codec {
            ValueCodec::Decimal(state) => state.decode_short(bits.peek()),
            ValueCodec::Xor(_) => None,
        };
        self.values[at] = match short {
            Some((value, used)) => {
                bits.skip(used as usize)?;
                value
            }
            None => bits.slowly(|bits| codec.decode(bits))?,
        };
        self.times[at] = self.t;
        self.filled += 1;
        Ok(())
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

    /// Decodes samples as long as their values are Rice-coded; tells how many.
    fn decimals(&mut self, while_quiet: bool) -> Result<usize, Error> {
        let end = self.end;
        let limit = (end < self.max_time).then_some(end);
        let Some((mut run, (t, v))) = self.begin_run() else { return Ok(0) };
        let mut filled = 0;
        while filled < t.len().min(v.len()) {
            if run.is_quiet() {
                let count = run.quiet(limit, &mut t[filled..], &mut v[filled..]);
                filled += count;
                if count > 0 {
                    continue;
                }
            } else if while_quiet && filled > 0 {
                break;
            }
            match run.next(&mut t[filled], &mut v[filled]) {
                Next::Sample => filled += 1,
                Next::Other => break,
                Next::Broken => return Err(Error::Time),
            }
            if run.now.time > end {
                break;
            }
        }
        let now = run.now;
        self.keep(now, filled)
    }

    /// Takes over what a run has decoded: so many samples; tells how many of them count.
    fn keep(&mut self, now: Now, filled: usize) -> Result<usize, Error> {
        let ValueCodec::Decimal(state) = &mut self.codec else { return Ok(0) };
        let values = &mut self.values[self.filled..self.filled + filled];
        if !learned(now, &self.bits, state, values)? {
            self.careful = true;
            return Ok(0);
        }
        (self.bits.at, self.step, self.t) = (now.at, now.step, now.time);
        self.filled += filled;
        Ok(filled)
    }

    /// Decodes samples of the XOR code; tells how many.
    fn xors(&mut self) -> Result<usize, Error> {
        let ValueCodec::Xor(mut state) = self.codec.clone() else { return Ok(0) };
        let begun = self.filled;
        while self.filled < self.wanted {
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
            self.times[self.filled] = self.t;
            self.values[self.filled] = f64::from_bits(state.last);
            self.filled += 1;
            if self.t > self.end {
                break;
            }
        }
        self.codec = ValueCodec::Xor(state);
        Ok(self.filled - begun)
    }
}

/// Decodes samples of two steady lanes by turns: one at least, of one at least.
pub(super) fn together<'a>(a: &mut Lane<'a>, b: &mut Lane<'a>) -> Result<(), Error> {
    let end = a.end;
    let (Some((mut run_a, room_a)), Some((mut run_b, room_b))) = (a.begin_run(), b.begin_run()) else {
        a.advance(false)?;
        return b.advance(false);
    };
    let ended = by_turns((&mut run_a, &mut run_b), end, room_a, room_b);
    let nows = [run_a.now, run_b.now];
    for ((lane, now), (filled, next)) in [a, b].into_iter().zip(nows).zip(ended) {
        lane.keep(now, filled)?;
        match next {
            Next::Sample => {}
            Next::Other => lane.one()?,
            Next::Broken => return Err(Error::Time),
        }
    }
    Ok(())
}
