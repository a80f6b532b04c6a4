//! Takes committed segments from writers.

use async_trait::async_trait;
use mneme_proto::internal::ingester::{Delivery, DeliveryService, Error, Verdict};
use tokio::time::Instant;

use crate::Ingester;
use crate::tail::catch_up;
use crate::writer::Segment;

#[async_trait]
impl DeliveryService for Ingester {
    async fn deliver(&self, delivery: Delivery) -> Result<Verdict, Error> {
        let behind = Verdict { behind: true, ..Verdict::default() };
        if !self.is_ready() {
            return Ok(behind);
        }
        let Delivery { writer, seq, cut, sections } = delivery;
        let mut writer = self.shared.writers.get(writer).lock_owned().await;
        if seq <= writer.position {
            return Ok(Verdict::default());
        }
        if seq > writer.position + 1 {
            let missing = seq - 1;
            match catch_up(&self.shared, writer, Some(missing)).await {
                Ok(caught_up) if caught_up.position >= missing => writer = caught_up,
                Ok(_) => return Ok(behind),
                Err(error) => {
                    tracing::warn!(%error, seq, "segments before a delivered one cannot be read now; it will be read from the bucket");
                    return Ok(behind);
                }
            }
        }
        let segment = Segment { seq, cut, sections };
        let applied = self.shared.apply(writer, segment, "delivered").await;
        let (mut writer, conflicts) = applied.map_err(|error| Error::Internal(error.to_string()))?;
        writer.delivered = Some(Instant::now());
        Ok(Verdict { conflicts, behind: false })
    }
}
