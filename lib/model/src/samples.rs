//! Samples of one series, decoded into columns.

use std::sync::Arc;

use crate::FloatHistogram;

/// Milliseconds since 1970-01-01T00:00:00Z, as Prometheus counts them.
pub type TimestampMs = i64;

/// The bits of the NaN that says "this series ended here" (Prometheus `value.StaleNaN`).
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The staleness marker as a value.
#[must_use]
pub fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Whether `value` is the staleness marker, by its bits: other NaNs are ordinary values.
#[must_use]
#[inline]
pub fn is_stale_nan(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// Whether `new` replaces `old` at one series and time: non-stale wins over stale, then the larger bits (DESIGN section 5).
///
/// A total order, so that applying the same samples in any order and any number of times gives the same store.
#[must_use]
pub fn prefer_value(old: f64, new: f64) -> bool {
    match (is_stale_nan(old), is_stale_nan(new)) {
        (true, false) => true,
        (false, true) => false,
        _ => new.to_bits() > old.to_bits(),
    }
}

/// A native histogram at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramPoint {
    /// When.
    pub t: TimestampMs,
    /// What; shared, because windows overlap. A stale marker has the staleness NaN as its `sum`.
    pub h: Arc<FloatHistogram>,
    /// The start timestamp, 0 if unknown.
    pub st: TimestampMs,
}

/// Samples of one series, as columns: floats and native histograms apart, each ascending in time without equal
/// timestamps (a time has a float or a histogram, never both).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// Timestamps of the floats.
    pub t: Vec<TimestampMs>,
    /// Values of the floats, as long as `t`; stale markers included.
    pub v: Vec<f64>,
    /// Start timestamps of the floats: empty if none is known, else as long as `t`, 0 where unknown.
    pub st: Vec<TimestampMs>,
    /// Histograms.
    pub histograms: Vec<HistogramPoint>,
}

impl Samples {
    /// Whether there is no sample at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.t.is_empty() && self.histograms.is_empty()
    }

    /// How many samples, floats and histograms together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.t.len() + self.histograms.len()
    }

    /// Forgets the samples, keeps the memory.
    pub fn clear(&mut self) {
        self.t.clear();
        self.v.clear();
        self.st.clear();
        self.histograms.clear();
    }

    /// Appends a float whose time is after every earlier float's. `st` is 0 if unknown.
    pub fn push_float(&mut self, t: TimestampMs, v: f64, st: TimestampMs) {
        if st != 0 && self.st.is_empty() {
            self.st.resize(self.t.len(), 0);
        }
        self.t.push(t);
        self.v.push(v);
        if st != 0 || !self.st.is_empty() {
            self.st.push(st);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_value_does_not_depend_on_order() {
        let values =
            [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, stale_nan(), f64::from_bits(0x7ff8_0000_0000_0007)];
        for a in values {
            for b in values {
                let ab = if prefer_value(a, b) { b } else { a };
                let ba = if prefer_value(b, a) { a } else { b };
                assert_eq!(ab.to_bits(), ba.to_bits(), "{a} {b}");
                assert!(a.to_bits() == b.to_bits() || !is_stale_nan(ab), "stale never wins: {a} {b}");
            }
        }
    }

    #[test]
    fn start_timestamps_appear_with_the_first_known_one() {
        let mut samples = Samples::default();
        samples.push_float(1, 1.0, 0);
        assert!(samples.st.is_empty());
        samples.push_float(2, 1.0, 1);
        samples.push_float(3, 1.0, 0);
        assert_eq!(samples.st, [0, 1, 0]);
    }
}
