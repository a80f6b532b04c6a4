//! What appends and the committer share.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use mneme_bucket::Bucket;
use mneme_model::{Cut, TenantId, WriterId};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;

use super::batch::{Batch, Progress, Span};
use super::budget::{Budget, Shares};
use super::tables::Tables;
use super::turn::Turn;
use super::turns::{Ticket, Turns};
use super::{Parts, Stats};
use crate::{AppendError, Catalog, Config, Log, Records};

/// How long a batch waits for appends whose turn came while it was open: they only have to wake up.
const LONGEST_WAKE: Duration = Duration::from_millis(20);

/// A tenant takes turns of this part of a segment.
const TURNS_PER_SEGMENT: usize = 8;

/// A writer's state, shared by its callers and tasks.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) bucket: Bucket,
    pub(super) config: Config,
    pub(super) parts: Parts,
    pub(super) log: tokio::sync::Mutex<Log>,
    pub(super) stats: Stats,
    /// Woken when there may be something to commit.
    pub(super) work: Notify,
    /// Why nothing can be appended ever again.
    pub(super) failure: watch::Sender<Option<AppendError>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    writer: WriterId,
    /// The newest cut known.
    cut: Cut,
    /// The newest cut that readers know this writer to know.
    stamped: Cut,
    /// The last segment committed by `writer`.
    committed: u64,
    tables: Arc<Mutex<Tables>>,
    open: Batch,
    /// Whose bytes are in the open batch.
    open_shares: Shares,
    /// Batches that nothing is added to any more, oldest first.
    ready: VecDeque<(Batch, Shares)>,
    /// Bytes of open, ready and in-flight batches, and of those that wait for room.
    budget: Budget,
    /// Who waits for room in the open batch.
    turns: Turns,
    /// How those are told.
    waiters: HashMap<Ticket, oneshot::Sender<()>>,
    /// Bytes of those who were told and have not come yet.
    granted: usize,
    /// Until when the open batch waits for them.
    granted_until: Instant,
    closing: bool,
    failed: Option<AppendError>,
    scratch: Vec<u32>,
}

/// What the committer is to do next.
#[derive(Debug)]
pub(super) enum Work {
    /// Commit this; whose bytes it holds.
    Commit(Batch, Shares),
    /// Ask again at this time, or when woken.
    Wait(Option<Instant>),
    /// Everything is committed and nothing will follow.
    Done,
}

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
    pub(super) fn new(
        bucket: Bucket,
        config: Config,
        parts: Parts,
        log: Log,
        writer: WriterId,
        cut: Cut,
    ) -> Self {
        let tables = Arc::new(Mutex::new(Tables::new(config.max_reference_bytes)));
        let state = State {
            writer,
            cut,
            stamped: cut,
            committed: 0,
            open: Batch::new(cut, Arc::clone(&tables)),
            tables,
            open_shares: Shares::default(),
            ready: VecDeque::new(),
            budget: Budget::new(config.max_buffered_bytes),
            turns: Turns::new(config.max_segment_bytes / TURNS_PER_SEGMENT),
            waiters: HashMap::new(),
            granted: 0,
            granted_until: Instant::now(),
            closing: false,
            failed: None,
            scratch: Vec::new(),
        };
        Self {
            bucket,
            config,
            parts,
            log: tokio::sync::Mutex::new(log),
            stats: Stats::default(),
            work: Notify::new(),
            failure: watch::Sender::new(None),
            state: Mutex::new(state),
        }
    }

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
    fn grant_turns(&self, state: &mut State) {
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

    /// The next thing to commit. `due`: when the open batch may go, by the commit interval.
    pub(super) fn next_work(&self, due: Instant) -> Work {
        let mut state = self.state.lock();
        if state.failed.is_some() {
            return Work::Done;
        }
        if let Some((batch, shares)) = state.ready.pop_front() {
            return Work::Commit(batch, shares);
        }
        let must_stamp = state.cut > state.stamped && !state.closing;
        if state.open.is_empty() && !must_stamp {
            let last = state.closing && state.granted == 0 && state.turns.is_empty();
            return if last { Work::Done } else { Work::Wait(None) };
        }
        let now = Instant::now();
        let full = state.open.size >= self.config.max_segment_bytes;
        if now < due && !state.closing && !full && state.turns.is_empty() {
            return Work::Wait(Some(due));
        }
        if now < state.granted_until && state.granted > 0 && !full {
            return Work::Wait(Some(state.granted_until));
        }
        self.rotate(&mut state);
        state.ready.pop_front().map_or(Work::Wait(None), |(batch, shares)| Work::Commit(batch, shares))
    }

    /// Notes a commit: frees its bytes and says where the next segment goes on.
    pub(super) fn note_committed(&self, shares: &Shares, cut: Cut, seq: u64) {
        let mut state = self.state.lock();
        state.committed = seq;
        state.stamped = state.stamped.max(cut);
        state.budget.release_all(shares);
        Stats::set(&self.stats.buffered_bytes, state.budget.used());
    }

    pub(super) fn advance_cut(&self, cut: Cut) {
        let mut state = self.state.lock();
        if cut <= state.cut {
            return;
        }
        state.cut = cut;
        if !state.open.is_empty() {
            self.rotate(&mut state);
        }
        self.renew_tables(&mut state);
        drop(state);
        self.work.notify_one();
    }

    /// Goes on as `writer`: the refused batch and all that wait are made anew, in their order, under the newest cut.
    pub(super) fn rejoined(&self, writer: WriterId, cut: Cut, refused: &mut Batch) {
        let mut state = self.state.lock();
        let state = &mut *state;
        state.writer = writer;
        state.committed = 0;
        state.cut = state.cut.max(cut);
        state.stamped = cut;
        let successor = state.tables.lock().successor();
        state.tables = Arc::new(Mutex::new(successor));
        let ready = state.ready.iter_mut().map(|(batch, _)| batch);
        for batch in [refused].into_iter().chain(ready).chain([&mut state.open]) {
            batch.rebase(state.cut, &state.tables);
        }
    }

    pub(super) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(self.state.lock().tables.lock().catalog())
    }

    pub(super) fn writer_and_cut(&self) -> (WriterId, Cut) {
        let state = self.state.lock();
        (state.writer, state.cut)
    }

    pub(super) fn committed(&self) -> (WriterId, u64) {
        let state = self.state.lock();
        (state.writer, state.committed)
    }

    pub(super) fn begin_close(&self) {
        self.state.lock().closing = true;
        self.work.notify_one();
    }

    /// Refuses everything from now on and tells whoever waits. Returns whether nobody did.
    pub(super) fn fail_all(&self, error: &AppendError) -> bool {
        let mut state = self.state.lock();
        state.failed.get_or_insert_with(|| error.clone());
        let nobody_waits = state.turns.is_empty() && state.granted == 0;
        let nothing_left = state.ready.is_empty() && state.open.is_empty() && nobody_waits;
        state.waiters.clear();
        for (batch, _) in state.ready.drain(..) {
            batch.progress.send_replace(Progress::Failed(error.clone()));
        }
        state.open.progress.send_replace(Progress::Failed(error.clone()));
        nothing_left
    }

    /// Why whoever waits got no answer.
    pub(super) fn end_reason(&self) -> AppendError {
        self.state.lock().failed.clone().unwrap_or(AppendError::Closed)
    }

    /// Fails for good: everything from now on, whoever waits, and [`super::Wal::failed`].
    pub(super) fn fail(&self, error: &AppendError) {
        self.fail_all(error);
        self.failure.send_if_modified(|failure| failure.replace(error.clone()).is_none());
    }

    /// Moves the open batch to those that are to be committed.
    fn rotate(&self, state: &mut State) {
        let tables_size = state.tables.lock().size();
        Stats::set(&self.stats.reference_bytes, tables_size);
        let fresh = Batch::new(state.cut, Arc::clone(&state.tables));
        let shares = std::mem::take(&mut state.open_shares);
        state.ready.push_back((std::mem::replace(&mut state.open, fresh), shares));
        if tables_size > self.config.max_reference_bytes {
            self.renew_tables(state);
        }
        self.grant_turns(state);
    }

    /// Starts references anew. The open batch is empty.
    fn renew_tables(&self, state: &mut State) {
        debug_assert!(state.open.is_empty());
        let successor = state.tables.lock().successor();
        state.tables = Arc::new(Mutex::new(successor));
        state.open = Batch::new(state.cut, Arc::clone(&state.tables));
    }
}
