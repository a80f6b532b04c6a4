//! Which times a sample may have.

use std::time::Duration;

use mneme_model::{LabelsRef, TimestampMs};

use super::clip;
use crate::Reason;

/// Year 1: times before it cannot be written as dates.
const EARLIEST: TimestampMs = -62_135_596_800_000;
/// The end of year 9999, likewise.
const LATEST: TimestampMs = 253_402_300_799_999;

/// From year 1, since any age is taken, to a grace period from now (to year 9999 without one).
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeRange {
    now: TimestampMs,
    latest: TimestampMs,
}

impl TimeRange {
    pub(super) fn new(now: TimestampMs, grace: Duration) -> Self {
        let grace_ms = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        let latest = if grace.is_zero() { LATEST } else { now.saturating_add(grace_ms).min(LATEST) };
        Self { now, latest }
    }

    #[inline]
    pub(super) fn check(&self, t: TimestampMs) -> Result<(), Reason> {
        if t > self.latest {
            Err(Reason::TooFarInFuture)
        } else if t < EARLIEST {
            Err(Reason::TooFarInPast)
        } else {
            Ok(())
        }
    }

    /// A start timestamp as it is stored: one after its sample or before year 1 says nothing and becomes 0, unknown.
    #[inline]
    pub(super) fn start(&self, st: TimestampMs, t: TimestampMs) -> TimestampMs {
        if (EARLIEST..=t).contains(&st) { st } else { 0 }
    }

    pub(super) fn words(&self, reason: Reason, what: &str, t: TimestampMs, labels: LabelsRef<'_>) -> String {
        let series = clip(&labels.to_string());
        if matches!(reason, Reason::TooFarInPast | Reason::ExemplarTooFarInPast) {
            format!("timestamp {t} of a {what} of series '{series}' is before year 1")
        } else {
            let ahead = t.saturating_sub(self.now) as f64 / 1000.0;
            format!(
                "timestamp {t} of a {what} of series '{series}' is {ahead:.0} s in the future, past the tenant's limit creation_grace_period"
            )
        }
    }
}
