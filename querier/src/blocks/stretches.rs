//! What is fetched for the parts of blocks while a thread computes: it waits only for what it needs next.
//!
//! A task that fetches holds no thread. The thread that waits for one holds the turn of its query, which it would hold as well if it
//! had waited before.

use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use mneme_block::read::{Fetch, Fetched};
use mneme_proto::internal::ingester::{Error, FetchBudget};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::failure::Failure;

/// So often whoever waits looks whether anybody still waits for him.
const LOOK: Duration = Duration::from_millis(50);

/// The bucket has deadlines of its own; nobody waits for longer than this, whatever happens.
const DEADLINE: Duration = Duration::from_secs(120);

type Came = (usize, Result<Fetched, mneme_block::Error>);

/// Fetches under way, at most one of each part. Dropping it ends them.
pub(super) struct Stretches {
    runtime: Handle,
    tasks: JoinSet<()>,
    sender: SyncSender<Came>,
    receiver: Receiver<Came>,
    /// What came and nobody has waited for yet.
    came: HashMap<usize, Result<Fetched, mneme_block::Error>>,
}

impl Stretches {
    /// Of so many parts; fetches run on this runtime.
    pub(super) fn new(runtime: Handle, parts: usize) -> Self {
        let (sender, receiver) = mpsc::sync_channel(parts.max(1));
        Self { runtime, tasks: JoinSet::new(), sender, receiver, came: HashMap::new() }
    }

    /// Begins to fetch for a part.
    pub(super) fn begin(&mut self, part: usize, fetch: Fetch) {
        while self.tasks.try_join_next().is_some() {}
        let sender = self.sender.clone();
        let task = async move {
            // There is room for one of each part.
            let _ = sender.try_send((part, fetch.run().await));
        };
        self.tasks.spawn_on(task, &self.runtime);
    }

    /// What was begun for a part. Blocks the thread.
    pub(super) fn wait(&mut self, part: usize, budget: &FetchBudget) -> Result<Fetched, Error> {
        let begun = Instant::now();
        loop {
            if let Some(fetched) = self.came.remove(&part) {
                return fetched.map_err(|error| Failure::from(error).told());
            }
            match self.receiver.recv_timeout(LOOK) {
                Ok((of, fetched)) => drop(self.came.insert(of, fetched)),
                Err(RecvTimeoutError::Timeout) => self.check(begun, budget)?,
                Err(RecvTimeoutError::Disconnected) => return Err(broken()),
            }
        }
    }

    /// Whether to go on waiting.
    fn check(&mut self, begun: Instant, budget: &FetchBudget) -> Result<(), Error> {
        budget.check()?;
        while let Some(ended) = self.tasks.try_join_next() {
            ended.map_err(|_| broken())?;
        }
        if begun.elapsed() > DEADLINE {
            return Err(Error::NotReady(format!("blocks were not fetched within {} s", DEADLINE.as_secs())));
        }
        Ok(())
    }
}

fn broken() -> Error {
    Error::Internal("fetching from blocks failed unexpectedly".to_owned())
}
