//! How many bytes of requests the process works on at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A budget of bytes. Nobody waits for it: what does not fit is refused.
#[derive(Clone, Debug)]
pub(crate) struct ByteBudget {
    limit: usize,
    used: Arc<AtomicUsize>,
}

/// Bytes of the budget, given back on drop.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: ByteBudget,
    bytes: usize,
}

impl ByteBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: Arc::default() }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn empty(&self) -> Reservation {
        Reservation { budget: self.clone(), bytes: 0 }
    }
}

impl Reservation {
    /// So many bytes more; `false` if the budget does not have them, and then nothing changes.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.budget.limit);
        let grown = self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if grown {
            self.bytes += bytes;
        }
        grown
    }

    /// At least so many bytes in all.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        bytes <= self.bytes || self.grow(bytes - self.bytes)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_given_back_and_never_exceeds_the_limit() {
        let budget = ByteBudget::new(100);
        let mut a = budget.empty();
        assert!(a.grow(60) && a.grow_to(50) && a.grow_to(70));
        let mut b = budget.empty();
        assert!(!b.grow(31) && !b.grow(usize::MAX) && b.grow(30));
        assert_eq!(budget.used(), 100);
        drop(a);
        assert_eq!(budget.used(), 30);
        drop(b);
        assert_eq!(budget.used(), 0);
    }
}
