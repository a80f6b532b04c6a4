//! From durable to applied: segments to their owners, in order, while the next one is being committed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::Stats;
use super::batch::{Place, Progress};
use super::panic::FailOnPanic;
use super::shared::Shared;
use crate::{CommittedSegment, Verdict};

/// After this long an owner that does not answer is left behind, so that the others get theirs.
const LONGEST_DELIVERY: Duration = Duration::from_secs(30);

/// A durable segment and those who wait for its verdict.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) segment: CommittedSegment,
    pub(super) place: Place,
    pub(super) progress: watch::Sender<Progress>,
}

/// Queues a segment for delivery; leaves it to its owners to read where the queue is full.
pub(super) fn offer(shared: &Shared, deliveries: &mpsc::Sender<Committed>, committed: Committed) {
    match deliveries.try_send(committed) {
        Ok(()) => {
            let queued = deliveries.max_capacity() - deliveries.capacity();
            Stats::set(&shared.stats.queued_deliveries, queued);
        }
        Err(mpsc::error::TrySendError::Full(left) | mpsc::error::TrySendError::Closed(left)) => {
            leave_behind(shared, left.place, &left.progress);
        }
    }
}

/// Delivers until the committer has ended and its queue is empty.
pub(super) async fn run(shared: Arc<Shared>, mut queue: mpsc::Receiver<Committed>) {
    let _guard = FailOnPanic::new(&shared, "delivery");
    while let Some(Committed { segment, place, progress }) = queue.recv().await {
        Stats::set(&shared.stats.queued_deliveries, queue.len());
        let delivered = shared.parts.deliver.deliver(Arc::new(segment));
        match tokio::time::timeout(LONGEST_DELIVERY, delivered).await {
            Ok(verdict) => drop(progress.send_replace(Progress::Answered(place, Arc::new(verdict)))),
            Err(_) => leave_behind(&shared, place, &progress),
        }
    }
}

fn leave_behind(shared: &Shared, place: Place, progress: &watch::Sender<Progress>) {
    Stats::add(&shared.stats.undelivered, 1);
    let verdict = Verdict { conflicts: Vec::new(), behind: true };
    progress.send_replace(Progress::Answered(place, Arc::new(verdict)));
}
