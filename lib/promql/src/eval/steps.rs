//! The grid of times that an expression is evaluated at.

use mneme_model::TimestampMs;

/// `count` times from `start`, `interval_ms` apart. Never empty, unless a subquery's range holds no multiple of its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start: TimestampMs,
    pub(crate) interval_ms: i64,
    pub(crate) count: usize,
}

impl Steps {
    /// All times from `start` to `end`; one where the interval is 0.
    pub(crate) fn new(start: TimestampMs, end: TimestampMs, interval_ms: i64) -> Self {
        let count = if end < start {
            0
        } else if interval_ms <= 0 {
            1
        } else {
            usize::try_from(end.saturating_sub(start) / interval_ms)
                .map_or(usize::MAX, |last| last.saturating_add(1))
        };
        Self { start, interval_ms: interval_ms.max(1), count }
    }

    /// The first step only.
    pub(crate) fn first(self) -> Self {
        Self { count: self.count.min(1), ..self }
    }

    /// The time of step `i`.
    #[inline]
    pub(crate) fn time(self, i: usize) -> TimestampMs {
        self.start.saturating_add(self.interval_ms.saturating_mul(i as i64))
    }

    /// The time of the last step.
    pub(crate) fn last(self) -> TimestampMs {
        self.time(self.count.saturating_sub(1))
    }

    /// The times in order.
    pub(crate) fn times(self) -> impl Iterator<Item = TimestampMs> {
        (0..self.count).map(move |i| self.time(i))
    }
}
