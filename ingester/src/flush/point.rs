//! Where a flush may be stopped.

use futures::future::BoxFuture;
use mneme_model::TenantId;

/// A place between two steps of a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlushPoint {
    /// A round begins; nothing was done.
    Begun,
    /// A tenant's marks are known, nothing is written.
    Planned,
    /// The current block's files are in the bucket.
    CurrentWritten,
    /// The late block's files are in the bucket, if there is one.
    LateWritten,
    /// The marks have moved.
    Committed,
    /// The heads have dropped the tenant's generations.
    Dropped,
    /// All tenants are done; the partitions' floors are not raised yet.
    TenantsDone,
    /// The floors are raised in memory.
    FloorsRaised,
    /// A checkpoint that states the floor is in the bucket; those below are not deleted yet.
    FloorStated,
    /// They are deleted.
    CheckpointsDeleted,
    /// Old versions and orphans are cleaned away.
    Cleaned,
}

impl FlushPoint {
    /// All of them, in the order in which a flush comes by.
    pub const ALL: [Self; 11] = [
        Self::Begun,
        Self::Planned,
        Self::CurrentWritten,
        Self::LateWritten,
        Self::Committed,
        Self::Dropped,
        Self::TenantsDone,
        Self::FloorsRaised,
        Self::FloorStated,
        Self::CheckpointsDeleted,
        Self::Cleaned,
    ];
}

/// Told of each point that is come by; the flush goes on when the future ends. For tests: one that never ends is a crash.
pub trait FlushHook: Send + Sync {
    /// `tenant` where one is being flushed.
    fn reached(&self, point: FlushPoint, tenant: Option<&TenantId>) -> BoxFuture<'static, ()>;
}

impl crate::ingester::Shared {
    /// Tells the hook, if there is one.
    pub(crate) async fn reached(&self, point: FlushPoint, tenant: Option<&TenantId>) {
        if let Some(hook) = self.flush_hook.get() {
            hook.reached(point, tenant).await;
        }
    }
}
