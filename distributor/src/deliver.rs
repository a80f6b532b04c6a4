//! Hands what the WAL committed to the ingester that owns it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mneme_proto::internal::ingester::{Delivery, DeliveryService};
use mneme_wal::{CommittedSegment, Conflict, Deliver, Verdict};

/// Delivers every segment to one ingester. An ingester that fails or takes too long is behind: it reads the segment from the bucket.
pub struct ToIngester {
    ingester: Arc<dyn DeliveryService>,
    deadline: Duration,
}

impl ToIngester {
    /// `deadline` bounds each delivery.
    #[must_use]
    pub fn new(ingester: Arc<dyn DeliveryService>, deadline: Duration) -> Self {
        Self { ingester, deadline }
    }
}

#[async_trait]
impl Deliver for ToIngester {
    async fn deliver(&self, segment: Arc<CommittedSegment>) -> Verdict {
        let (writer, seq) = (segment.writer, segment.seq);
        let delivery = Delivery { writer, seq, cut: segment.cut, sections: segment.sections.clone() };
        match tokio::time::timeout(self.deadline, self.ingester.deliver(delivery)).await {
            Ok(Ok(verdict)) => Verdict {
                conflicts: verdict
                    .conflicts
                    .iter()
                    .map(|conflict| Conflict { partition: conflict.partition, ordinal: conflict.ordinal })
                    .collect(),
                behind: verdict.behind,
            },
            Ok(Err(error)) => {
                tracing::warn!(%writer, seq, %error, "the ingester did not take a segment; it will read it from the bucket");
                Verdict { conflicts: Vec::new(), behind: true }
            }
            Err(_) => {
                tracing::warn!(%writer, seq, deadline = ?self.deadline, "the ingester took too long for a segment");
                Verdict { conflicts: Vec::new(), behind: true }
            }
        }
    }
}

impl std::fmt::Debug for ToIngester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToIngester").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
