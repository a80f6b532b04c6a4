//! Which batch is sent next: in the order of the steps, each batch once at a time, so that each series' samples stay in order.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::batch::Batch;

/// How long a waiting connection sleeps before it looks whether the run has ended.
const LOOK: Duration = Duration::from_millis(200);

/// A request to be sent.
pub(super) struct Job {
    pub(super) step: u32,
    pub(super) number: usize,
    /// How many jobs were given out before this one.
    pub(super) before: u64,
    pub(super) batch: Box<Batch>,
}

/// Gives out the jobs of a run to its connections.
pub(super) struct Schedule {
    rounds: u32,
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    step: u32,
    number: usize,
    given: u64,
    /// Those that are not being sent.
    batches: Vec<Option<Box<Batch>>>,
    stopped: bool,
}

impl Schedule {
    /// Sends each of `batches` in each of `rounds`.
    pub(super) fn new(batches: Vec<Batch>, rounds: u32) -> Self {
        let batches = batches.into_iter().map(|batch| Some(Box::new(batch))).collect();
        let state = State { step: 0, number: 0, given: 0, batches, stopped: false };
        Self { rounds, state: Mutex::new(state), returned: Condvar::new() }
    }

    /// The next job, once its batch is back from the step before; `None` at the end.
    pub(super) fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if state.stopped || state.step >= self.rounds || state.batches.is_empty() {
                return None;
            }
            let (step, number, before) = (state.step, state.number, state.given);
            if let Some(batch) = state.batches[number].take() {
                state.given += 1;
                state.number = (number + 1) % state.batches.len();
                if state.number == 0 {
                    state.step += 1;
                }
                return Some(Job { step, number, before, batch });
            }
            self.returned.wait_for(&mut state, LOOK);
        }
    }

    /// Gives the batch back: its request is answered.
    pub(super) fn done(&self, job: Job) {
        self.state.lock().batches[job.number] = Some(job.batch);
        self.returned.notify_all();
    }

    /// No more jobs.
    pub(super) fn stop(&self) {
        self.state.lock().stopped = true;
        self.returned.notify_all();
    }

    /// Whether the run was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.state.lock().stopped
    }
}
