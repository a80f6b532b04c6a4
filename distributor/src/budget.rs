//! How many bytes of requests the process works on at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mneme_server::{Kind, Status};
use prometheus::IntGauge;

/// A budget of bytes. Nobody waits for it: what does not fit is refused.
#[derive(Clone, Debug)]
pub(crate) struct ByteBudget {
    limit: usize,
    used: Arc<AtomicUsize>,
    gauge: IntGauge,
}

/// Bytes of the budget, given back on drop. It goes where the bytes go: whoever holds them, holds it.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: ByteBudget,
    bytes: usize,
}

impl ByteBudget {
    /// `gauge` shows what is used.
    pub(crate) fn new(limit: usize, gauge: IntGauge) -> Self {
        Self { limit, used: Arc::default(), gauge }
    }

    pub(crate) fn empty(&self) -> Reservation {
        Reservation { budget: self.clone(), bytes: 0 }
    }

    /// One whose bytes count as everybody's and that is never refused.
    pub(crate) fn unrefused(&self) -> Reservation {
        Reservation { budget: Self { limit: usize::MAX, ..self.clone() }, bytes: 0 }
    }
}

impl Reservation {
    /// So many bytes more.
    ///
    /// # Errors
    /// 503 if the budget does not have them now (the caller says when to come back), 413 if it never has; nothing changes then.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Status> {
        let limit = self.budget.limit;
        if self.bytes.checked_add(bytes).is_none_or(|sum| sum > limit) {
            let words = format!(
                "the request takes more memory than all requests together may, max_inflight_push_requests_bytes, {limit} bytes"
            );
            return Err(Status::new(Kind::TooLarge, words).with_id("distributor-max-write-message-size"));
        }
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= limit);
        if self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            let words = format!(
                "the process works on as many bytes of requests as it may (max_inflight_push_requests_bytes) and has no room for {bytes} more"
            );
            return Err(
                Status::new(Kind::Unavailable, words).with_id("distributor-max-inflight-push-requests-bytes")
            );
        }
        self.bytes += bytes;
        self.budget.gauge.add(gauged(bytes));
        Ok(())
    }

    /// At least so many bytes in all; errors as [`Self::take`].
    pub(crate) fn take_to(&mut self, bytes: usize) -> Result<(), Status> {
        self.take(bytes.saturating_sub(self.bytes))
    }

    /// At most so many bytes in all: gives the others back.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        self.bytes -= back;
        self.budget.used.fetch_sub(back, Ordering::Relaxed);
        self.budget.gauge.sub(gauged(back));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

fn gauged(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_given_back_and_never_exceeds_the_limit() {
        let budget = ByteBudget::new(100, IntGauge::new("bytes", "Bytes.").unwrap());
        let kind = |taken: Result<(), Status>| taken.map_err(|status| status.kind);
        let mut a = budget.empty();
        assert_eq!(kind(a.take(60).and_then(|()| a.take_to(50)).and_then(|()| a.take_to(70))), Ok(()));
        let mut b = budget.empty();
        assert_eq!(kind(b.take(31)), Err(Kind::Unavailable), "there is room once the other one ends");
        assert_eq!(kind(b.take(101)), Err(Kind::TooLarge), "there is never room for it");
        assert_eq!(kind(b.take(usize::MAX)), Err(Kind::TooLarge));
        assert_eq!(kind(b.take(30)), Ok(()));
        assert_eq!(budget.gauge.get(), 100);
        let mut own = budget.unrefused();
        assert_eq!(kind(own.take(50)), Ok(()));
        assert_eq!(budget.gauge.get(), 150);
        drop(own);
        a.shrink_to(80);
        a.shrink_to(10);
        assert_eq!(budget.gauge.get(), 40);
        drop((a, b));
        assert_eq!((budget.gauge.get(), budget.used.load(Ordering::Relaxed)), (0, 0));
    }
}
