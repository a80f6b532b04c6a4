//! What start timestamps say about counter resets.

use super::super::contract::Window;

/// A sample's start timestamp and timestamp.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) start: i64,
    pub(super) at: i64,
}

impl Times {
    /// Of float number `index`; the start is 0 where it is unknown or not to be used.
    pub(super) fn of_float(window: &Window<'_>, index: usize) -> Self {
        let start = if window.use_start_timestamps { window.st.get(index).copied().unwrap_or(0) } else { 0 };
        Self { start, at: window.t[index] }
    }

    /// Of histogram number `index`; the start is 0 where it is unknown or not to be used.
    pub(super) fn of_histogram(window: &Window<'_>, index: usize) -> Self {
        let point = &window.histograms[index];
        Self { start: if window.use_start_timestamps { point.st } else { 0 }, at: point.t }
    }

    /// Whether the counter started anew between `before` and `self`.
    pub(super) fn reset_since(self, before: Self) -> bool {
        // Unknown (0), OpenTelemetry's unknown (its own time), or nonsense (later).
        if self.start == 0 || self.start >= self.at || self.start < before.at {
            return false;
        }
        if self.start > before.at {
            return true;
        }
        // It starts where the sample before is: a delta, unless that one's start is unknown or nonsense.
        before.start != 0 && before.start < before.at
    }

    /// Whether two samples claim overlapping times.
    pub(super) fn overlaps(self, before: Self) -> bool {
        self.start != 0 && self.start < before.at && self.start != before.start
    }
}
