//! Tenants that could not be flushed, and when each is tried again: pure.

use std::collections::BTreeMap;

use mneme_model::{TenantId, TimestampMs};

/// After the first failure; it doubles with each further one.
const FIRST_PAUSE_MS: i64 = 60_000;
/// No pause is longer.
const LONGEST_PAUSE_MS: i64 = 3_600_000;

/// Who failed the last time.
#[derive(Debug, Default)]
pub(super) struct Failing {
    tenants: BTreeMap<TenantId, Again>,
}

#[derive(Clone, Copy, Debug)]
struct Again {
    pause_ms: i64,
    at: TimestampMs,
}

impl Failing {
    /// Notes how a tenant's flush ended.
    pub(super) fn note(&mut self, tenant: &TenantId, failed: bool, now: TimestampMs) {
        if !failed {
            self.tenants.remove(tenant);
            return;
        }
        let before = self.tenants.get(tenant).map(|again| again.pause_ms);
        let pause_ms = before.map_or(FIRST_PAUSE_MS, |pause| (pause * 2).min(LONGEST_PAUSE_MS));
        self.tenants.insert(tenant.clone(), Again { pause_ms, at: now.saturating_add(pause_ms) });
    }

    /// Forgets whoever has nothing to be flushed any more.
    pub(super) fn retain(&mut self, has_something: impl Fn(&TenantId) -> bool) {
        self.tenants.retain(|tenant, _| has_something(tenant));
    }

    /// Who is to be tried again now.
    pub(super) fn due(&self, now: TimestampMs) -> Vec<TenantId> {
        let due = self.tenants.iter().filter(|(_, again)| again.at <= now);
        due.map(|(tenant, _)| tenant.clone()).collect()
    }

    /// Whether the tenant failed, and is not to be tried again yet.
    pub(super) fn waits(&self, tenant: &TenantId, now: TimestampMs) -> bool {
        self.tenants.get(tenant).is_some_and(|again| again.at > now)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tenants.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_fails_is_tried_again_soon_and_then_less_and_less_often() {
        let (mut failing, tenant) = (Failing::default(), TenantId::anonymous());
        assert!(!failing.waits(&tenant, 0) && failing.due(i64::MAX).is_empty());
        let mut now = 0;
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            failing.note(&tenant, true, now);
            let at = now + minutes * 60_000;
            assert!(failing.waits(&tenant, at - 1) && failing.due(at - 1).is_empty(), "{minutes}");
            assert!(!failing.waits(&tenant, at), "{minutes}");
            assert_eq!(failing.due(at), std::slice::from_ref(&tenant));
            now = at;
        }
        assert_eq!(failing.len(), 1);
        failing.note(&tenant, false, now);
        assert_eq!((failing.len(), failing.waits(&tenant, now)), (0, false));
    }
}
