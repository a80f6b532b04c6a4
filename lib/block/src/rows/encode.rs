//! Rows that are being made: an open row group as columns.

use mneme_model::TimestampMs;

use super::decimal::{exponent, to_integer};
use super::{List, MAX_ROW, RowHead, flag};
use crate::codec::zigzag;

/// Differences up to here, zigzagged, are positive 32-bit integers.
const MAX_SHORT: i64 = i32::MAX as i64;

/// So many values are looked at to find an exponent.
const PROBES: usize = 24;

/// So often is an exponent raised for a value that was not looked at before.
const RAISES: usize = 4;

/// Rows as columns, in the order of the file's columns.
#[derive(Debug, Default)]
pub(crate) struct FloatRows {
    pub(crate) sid: Vec<i32>,
    pub(crate) t0: Vec<i64>,
    pub(crate) n: Vec<i32>,
    pub(crate) step: Vec<i32>,
    pub(crate) k: Vec<i32>,
    pub(crate) e: Vec<i32>,
    pub(crate) m0: Vec<i64>,
    pub(crate) st: Vec<i64>,
    pub(crate) xi: List<i32>,
    pub(crate) xv: List<f64>,
    pub(crate) sd: List<i64>,
    pub(crate) td: List<i32>,
    pub(crate) dl: List<i64>,
    pub(crate) f: List<f64>,
    pub(crate) d: List<i32>,
    pub(crate) samples: usize,
    integers: Vec<i64>,
    intervals: Vec<i64>,
}

impl FloatRows {
    pub(crate) fn rows(&self) -> usize {
        self.sid.len()
    }

    pub(crate) fn clear(&mut self) {
        for column in [&mut self.sid, &mut self.n, &mut self.step, &mut self.k, &mut self.e] {
            column.clear();
        }
        for column in [&mut self.t0, &mut self.m0, &mut self.st] {
            column.clear();
        }
        self.xi.clear();
        self.td.clear();
        self.d.clear();
        self.sd.clear();
        self.dl.clear();
        self.xv.clear();
        self.f.clear();
        self.samples = 0;
    }

    /// Appends the samples of series `sid` in one window. Times ascend; `st` is empty or as long as they are.
    pub(crate) fn push(&mut self, sid: u32, t: &[TimestampMs], v: &[f64], st: &[TimestampMs]) {
        debug_assert!(t.len() == v.len() && (st.is_empty() || st.len() == t.len()));
        for from in (0..t.len()).step_by(MAX_ROW) {
            let to = t.len().min(from + MAX_ROW);
            self.push_row(sid, &t[from..to], &v[from..to], st.get(from..to).unwrap_or_default());
        }
    }

    /// The same for at most [`MAX_ROW`] samples, but at least one.
    pub(crate) fn push_row(&mut self, sid: u32, t: &[TimestampMs], v: &[f64], st: &[TimestampMs]) {
        let mut head = RowHead {
            sid,
            t0: t[0],
            n: t.len() as u32,
            st: st.first().copied().unwrap_or(0),
            ..RowHead::default()
        };
        self.push_times(&mut head, t);
        self.push_values(&mut head, v);
        self.push_starts(&mut head, st);
        self.samples += t.len();
        self.sid.push(sid as i32);
        self.t0.push(head.t0);
        self.n.push(head.n as i32);
        self.step.push(head.step);
        self.k.push(head.k);
        self.e.push(i32::from(head.e));
        self.m0.push(head.m0);
        self.st.push(head.st);
    }

    fn push_times(&mut self, head: &mut RowHead, t: &[TimestampMs]) {
        let from = self.td.values.len();
        if let [first, second, ..] = t {
            let step = second - first;
            if !(step <= i64::from(i32::MAX) && t.windows(2).all(|pair| pair[1] - pair[0] == step)) {
                head.k |= flag::TD;
                head.step = self.median_step(t);
                let (t0, step) = (head.t0, i64::from(head.step));
                let differences = t.iter().enumerate().skip(1);
                self.td.values.extend(
                    differences.map(|(i, t)| zigzag(t.wrapping_sub(t0.wrapping_add(i as i64 * step))) as i32),
                );
            } else {
                head.step = step as i32;
            }
        }
        self.td.end_row(from);
    }

    /// The middle of some intervals, if no timestamp is then too far off its place; else the mean interval.
    fn median_step(&mut self, t: &[TimestampMs]) -> i32 {
        let stride = (t.len() / 64).max(1);
        self.intervals.clear();
        self.intervals.extend(t.windows(2).step_by(stride).map(|pair| pair[1] - pair[0]));
        let middle = self.intervals.len() / 2;
        let (_, median, _) = self.intervals.select_nth_unstable(middle);
        let span = t[t.len() - 1] - t[0];
        let far = median.saturating_mul(t.len() as i64).max(span);
        let step = if far < MAX_SHORT / 2 { *median } else { span / t.len() as i64 };
        i32::try_from(step).unwrap_or(i32::MAX)
    }

    fn push_starts(&mut self, head: &mut RowHead, st: &[TimestampMs]) {
        let from = self.sd.values.len();
        if st.windows(2).any(|pair| pair[0] != pair[1]) {
            head.k |= flag::SD;
            self.sd.values.extend(st.windows(2).map(|pair| zigzag(pair[1].wrapping_sub(pair[0]))));
        }
        self.sd.end_row(from);
    }

    fn push_values(&mut self, head: &mut RowHead, v: &[f64]) {
        let starts = (self.xi.values.len(), self.d.values.len(), self.dl.values.len(), self.f.values.len());
        let first = v[0].to_bits();
        if v.iter().all(|v| v.to_bits() == first) {
            self.push_constant(head, v[0]);
        } else if !self.push_integers(head, v) {
            self.xi.values.truncate(starts.0);
            self.xv.values.truncate(starts.0);
            head.k = (head.k & 0xff & !flag::X) | flag::F;
            (head.e, head.m0) = (0, 0);
            self.f.values.extend_from_slice(v);
        }
        self.xi.end_row(starts.0);
        self.xv.end_row(starts.0);
        self.d.end_row(starts.1);
        self.dl.end_row(starts.2);
        self.f.end_row(starts.3);
    }

    fn push_constant(&mut self, head: &mut RowHead, v: f64) {
        match exponent(v, 0).and_then(|e| Some((e, to_integer(v, e)?))) {
            Some((e, integer)) => (head.e, head.m0) = (e, integer),
            None => {
                head.k |= flag::F | flag::F1;
                self.f.values.push(v);
            }
        }
    }

    /// Whether all but an eighth of the values are integers over one power of ten; if so they and the rest are pushed.
    fn push_integers(&mut self, head: &mut RowHead, v: &[f64]) -> bool {
        let (most, before) = (v.len() / 8, self.xi.values.len());
        let Some(mut e) = probe(v) else { return false };
        let mut raises = 0;
        while let Err(next) = self.try_exponent(v, e, most, raises < RAISES) {
            match next {
                Some(higher) => e = higher,
                None => return false,
            }
            raises += 1;
        }
        head.e = e;
        head.m0 = self.integers[0];
        let exceptions = self.xi.values.len() - before;
        if exceptions > 0 {
            head.k |= flag::X | ((exceptions as i32) << 8);
        }
        self.push_differences(head);
        true
    }

    /// Fills `integers`, and the exceptions; `Err` with a higher exponent to try, or with `None` where there are too many exceptions.
    fn try_exponent(&mut self, v: &[f64], e: u8, most: usize, may_raise: bool) -> Result<(), Option<u8>> {
        let from = self.xi.values.len();
        self.integers.clear();
        let mut last = None;
        for (i, v) in v.iter().enumerate() {
            match to_integer(*v, e) {
                Some(integer) => {
                    last = Some(integer);
                    self.integers.push(integer);
                }
                None => {
                    let higher = if may_raise { exponent(*v, e + 1) } else { None };
                    if higher.is_some() || self.xi.values.len() - from == most {
                        self.xi.values.truncate(from);
                        self.xv.values.truncate(from);
                        return Err(higher);
                    }
                    self.xi.values.push(i as i32);
                    self.xv.values.push(*v);
                    self.integers.push(last.unwrap_or(i64::MIN));
                }
            }
        }
        // Exceptions before the first integer take that integer.
        let Some(first) = self.integers.iter().copied().find(|m| *m != i64::MIN) else { return Err(None) };
        self.integers.iter_mut().take_while(|m| **m == i64::MIN).for_each(|m| *m = first);
        Ok(())
    }

    fn push_differences(&mut self, head: &mut RowHead) {
        let largest = self.integers.windows(2).map(|pair| zigzag(pair[1] - pair[0])).fold(0, |a, b| a | b);
        if largest == 0 {
            return;
        }
        let differences = self.integers.windows(2).map(|pair| zigzag(pair[1] - pair[0]));
        if (0..=MAX_SHORT).contains(&largest) {
            head.k |= flag::D;
            self.d.values.extend(differences.map(|difference| difference as i32));
        } else {
            head.k |= flag::DL;
            self.dl.values.extend(differences);
        }
    }
}

/// The highest of the least exponents of some values; `None` where most of them have none.
fn probe(v: &[f64]) -> Option<u8> {
    let stride = (v.len() / PROBES).max(1);
    let (mut highest, mut finite, mut without) = (0, 0, 0);
    for v in v.iter().step_by(stride).filter(|v| v.is_finite()) {
        finite += 1;
        match to_integer(*v, highest).map(|_| highest).or_else(|| exponent(*v, highest)) {
            Some(e) => highest = e,
            None => without += 1,
        }
    }
    (without * 4 <= finite).then_some(highest)
}
