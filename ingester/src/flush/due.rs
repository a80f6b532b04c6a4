//! When a flush is due: pure.

use std::time::Duration;

use mneme_model::TimestampMs;

/// Between two flushes that want of memory brings about, at least.
const EARLY_PAUSE: Duration = Duration::from_secs(60);

/// When this process flushes: at multiples of the interval, at an offset of its own, so that not all processes flush at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// None: never by itself.
    interval_ms: Option<i64>,
    offset_ms: i64,
    /// The period of the last flush.
    last: i64,
    last_early: Option<TimestampMs>,
}

impl Schedule {
    /// The first flush is at the next multiple of `interval`, `random` of it later; a zero interval is never.
    pub(super) fn new(interval: Duration, random: u128, now: TimestampMs) -> Self {
        let interval_ms = i64::try_from(interval.as_millis()).ok().filter(|ms| *ms > 0);
        let offset_ms = interval_ms.map_or(0, |ms| (random % ms.unsigned_abs() as u128) as i64);
        let mut schedule = Self { interval_ms, offset_ms, last: 0, last_early: None };
        schedule.last = schedule.period(now).unwrap_or(0);
        schedule
    }

    fn period(&self, now: TimestampMs) -> Option<i64> {
        Some(now.saturating_sub(self.offset_ms).div_euclid(self.interval_ms?))
    }

    /// Whether a flush is due now; if it is, it is noted. `short`: memory is short.
    pub(super) fn is_due(&mut self, now: TimestampMs, short: bool) -> bool {
        let pause = i64::try_from(EARLY_PAUSE.as_millis()).unwrap_or(i64::MAX);
        let early = short && self.last_early.is_none_or(|last| now.saturating_sub(last) >= pause);
        let period = self.period(now);
        let due = period.is_some_and(|period| period > self.last);
        if early {
            self.last_early = Some(now);
        }
        if due {
            self.last = period.unwrap_or(self.last);
        }
        due || early
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_flush_is_due_once_a_period_at_an_offset_and_early_when_memory_is_short() {
        let interval = Duration::from_secs(2 * 3600);
        let mut schedule = Schedule::new(interval, 30 * 60_000, 9 * HOUR);
        assert!(!schedule.is_due(9 * HOUR, false), "not at the start");
        let at = 10 * HOUR + HOUR / 2;
        assert!(!schedule.is_due(at - 1, false));
        assert!(schedule.is_due(at, false) && !schedule.is_due(at + 1, false));
        assert!(schedule.is_due(at + 2, true) && !schedule.is_due(at + 3, true));
        assert!(schedule.is_due(at + 60_002, true), "again after a pause");
        assert!(schedule.is_due(at + 9 * HOUR, false), "periods that were missed are made up for at once");
        assert!(!schedule.is_due(at + 9 * HOUR + 1, false));
        assert!(!Schedule::new(Duration::ZERO, 7, 0).is_due(i64::MAX, false), "never by itself");
    }
}
