//! The scalars of a row, and what they say of its lists.

use mneme_model::TimestampMs;

/// A row holds at most so many samples; a window with more takes several rows.
pub(crate) const MAX_ROW: usize = 1 << 16;

/// The flags in `k`.
pub(crate) mod flag {
    /// `td` is present: the timestamps are no exact grid.
    pub(crate) const TD: i32 = 1;
    /// `d` is present: the values change.
    pub(crate) const D: i32 = 2;
    /// `dl` is present in place of `d`: differences that need more than 31 bits.
    pub(crate) const DL: i32 = 4;
    /// `f` is present: raw values.
    pub(crate) const F: i32 = 8;
    /// `xi` and `xv` are present; how many is `k >> 8`.
    pub(crate) const X: i32 = 16;
    /// `sd` is present: the start timestamps change.
    pub(crate) const SD: i32 = 32;
    /// `f` holds one value, that of all samples.
    pub(crate) const F1: i32 = 64;
}

/// The scalars of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowHead {
    /// The series' row in the series table.
    pub(crate) sid: u32,
    /// Time of the first sample.
    pub(crate) t0: TimestampMs,
    /// Samples, 1 to [`MAX_ROW`].
    pub(crate) n: u32,
    /// The common interval (milliseconds).
    pub(crate) step: i32,
    /// Flags, and the number of exceptions.
    pub(crate) k: i32,
    /// Values are integers divided by 10 to this, 0 to 14.
    pub(crate) e: u8,
    /// The first integer.
    pub(crate) m0: i64,
    /// Start timestamp of the first sample, 0 if unknown.
    pub(crate) st: TimestampMs,
}

impl RowHead {
    pub(crate) fn has(&self, flag: i32) -> bool {
        self.k & flag != 0
    }

    fn rest_if(&self, flag: i32) -> usize {
        if self.has(flag) { self.n as usize - 1 } else { 0 }
    }

    pub(crate) fn exceptions(&self) -> usize {
        if self.has(flag::X) { (self.k >> 8) as usize } else { 0 }
    }

    pub(crate) fn td(&self) -> usize {
        self.rest_if(flag::TD)
    }

    pub(crate) fn d(&self) -> usize {
        self.rest_if(flag::D)
    }

    pub(crate) fn dl(&self) -> usize {
        self.rest_if(flag::DL)
    }

    pub(crate) fn sd(&self) -> usize {
        self.rest_if(flag::SD)
    }

    pub(crate) fn f(&self) -> usize {
        match (self.has(flag::F), self.has(flag::F1)) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => self.n as usize,
        }
    }

    /// Whether the scalars may have come from an encoder.
    pub(crate) fn is_valid(&self) -> bool {
        let ways = [flag::D, flag::DL, flag::F].iter().filter(|way| self.has(**way)).count();
        (1..=MAX_ROW as u32).contains(&self.n)
            && self.k >= 0
            && self.e <= 14
            && ways <= 1
            && self.exceptions() <= self.n as usize
    }
}
