//! What appends and the committer share.

use std::sync::Arc;

use mneme_bucket::Bucket;
use mneme_model::{Cut, WriterId};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::batch::{Batch, Progress};
use super::budget::Shares;
use super::state::State;
use super::{Parts, Stats};
use crate::{AppendError, Catalog, Config, Log};

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
    pub(super) state: Mutex<State>,
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

impl Shared {
    pub(super) fn new(
        bucket: Bucket,
        config: Config,
        parts: Parts,
        log: Log,
        writer: WriterId,
        cut: Cut,
    ) -> Self {
        let state = Mutex::new(State::new(&config, writer, cut));
        Self {
            bucket,
            config,
            parts,
            log: tokio::sync::Mutex::new(log),
            stats: Stats::default(),
            work: Notify::new(),
            failure: watch::Sender::new(None),
            state,
        }
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
