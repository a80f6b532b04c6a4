//! Where accepted records go.

use async_trait::async_trait;
use mneme_wal::{AppendError, Appended, Records, Wal};

/// Makes records durable: the WAL, or a fake that remembers and misbehaves.
#[async_trait]
pub trait Appender: Send + Sync {
    /// Returns once the records are durable and their owners have had their time to answer.
    async fn append(&self, records: &Records) -> Result<Appended, AppendError>;
}

#[async_trait]
impl Appender for Wal {
    async fn append(&self, records: &Records) -> Result<Appended, AppendError> {
        Wal::append(self, records).await
    }
}
