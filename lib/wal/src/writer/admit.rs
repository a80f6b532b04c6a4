//! How an append's records come into a batch: at once, or when its tenant's turn has come.

use std::time::Duration;

use mneme_model::TenantId;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::Stats;
use super::batch::{Progress, Span};
use super::budget::Budget;
use super::shared::Shared;
use super::state::State;
use super::turn::Turn;
use super::turns::Ticket;
use crate::{AppendError, Config, Records};

/// How long a batch waits for appends whose turn came while it was open: they only have to wake up.
const LONGEST_WAKE: Duration = Duration::from_millis(20);

/// Records in a batch: where, and how to see how far it is.
pub(super) type Staged = (Vec<Span>, watch::Receiver<Progress>);

/// What became of an append.
#[derive(Debug)]
pub(super) enum Admitted<'a> {
    /// Its records are in a batch.
    Staged(Staged),
    /// The open batch is full: it waits for its tenant's turn.
    Waits(Turn<'a>),
}

impl Shared {
    /// Takes a request's records into the open batch, or has them wait for room.
    pub(super) fn admit(&self, records: &Records) -> Result<Admitted<'_>, AppendError> {
        let size = records.size().max(1);
        let limit = Config::LARGEST_SEGMENT.min(Budget::tenant_limit(self.config.max_buffered_bytes));
        if size > limit {
            return Err(AppendError::TooLarge { size, limit });
        }
        let mut state = self.state.lock();
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        if state.closing {
            return Err(AppendError::Closed);
        }
        let tenant = records.tenant();
        state.budget.reserve(tenant, size).inspect_err(|error| self.stats.refused(error))?;
        Stats::set(&self.stats.buffered_bytes, state.budget.used());
        let taken = state.open.size + state.granted;
        if state.turns.is_empty() && (taken == 0 || taken + size <= self.config.max_segment_bytes) {
            return Ok(Admitted::Staged(self.stage(&mut state, records, size)));
        }
        let ticket = state.turns.push(tenant, size);
        let (grant, granted) = oneshot::channel();
        state.waiters.insert(ticket, grant);
        self.grant_turns(&mut state);
        drop(state);
        self.work.notify_one();
        Ok(Admitted::Waits(Turn { shared: self, tenant: tenant.clone(), size, ticket, granted, used: false }))
    }

    /// Takes in records whose turn has come.
    pub(super) fn stage_granted(&self, records: &Records, size: usize) -> Result<Staged, AppendError> {
        let mut state = self.state.lock();
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        state.granted = state.granted.saturating_sub(size);
        Ok(self.stage(&mut state, records, size))
    }

    /// Takes back an append that waits, or whose turn came and who does not.
    pub(super) fn give_up_turn(&self, tenant: &TenantId, ticket: Ticket, size: usize) {
        let mut state = self.state.lock();
        state.waiters.remove(&ticket);
        if state.turns.remove(tenant, ticket).is_none() {
            state.granted = state.granted.saturating_sub(size);
        }
        state.budget.release(tenant, size);
        Stats::set(&self.stats.buffered_bytes, state.budget.used());
        // Its room may be another's, and whoever stood behind it may fit.
        self.grant_turns(&mut state);
        drop(state);
        self.work.notify_one();
    }

    fn stage(&self, state: &mut State, records: &Records, size: usize) -> Staged {
        let mut scratch = std::mem::take(&mut state.scratch);
        let spans = state.open.merge(records, size, &mut scratch);
        state.scratch = scratch;
        state.open_shares.add(records.tenant(), size);
        Stats::add(&self.stats.appends, 1);
        Stats::add(&self.stats.samples, records.sample_count());
        self.work.notify_one();
        (spans, state.open.progress.subscribe())
    }

    /// Tells those whose turn it is, as far as the open batch has room.
    pub(super) fn grant_turns(&self, state: &mut State) {
        let taken = state.open.size + state.granted;
        let room = self.config.max_segment_bytes.saturating_sub(taken);
        for (ticket, size) in state.turns.grant(room, taken == 0) {
            state.granted += size;
            state.granted_until = Instant::now() + LONGEST_WAKE;
            if let Some(waiter) = state.waiters.remove(&ticket) {
                // Who is gone gives the turn back by itself.
                let _ = waiter.send(());
            }
        }
        Stats::set(&self.stats.waiting_appends, state.turns.len());
    }
}
