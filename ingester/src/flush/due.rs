//! When a flush is due: pure.

use std::time::Duration;

use mneme_model::TimestampMs;

/// Between two flushes that want of memory brings about, at least.
const EARLY_PAUSE: Duration = Duration::from_secs(60);

/// Why a flush is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is time.
    Regular,
    /// Memory is short.
    Early,
}

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
    /// The first flush is at the next multiple of `interval`, by a share of it later that is the instance's own, so that restarts do not
    /// move it; a zero interval is never.
    pub(super) fn new(interval: Duration, instance: &str, now: TimestampMs) -> Self {
        let interval_ms = i64::try_from(interval.as_millis()).ok().filter(|ms| *ms > 0);
        let own = u64::from(crc32c::crc32c(instance.as_bytes())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let offset_ms = interval_ms.map_or(0, |ms| (own % ms.unsigned_abs()) as i64);
        let mut schedule = Self { interval_ms, offset_ms, last: 0, last_early: None };
        schedule.last = schedule.period(now).unwrap_or(0);
        schedule
    }

    fn period(&self, now: TimestampMs) -> Option<i64> {
        Some(now.saturating_sub(self.offset_ms).div_euclid(self.interval_ms?))
    }

    /// Why a flush is due now, if one is; it is noted. `short`: memory is short.
    pub(super) fn due(&mut self, now: TimestampMs, short: bool) -> Option<Due> {
        let pause = i64::try_from(EARLY_PAUSE.as_millis()).unwrap_or(i64::MAX);
        let early = short && self.last_early.is_none_or(|last| now.saturating_sub(last) >= pause);
        let period = self.period(now);
        let regular = period.is_some_and(|period| period > self.last);
        if early {
            self.last_early = Some(now);
        }
        if regular {
            self.last = period.unwrap_or(self.last);
            return Some(Due::Regular);
        }
        early.then_some(Due::Early)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_flush_is_due_once_a_period_at_an_offset_and_early_when_memory_is_short() {
        let interval = Duration::from_secs(2 * 3600);
        let mut schedule = Schedule::new(interval, "one", 9 * HOUR);
        let at = (9 * HOUR..11 * HOUR).step_by(1000).find(|now| schedule.due(*now, false).is_some()).unwrap();
        assert_eq!(schedule.due(at + 1, false), None, "once");
        let again = Schedule::new(interval, "one", at - 5000);
        assert_eq!(
            (again.offset_ms, again.last),
            (schedule.offset_ms, schedule.last - 1),
            "a restart moves nothing"
        );
        assert_ne!(Schedule::new(interval, "two", at).offset_ms, schedule.offset_ms);
        assert_eq!(schedule.due(at + 2, true), Some(Due::Early));
        assert_eq!(schedule.due(at + 3, true), None);
        assert_eq!(schedule.due(at + 60_002, true), Some(Due::Early), "again after a pause");
        assert_eq!(
            schedule.due(at + 9 * HOUR, true),
            Some(Due::Regular),
            "what was missed is made up for at once"
        );
        assert_eq!(schedule.due(at + 9 * HOUR + 1, false), None);
        assert_eq!(Schedule::new(Duration::ZERO, "one", 0).due(i64::MAX, false), None, "never by itself");
    }
}
