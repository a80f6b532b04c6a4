//! What appends and the committer share.

use std::collections::VecDeque;
use std::sync::Arc;

use mneme_bucket::Bucket;
use mneme_model::{Cut, WriterId};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::batch::{Batch, Progress, Span};
use super::tables::Tables;
use super::{Parts, Stats};
use crate::{AppendError, Config, Log, Records};

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
    /// Full batches, oldest first.
    ready: VecDeque<Batch>,
    /// Bytes of open, ready and in-flight batches.
    buffered: usize,
    closing: bool,
    failed: Option<AppendError>,
    scratch: Vec<u32>,
}

/// What the committer is to do next.
#[derive(Debug)]
pub(super) enum Work {
    /// Commit this.
    Commit(Batch),
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
        let tables = Arc::default();
        let state = State {
            writer,
            cut,
            stamped: cut,
            committed: 0,
            open: Batch::new(cut, Arc::clone(&tables)),
            tables,
            ready: VecDeque::new(),
            buffered: 0,
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

    /// Takes a request's records into the open batch.
    pub(super) fn stage(
        &self,
        records: &Records,
    ) -> Result<(Vec<Span>, watch::Receiver<Progress>), AppendError> {
        let size = records.size();
        if size > Config::LARGEST_SEGMENT.min(self.config.max_buffered_bytes) {
            let limit = Config::LARGEST_SEGMENT.min(self.config.max_buffered_bytes);
            return Err(AppendError::TooLarge { size, limit });
        }
        let mut state = self.state.lock();
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        if state.closing {
            return Err(AppendError::Closed);
        }
        if state.buffered + size > self.config.max_buffered_bytes {
            Stats::add(&self.stats.overloaded, 1);
            return Err(AppendError::Overloaded {
                buffered: state.buffered,
                limit: self.config.max_buffered_bytes,
            });
        }
        if !state.open.is_empty() && state.open.size + size > self.config.max_segment_bytes {
            self.rotate(&mut state);
        }
        let mut scratch = std::mem::take(&mut state.scratch);
        let spans = state.open.merge(records, size, &mut scratch);
        state.scratch = scratch;
        state.buffered += size.max(1);
        Stats::set(&self.stats.buffered_bytes, state.buffered);
        let progress = state.open.progress.subscribe();
        drop(state);
        Stats::add(&self.stats.appends, 1);
        Stats::add(&self.stats.samples, records.sample_count());
        self.work.notify_one();
        Ok((spans, progress))
    }

    /// The next thing to commit. `due`: when the open batch may go, by the commit interval.
    pub(super) fn next_work(&self, due: Instant) -> Work {
        let mut state = self.state.lock();
        if state.failed.is_some() {
            return Work::Done;
        }
        if let Some(batch) = state.ready.pop_front() {
            return Work::Commit(batch);
        }
        let must_stamp = state.cut > state.stamped && !state.closing;
        if state.open.is_empty() && !must_stamp {
            return if state.closing { Work::Done } else { Work::Wait(None) };
        }
        if Instant::now() < due && !state.closing && state.open.size < self.config.max_segment_bytes {
            return Work::Wait(Some(due));
        }
        self.rotate(&mut state);
        state.ready.pop_front().map_or(Work::Wait(None), Work::Commit)
    }

    /// Notes a commit: frees its bytes and says where the next segment goes on.
    pub(super) fn note_committed(&self, batch: &Batch, seq: u64) {
        let mut state = self.state.lock();
        state.committed = seq;
        state.stamped = state.stamped.max(batch.cut);
        state.buffered = state.buffered.saturating_sub(batch.size);
        Stats::set(&self.stats.buffered_bytes, state.buffered);
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
        for batch in [refused].into_iter().chain(&mut state.ready).chain([&mut state.open]) {
            batch.rebase(state.cut, &state.tables);
        }
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
        let nothing_left = state.ready.is_empty() && state.open.is_empty();
        for batch in state.ready.drain(..) {
            batch.progress.send_replace(Progress::Failed(error.clone()));
        }
        state.open.progress.send_replace(Progress::Failed(error.clone()));
        nothing_left
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
        state.ready.push_back(std::mem::replace(&mut state.open, fresh));
        if tables_size > self.config.max_reference_bytes {
            self.renew_tables(state);
        }
    }

    /// Starts references anew. The open batch is empty.
    fn renew_tables(&self, state: &mut State) {
        debug_assert!(state.open.is_empty());
        let successor = state.tables.lock().successor();
        state.tables = Arc::new(Mutex::new(successor));
        state.open = Batch::new(state.cut, Arc::clone(&state.tables));
    }
}
