//! What changes under a writer's lock.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use mneme_model::{Cut, WriterId};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::batch::Batch;
use super::budget::{Budget, Shares};
use super::tables::Tables;
use super::turns::{Ticket, Turns};
use crate::{AppendError, Config};

/// A tenant takes turns of this part of a segment.
const TURNS_PER_SEGMENT: usize = 8;

/// Batches, and who waits for room in one.
#[derive(Debug)]
pub(super) struct State {
    pub(super) writer: WriterId,
    /// The newest cut known.
    pub(super) cut: Cut,
    /// The newest cut that readers know this writer to know.
    pub(super) stamped: Cut,
    /// The last segment committed by `writer`.
    pub(super) committed: u64,
    pub(super) tables: Arc<Mutex<Tables>>,
    pub(super) open: Batch,
    /// Whose bytes are in the open batch.
    pub(super) open_shares: Shares,
    /// Batches that nothing is added to any more, oldest first.
    pub(super) ready: VecDeque<(Batch, Shares)>,
    /// Bytes of open, ready and in-flight batches, and of those that wait for room.
    pub(super) budget: Budget,
    /// Who waits for room in the open batch.
    pub(super) turns: Turns,
    /// How those are told.
    pub(super) waiters: HashMap<Ticket, oneshot::Sender<()>>,
    /// Bytes of those who were told and have not come yet.
    pub(super) granted: usize,
    /// Until when the open batch waits for them.
    pub(super) granted_until: Instant,
    pub(super) closing: bool,
    pub(super) failed: Option<AppendError>,
    pub(super) scratch: Vec<u32>,
}

impl State {
    /// Nothing appended yet.
    pub(super) fn new(config: &Config, writer: WriterId, cut: Cut) -> Self {
        let tables = Arc::new(Mutex::new(Tables::new(config.max_reference_bytes)));
        Self {
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
        }
    }
}
