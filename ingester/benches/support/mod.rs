//! What benchmarks share: a writer's committed segments, kept for whoever wants to deliver them.

use std::sync::Arc;

use async_trait::async_trait;
use mneme_wal::{CommittedSegment, Deliver, Verdict};
use parking_lot::Mutex;

/// Keeps all segments.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<Arc<CommittedSegment>>>);

#[async_trait]
impl Deliver for Kept {
    async fn deliver(&self, segment: Arc<CommittedSegment>) -> Verdict {
        self.0.lock().push(segment);
        Verdict::default()
    }
}
