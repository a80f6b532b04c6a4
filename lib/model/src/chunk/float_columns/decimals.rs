//! Rice-coded decimals, of one chunk or of two by turns.
//!
//! Where a sample's bits begin is all that it has to wait for from the one before it, but it is a long wait: a load, two counts of
//! leading ones and the code's parameter, one after the other. A second chunk's samples fit into it.

use super::super::Error;
use super::super::bits::{WIDTHS, unzigzag};
use super::super::value::{Decimal, ESCAPE_ONES, POWERS};
use super::bits::{Bits, inside};
use crate::TimestampMs;

/// Integers of classes up to this one, with what announces them, are within what is peeked at.
pub(super) const SHORT_CLASSES: usize = 7;

/// A decoder of samples as long as their values are Rice-coded. A copy of the codec's state, which it keeps in registers.
pub(super) struct Run<'b> {
    bits: &'b Bits<'b>,
    pub(super) now: Now,
}

/// Where a run is.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) at: usize,
    pub(super) step: i64,
    pub(super) time: TimestampMs,
    integer: i64,
    delta: i64,
    cost_delta: u32,
    cost_second: u32,
    /// Of no integer less than -2^53 or above 2^53 - 1 this is less than 2^54.
    range: u64,
}

/// What came next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A sample.
    Sample,
    /// Something else, which is not consumed.
    Other,
    /// Times that do not ascend.
    Broken,
}

impl<'b> Run<'b> {
    /// `None` where times could overflow within a block.
    #[inline(always)]
    pub(super) fn begin(bits: &'b Bits<'b>, state: &Decimal, step: i64, time: TimestampMs) -> Option<Self> {
        let bounded = (1..1 << 40).contains(&step) && time <= 1 << 60;
        let now = Now {
            at: bits.at,
            step,
            time,
            integer: state.integer,
            delta: state.delta,
            cost_delta: state.cost_delta,
            cost_second: state.cost_second,
            range: 0,
        };
        bounded.then_some(Self { bits, now })
    }

    /// Decodes one sample.
    #[inline(always)]
    pub(super) fn next(&mut self, t: &mut i64, v: &mut f64) -> Next {
        let Now { at, mut step, time, integer, delta: last_delta, cost_delta, cost_second, range } = self.now;
        let k = rice(cost_delta, cost_second);
        let mut word = inside(self.bits.data, at).unwrap_or_else(|| self.bits.peek_at(at));
        let mut used = 1;
        if word >> 63 != 0 {
            let class = word.leading_ones() as usize;
            if class > SHORT_CLASSES {
                return Next::Other;
            }
            let width = WIDTHS[class];
            step += unzigzag(word << (class + 1) >> (64 - width));
            if step <= 0 {
                return Next::Broken;
            }
            used = class + 1 + width as usize;
            word = self.bits.peek_at(at + used);
        } else {
            word <<= 1;
        }
        let ones = (!word | 1).leading_zeros();
        if ones >= ESCAPE_ONES {
            return Next::Other;
        }
        let low = (word << (ones + 1)) >> 1 >> (63 - k);
        let residual = unzigzag(u64::from(ones) << k | low);
        let delta = if cost_second < cost_delta { residual.wrapping_add(last_delta) } else { residual };
        let integer = integer.wrapping_add(delta);
        let time = time + step;
        self.now = Now {
            at: at + used + (ones + 1 + k) as usize,
            step,
            time,
            integer,
            delta,
            cost_delta: learn(cost_delta, delta.unsigned_abs()),
            cost_second: learn(cost_second, delta.wrapping_sub(last_delta).unsigned_abs()),
            range: range | integer.wrapping_add(1 << 53).cast_unsigned(),
        };
        *t = time;
        *v = integer as f64;
        Next::Sample
    }

    /// Whether nothing changes for as long as times and values go on as they did, which takes two zero bits each.
    #[inline(always)]
    pub(super) fn is_quiet(&self) -> bool {
        self.now.delta == 0 && self.now.cost_delta < 8 && self.now.cost_second < 8
    }

    /// Decodes samples that go on as before, up to time `end` if there is one; tells how many, 0 where it is not worth it.
    #[inline(always)]
    pub(super) fn quiet(&mut self, end: Option<TimestampMs>, t: &mut [i64], v: &mut [f64]) -> usize {
        let now = &mut self.now;
        let word = inside(self.bits.data, now.at).unwrap_or(u64::MAX);
        let run = ((word | 1 << 8).leading_zeros() as usize / 2).min(t.len());
        let until = |end: TimestampMs| usize::try_from(end.saturating_sub(now.time) / now.step).unwrap_or(0);
        let run = end.map_or(run, |end| run.min(until(end)));
        if run <= 1 {
            return 0;
        }
        for (t, v) in t[..run].iter_mut().zip(&mut v[..run]) {
            now.time += now.step;
            *t = now.time;
            *v = now.integer as f64;
        }
        now.at += 2 * run;
        run
    }
}

/// Gives the codec what a run of these values has learned; false if some were at the edge of what can be: then nothing counts.
pub(super) fn learned(now: Now, bits: &Bits<'_>, state: &mut Decimal, v: &mut [f64]) -> Result<bool, Error> {
    // Behind the end there are zeros, which are samples, too.
    if now.at > 8 * bits.data.len() {
        return Err(Error::Truncated);
    }
    if now.range >= 1 << 54 {
        return Ok(false);
    }
    if !v.is_empty() {
        (state.integer, state.delta, state.raw) = (now.integer, now.delta, false);
        (state.cost_delta, state.cost_second) = (now.cost_delta, now.cost_second);
        if state.scale != 0 {
            let power = POWERS.get(usize::from(state.scale)).copied().unwrap_or(1.0);
            v.iter_mut().for_each(|value| *value /= power);
        }
    }
    Ok(true)
}

/// Room for samples: times and values, equally long.
pub(super) type Room<'r> = (&'r mut [i64], &'r mut [f64]);

/// Decodes samples of two runs by turns until the room of one is full, one is quiet, is behind `end`, or finds no sample. Tells how
/// many of each, and what ended them.
#[inline(never)]
pub(super) fn by_turns(
    (a, b): (&mut Run<'_>, &mut Run<'_>),
    end: TimestampMs,
    (ta, va): Room<'_>,
    (tb, vb): Room<'_>,
) -> [(usize, Next); 2] {
    let most = ta.len().min(va.len()).min(tb.len()).min(vb.len());
    let (ta, va, tb, vb) = (&mut ta[..most], &mut va[..most], &mut tb[..most], &mut vb[..most]);
    let mut first = Run { bits: a.bits, now: a.now };
    let mut second = Run { bits: b.bits, now: b.now };
    let (mut filled, mut nexts) = (0, (Next::Sample, Next::Sample));
    while filled < most {
        nexts = (first.next(&mut ta[filled], &mut va[filled]), second.next(&mut tb[filled], &mut vb[filled]));
        if nexts != (Next::Sample, Next::Sample) {
            break;
        }
        filled += 1;
        if first.now.time > end || second.now.time > end || first.is_quiet() || second.is_quiet() {
            break;
        }
    }
    (a.now, b.now) = (first.now, second.now);
    // The one that goes on has one more than the one that stopped.
    let of =
        |own: Next, other: Next| (filled + usize::from(own == Next::Sample && other != Next::Sample), own);
    [of(nexts.0, nexts.1), of(nexts.1, nexts.0)]
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
