//! An append that waits for its tenant's turn.

use mneme_model::TenantId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Stats;
use super::admit::Staged;
use super::shared::Shared;
use super::turns::Ticket;
use crate::{AppendError, Records};

/// A place in the queue for room in a batch. Dropping it gives the place, and the bytes, back.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) shared: &'a Shared,
    pub(super) tenant: TenantId,
    pub(super) size: usize,
    pub(super) ticket: Ticket,
    pub(super) granted: oneshot::Receiver<()>,
    /// Whether the place was used, so that there is nothing to give back.
    pub(super) used: bool,
}

impl Turn<'_> {
    /// Waits for the turn, then stages the records. After an error nothing was taken in.
    pub(super) async fn stage(mut self, records: &Records, deadline: Instant) -> Result<Staged, AppendError> {
        match tokio::time::timeout_at(deadline, &mut self.granted).await {
            Ok(Ok(())) => {
                let staged = self.shared.stage_granted(records, self.size)?;
                self.used = true;
                Ok(staged)
            }
            // The writer gave up on all that wait.
            Ok(Err(_)) => Err(self.shared.end_reason()),
            Err(_) => {
                Stats::add(&self.shared.stats.timeouts, 1);
                Err(AppendError::Deadline { after: self.shared.config.append_timeout })
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.used {
            self.shared.give_up_turn(&self.tenant, self.ticket, self.size);
        }
    }
}
