//! Takes committed segments from writers.

use async_trait::async_trait;
use mneme_proto::internal::ingester::{Delivery, DeliveryService, Error, Verdict};
use tokio::time::Instant;

use crate::Ingester;
use crate::memory::State;
use crate::tail::catch_up;
use crate::writer::Segment;

#[async_trait]
impl DeliveryService for Ingester {
    async fn deliver(&self, delivery: Delivery) -> Result<Verdict, Error> {
        let behind = Verdict { behind: true, ..Verdict::default() };
        let shared = &self.shared;
        if !shared.is_ready() || shared.memory.state() == State::Behind {
            return Ok(behind);
        }
        let Delivery { writer, seq, cut, sections } = delivery;
        if shared.is_finished(writer) {
            return Ok(Verdict::default());
        }
        let mut writer = shared.writers.get(writer).lock_owned().await;
        if seq <= writer.position {
            return Ok(Verdict::default());
        }
        if seq > writer.position + 1 {
            let missing = seq - 1;
            match catch_up(shared, writer, Some(missing)).await {
                Ok(caught_up) if caught_up.position >= missing => writer = caught_up,
                Ok(_) => return Ok(behind),
                Err(error) => {
                    tracing::warn!(%error, seq, "segments before a delivered one cannot be read now; it will be read from the bucket");
                    return Ok(behind);
                }
            }
        }
        let handed = shared.hand(&mut writer, Segment { seq, cut, sections }, "delivered").await;
        writer.delivered = Some(Instant::now());
        drop(writer);
        let conflicts = handed.applied().await.map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Verdict { conflicts, behind: false })
    }
}
