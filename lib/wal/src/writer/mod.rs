//! Appending: many requests' records, one segment after the other.

mod admit;
mod batch;
mod budget;
mod committer;
mod delivery;
mod panic;
mod shared;
mod state;
mod stats;
mod tables;
mod turn;
mod turns;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::{AttemptIds, Bucket};
use mneme_model::{Cut, TimestampMs, WriterId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::admit::Admitted;
use self::batch::{Place, Progress, Span};
use self::panic::FailOnPanic;
use self::shared::Shared;
pub use self::stats::Stats;
use crate::{AppendError, Catalog, Config, Deliver, Error, Log, Records, Verdict};

/// From the end of a batch until its cause is known.
const LONGEST_SILENCE: Duration = Duration::from_millis(200);

/// Called after each commit with the time from its start until it was durable, and the segment's bytes in the bucket.
pub type CommitHook = Arc<dyn Fn(Duration, usize) + Send + Sync>;

/// What a writer is given.
#[derive(Clone)]
pub struct Parts {
    /// The process's name, for the log.
    pub instance: String,
    /// The process's failure domain, for the log.
    pub zone: String,
    /// Who brings segments to their owners.
    pub deliver: Arc<dyn Deliver>,
    /// The time of day, milliseconds since 1970: only written down, never relied on.
    pub now: Arc<dyn Fn() -> TimestampMs + Send + Sync>,
    /// Ids of attempts.
    pub attempts: Arc<AttemptIds>,
    /// For a histogram of commit latencies.
    pub on_commit: Option<CommitHook>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("instance", &self.instance)
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

/// An acknowledged append: every record is in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Who wrote the segment that holds the records.
    pub writer: WriterId,
    /// The segment's number; 0 where there was nothing to write.
    pub seq: u64,
    /// The cut that the segment is stamped with.
    pub cut: Cut,
    /// Samples (by the numbers that [`Records`] gave) whose series had another value at their time. Advice.
    pub conflicts: Vec<u32>,
    /// Not every owner answered: there may be conflicts that nobody told of, and queries may see the records later.
    pub behind: bool,
}

/// A writer of the WAL: one at a time per process is enough for any number of requests. Share it through an `Arc`.
///
/// Dropping it without [`Self::close`] is like a crash: what is not acknowledged may or may not be stored.
#[derive(Debug)]
pub struct Wal {
    shared: Arc<Shared>,
    tasks: tokio::sync::Mutex<Tasks>,
}

#[derive(Debug)]
struct Tasks {
    commits: JoinSet<()>,
    polls: JoinSet<()>,
}

impl Wal {
    /// Joins the log as a new writer and starts its tasks (commit, delivery, log poll), which end with the `Wal`.
    ///
    /// # Errors
    /// The bucket's, and what is wrong with the log.
    pub async fn join(bucket: Bucket, config: Config, parts: Parts) -> Result<Self, Error> {
        let mut log = Log::new(bucket.clone());
        let writer = log.join(&parts.instance, &parts.zone, (parts.now)(), &parts.attempts).await?;
        let cut = log.cut();
        let queued = config.max_queued_deliveries.max(1);
        let shared = Arc::new(Shared::new(bucket, config, parts, log, writer, cut));
        let (deliveries, queue) = mpsc::channel(queued);
        let (mut commits, mut polls) = (JoinSet::new(), JoinSet::new());
        commits.spawn(committer::run(Arc::clone(&shared), deliveries));
        commits.spawn(delivery::run(Arc::clone(&shared), queue));
        polls.spawn(poll_log(Arc::clone(&shared)));
        Ok(Self { shared, tasks: tokio::sync::Mutex::new(Tasks { commits, polls }) })
    }

    /// Makes the records durable, hands them to their owners and returns what these say. The records of one call are in one
    /// segment. Giving up on the call does not take the records back.
    ///
    /// # Errors
    /// See [`AppendError`]; only after `Deadline` and `Failed` may the records be stored nevertheless.
    #[tracing::instrument(name = "wal_append", skip_all)]
    pub async fn append(&self, records: &Records) -> Result<Appended, AppendError> {
        let deadline = Instant::now() + self.shared.config.append_timeout;
        if records.is_empty() {
            let (writer, cut) = self.shared.writer_and_cut();
            return Ok(Appended { writer, seq: 0, cut, conflicts: Vec::new(), behind: false });
        }
        let (spans, progress) = match self.shared.admit(records)? {
            Admitted::Staged(staged) => staged,
            Admitted::Waits(turn) => turn.stage(records, deadline).await?,
        };
        let durable = self.durable(progress, deadline).await?;
        let (place, verdict) = self.answered(durable).await;
        let conflicts =
            verdict.as_ref().map_or_else(Vec::new, |verdict| conflicts_of(records, &spans, verdict));
        let behind = verdict.is_none_or(|verdict| verdict.behind);
        Ok(Appended { writer: place.writer, seq: place.seq, cut: place.cut, conflicts, behind })
    }

    /// Stamps later segments with `cut` if it is newer; an idle writer writes an empty segment to say so. The writer also
    /// finds new cuts in the log by itself, within the poll interval.
    pub fn advance_cut(&self, cut: Cut) {
        self.shared.advance_cut(cut);
    }

    /// The series that the next records may name without their labels. Take it anew for each request: it ends with a cut.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog()
    }

    /// The writer's number now, and the last segment that it committed (0 = none yet).
    #[must_use]
    pub fn committed(&self) -> (WriterId, u64) {
        self.shared.committed()
    }

    /// The newest cut that the writer knows.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.shared.writer_and_cut().1
    }

    /// Counters for metrics.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// Waits until the writer can never append again, and tells why: whoever waits for an append has the same error by then,
    /// and only a new process goes on. For ever while it works, and after [`Self::close`]. Errors of the bucket that may
    /// pass are no failure: they are tried again while appends have their deadlines. Cancel safe.
    pub async fn failed(&self) -> AppendError {
        let mut failure = self.shared.failure.subscribe();
        match failure.wait_for(Option::is_some).await.map(|failure| failure.clone()) {
            Ok(Some(error)) => error,
            _ => std::future::pending().await,
        }
    }

    /// Refuses new appends, commits and delivers what was taken in, seals the writer's chain and ends the tasks; after
    /// `timeout` it gives up on what is left. Returns whether everything was committed.
    pub async fn close(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        self.shared.begin_close();
        let mut tasks = self.tasks.lock().await;
        let drained =
            tokio::time::timeout_at(deadline, async { while tasks.commits.join_next().await.is_some() {} })
                .await
                .is_ok();
        tasks.polls.shutdown().await;
        tasks.commits.shutdown().await;
        self.shared.fail_all(&AppendError::Closed) && drained
    }

    #[tracing::instrument(name = "wal_commit", skip_all)]
    async fn durable(
        &self,
        mut progress: watch::Receiver<Progress>,
        deadline: Instant,
    ) -> Result<watch::Receiver<Progress>, AppendError> {
        let waited = progress.wait_for(|progress| !matches!(progress, Progress::Waiting));
        // Cloned: what `wait_for` returns is a lock.
        match tokio::time::timeout_at(deadline, waited).await.map(|waited| waited.map(|now| now.clone())) {
            Ok(Ok(now)) => {
                if let Progress::Failed(error) = now {
                    return Err(error);
                }
            }
            // The batch is gone: with the committer, or with the whole writer.
            Ok(Err(_)) => {
                // A task that panics drops the batch first and tells a moment later.
                let told = tokio::time::timeout(LONGEST_SILENCE, self.failed()).await;
                return Err(told.unwrap_or_else(|_| self.shared.end_reason()));
            }
            Err(_) => {
                Stats::add(&self.shared.stats.timeouts, 1);
                return Err(AppendError::Deadline { after: self.shared.config.append_timeout });
            }
        }
        Ok(progress)
    }

    /// Waits for the owners; `None`: they did not answer in time.
    #[tracing::instrument(name = "wal_deliver", skip_all)]
    async fn answered(&self, mut progress: watch::Receiver<Progress>) -> (Place, Option<Arc<Verdict>>) {
        let waited = progress.wait_for(|progress| matches!(progress, Progress::Answered(..)));
        if let Ok(Ok(now)) = tokio::time::timeout(self.shared.config.delivery_timeout, waited).await
            && let Progress::Answered(place, verdict) = &*now
        {
            return (*place, Some(Arc::clone(verdict)));
        }
        match &*progress.borrow() {
            Progress::Durable(place) | Progress::Answered(place, _) => (*place, None),
            Progress::Waiting | Progress::Failed(_) => unreachable!("a durable batch stays durable"),
        }
    }
}

/// Reads the log once per interval: new cuts are adopted.
async fn poll_log(shared: Arc<Shared>) {
    let _guard = FailOnPanic::new(&shared, "reader of the log");
    let mut ticks = tokio::time::interval(shared.config.log_poll_interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut log = shared.log.lock().await;
        match log.refresh().await {
            Ok(_) => shared.advance_cut(log.cut()),
            Err(error) => tracing::warn!(%error, "the log cannot be read"),
        }
    }
}

/// The request's numbers of the samples that a verdict names.
fn conflicts_of(records: &Records, spans: &[Span], verdict: &Verdict) -> Vec<u32> {
    let mut conflicts: Vec<u32> = Vec::new();
    for span in spans {
        let ours = verdict.conflicts.iter().filter(|conflict| {
            conflict.partition == span.partition && conflict.ordinal.wrapping_sub(span.first) < span.count
        });
        let places: std::collections::BTreeSet<u32> =
            ours.map(|conflict| conflict.ordinal - span.first).collect();
        if places.is_empty() {
            continue;
        }
        let in_partition =
            records.sample_partitions().zip(0u32..).filter(|(partition, _)| *partition == span.partition);
        let hit = in_partition.zip(0u32..).filter(|(_, place)| places.contains(place));
        conflicts.extend(hit.map(|((_, number), _)| number));
    }
    conflicts.sort_unstable();
    conflicts
}
