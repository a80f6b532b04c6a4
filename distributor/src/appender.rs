//! Where accepted records go.

use std::sync::Arc;

use async_trait::async_trait;
use mneme_wal::{AppendError, Appended, Catalog, Records, Wal};

/// Makes records durable: the WAL, or a fake that remembers and misbehaves.
#[async_trait]
pub trait Appender: Send + Sync {
    /// The series that records may name without their labels; asked for once per request, because it ends with a cut.
    fn catalog(&self) -> Arc<Catalog>;

    /// Returns once the records are durable and their owners have had their time to answer.
    async fn append(&self, records: &Records) -> Result<Appended, AppendError>;
}

#[async_trait]
impl Appender for Wal {
    fn catalog(&self) -> Arc<Catalog> {
        Wal::catalog(self)
    }

    async fn append(&self, records: &Records) -> Result<Appended, AppendError> {
        Wal::append(self, records).await
    }
}
