//! What a handle has asked of its store.

use std::sync::atomic::{AtomicU64, Ordering};

/// The kinds of requests, as they are billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the handle's own words")]
pub enum Operation {
    Get,
    Head,
    Put,
    Create,
    List,
    Delete,
}

impl Operation {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Put, Self::Create, Self::List, Self::Delete];

    /// The word for metrics and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Head => "head",
            Self::Put => "put",
            Self::Create => "create",
            Self::List => "list",
            Self::Delete => "delete",
        }
    }
}

/// Counters since the handle was opened, shared by its clones.
#[derive(Debug, Default)]
pub struct Stats {
    operations: [Counters; 6],
    hedges: AtomicU64,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    bytes: AtomicU64,
}

/// One operation's counters at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationCounts {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests without a definite answer (an absent object is an answer).
    pub errors: u64,
    /// Bytes of objects read or written.
    pub bytes: u64,
}

impl Stats {
    /// The counters of one operation.
    #[must_use]
    pub fn of(&self, operation: Operation) -> OperationCounts {
        let counters = &self.operations[operation as usize];
        OperationCounts {
            requests: counters.requests.load(Ordering::Relaxed),
            errors: counters.errors.load(Ordering::Relaxed),
            bytes: counters.bytes.load(Ordering::Relaxed),
        }
    }

    /// Creates that were sent a second time because the first had no answer yet. Each is a request of its own as well.
    #[must_use]
    pub fn hedges(&self) -> u64 {
        self.hedges.load(Ordering::Relaxed)
    }

    pub(crate) fn hedge(&self) {
        self.hedges.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn request(&self, operation: Operation) {
        self.operations[operation as usize].requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn error(&self, operation: Operation) {
        self.operations[operation as usize].errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self, operation: Operation, bytes: usize) {
        self.operations[operation as usize].bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
