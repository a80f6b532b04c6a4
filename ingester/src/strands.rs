//! Where sections are applied: strands of work on threads for blocking work, so that no runtime thread waits for a head's lock.
//!
//! Each partition belongs to one strand, and a strand does one job after the other: a partition's sections are applied in the order
//! in which they were handed over, those of different strands at the same time.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use mneme_head::SeriesRef;
use mneme_model::{Cut, PartitionId, WriterId};
use mneme_proto::internal::ingester::Conflict;
use mneme_wal::References;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::Error;
use crate::apply::{Applied, apply};
use crate::checkpoint::Coverage;
use crate::metrics::Metrics;
use crate::partitions::Partitions;
use crate::writer::Segment;

/// Bytes of sections that wait or are being applied, at most.
const BUDGET: usize = 64 << 20;
/// The budget is counted in units of this many bytes.
const UNIT: usize = 1 << 10;

/// All strands of an ingester.
pub(crate) struct Strands {
    all: Vec<Arc<Strand>>,
    budget: Arc<Semaphore>,
    context: Arc<Context>,
}

/// What every job needs.
struct Context {
    partitions: Partitions,
    metrics: Metrics,
    /// Generations that came from checkpoints, by partition: their sections are passed over.
    covered: RwLock<Vec<Coverage>>,
    /// Set once a job has panicked.
    failed: watch::Sender<bool>,
}

struct Strand {
    queue: Mutex<Queue>,
    references: Mutex<HashMap<(WriterId, PartitionId), Known>>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    running: bool,
}

/// What a writer's references mean, since a cut.
#[derive(Default)]
struct Known {
    cut: Cut,
    references: References<SeriesRef>,
}

enum Job {
    Sections(Sections),
    /// A writer is finished: its references mean nothing any more.
    Forget(WriterId),
    /// Everything before is done.
    Barrier(oneshot::Sender<()>),
}

struct Sections {
    writer: WriterId,
    seq: u64,
    cut: Cut,
    sections: Vec<(PartitionId, Bytes)>,
    done: oneshot::Sender<Vec<Conflict>>,
    _budget: Arc<OwnedSemaphorePermit>,
}

/// A segment that was handed over.
pub(crate) struct Handed(Vec<oneshot::Receiver<Vec<Conflict>>>);

impl Handed {
    /// No segment.
    pub(crate) fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Waits until it is applied; returns the samples that met another value.
    ///
    /// # Errors
    /// [`Error::Apply`]: applying it panicked.
    pub(crate) async fn applied(self) -> Result<Vec<Conflict>, Error> {
        let mut conflicts = Vec::new();
        for part in self.0 {
            conflicts.extend(part.await.map_err(|_| Error::Apply)?);
        }
        Ok(conflicts)
    }
}

impl Strands {
    pub(crate) fn new(count: usize, partitions: Partitions, metrics: Metrics) -> Self {
        let covered = RwLock::new(Vec::new());
        let context = Context { partitions, metrics, covered, failed: watch::Sender::new(false) };
        Self {
            all: (0..count.max(1)).map(|_| Arc::new(Strand::new())).collect(),
            budget: Arc::new(Semaphore::new(BUDGET / UNIT)),
            context: Arc::new(context),
        }
    }

    /// Passes over sections of these generations from now on; by partition.
    pub(crate) fn set_covered(&self, covered: Vec<Coverage>) {
        *self.context.covered.write() = covered;
    }

    /// Waits for room for a segment.
    pub(crate) async fn room(&self, segment: &Segment) -> OwnedSemaphorePermit {
        let units = (segment.bytes() / UNIT).clamp(1, BUDGET / UNIT);
        let permit = Arc::clone(&self.budget).acquire_many_owned(units as u32).await;
        permit.expect("the budget is never closed")
    }

    /// Hands a segment over. It is applied even if nobody waits for it.
    pub(crate) fn hand(&self, writer: WriterId, segment: Segment, room: OwnedSemaphorePermit) -> Handed {
        let budget = Arc::new(room);
        let mut parts: Vec<Vec<(PartitionId, Bytes)>> = vec![Vec::new(); self.all.len()];
        for (partition, bytes) in segment.sections {
            parts[usize::from(partition.0) % self.all.len()].push((partition, bytes));
        }
        let mut handed = Vec::new();
        for (strand, sections) in self.all.iter().zip(parts) {
            if sections.is_empty() {
                continue;
            }
            let (done, receiver) = oneshot::channel();
            handed.push(receiver);
            let (seq, cut, budget) = (segment.seq, segment.cut, Arc::clone(&budget));
            let job = Sections { writer, seq, cut, sections, done, _budget: budget };
            self.push(strand, Job::Sections(job));
        }
        Handed(handed)
    }

    /// Forgets what a finished writer's references mean.
    pub(crate) fn forget(&self, writer: WriterId) {
        self.all.iter().for_each(|strand| self.push(strand, Job::Forget(writer)));
    }

    /// Waits until everything handed over before is applied.
    ///
    /// # Errors
    /// [`Error::Apply`]: applying something panicked.
    pub(crate) async fn barrier(&self) -> Result<(), Error> {
        let mut receivers = Vec::with_capacity(self.all.len());
        for strand in &self.all {
            let (done, receiver) = oneshot::channel();
            self.push(strand, Job::Barrier(done));
            receivers.push(receiver);
        }
        for receiver in receivers {
            receiver.await.map_err(|_| Error::Apply)?;
        }
        if *self.context.failed.borrow() { Err(Error::Apply) } else { Ok(()) }
    }

    /// Waits until a job has panicked: for ever while all is well.
    pub(crate) async fn failed(&self) -> Error {
        let mut failed = self.context.failed.subscribe();
        if failed.wait_for(|failed| *failed).await.map(drop).is_err() {
            // The sender lives as long as we do.
            std::future::pending::<()>().await;
        }
        Error::Apply
    }

    fn push(&self, strand: &Arc<Strand>, job: Job) {
        let mut queue = strand.queue.lock();
        if *self.context.failed.borrow() {
            return;
        }
        queue.jobs.push_back(job);
        if !queue.running {
            queue.running = true;
            let (strand, context) = (Arc::clone(strand), Arc::clone(&self.context));
            // Awaited by the jobs' receivers and by the barrier.
            drop(tokio::task::spawn_blocking(move || strand.run(&context)));
        }
    }
}

impl Strand {
    fn new() -> Self {
        Self { queue: Mutex::default(), references: Mutex::default() }
    }

    /// Does jobs until there are none.
    fn run(&self, context: &Context) {
        let _guard = FailOnPanic { strand: self, context };
        let mut references = self.references.lock();
        loop {
            let job = {
                let mut queue = self.queue.lock();
                match queue.jobs.pop_front() {
                    Some(job) => job,
                    None => {
                        queue.running = false;
                        return;
                    }
                }
            };
            match job {
                Job::Sections(job) => {
                    let conflicts = job.apply(&mut references, context);
                    // Nobody waits for it any more: it is applied all the same.
                    let _ = job.done.send(conflicts);
                }
                Job::Forget(writer) => references.retain(|(other, _), _| *other != writer),
                Job::Barrier(done) => drop(done.send(())),
            }
        }
    }
}

/// After a panic a head may be half changed: nothing more is applied, and whoever waits is told.
struct FailOnPanic<'a> {
    strand: &'a Strand,
    context: &'a Context,
}

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(
                "applying records of the write-ahead log failed unexpectedly; what was acknowledged is in the bucket"
            );
            self.context.failed.send_replace(true);
            self.strand.queue.lock().jobs.clear();
        }
    }
}

impl Sections {
    fn apply(
        &self,
        references: &mut HashMap<(WriterId, PartitionId), Known>,
        context: &Context,
    ) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for (partition, bytes) in &self.sections {
            let (partition, metrics) = (*partition, &context.metrics);
            metrics.section_bytes.inc_by(bytes.len() as u64);
            let Some(head) = context.partitions.get(partition) else {
                metrics.corrupt.inc();
                tracing::error!(writer = %self.writer, seq = self.seq, %partition, "a WAL section is of a partition that does not exist");
                continue;
            };
            let covered = context.covered.read();
            if covered.get(usize::from(partition.0)).is_some_and(|covered| covered.contains(self.cut)) {
                continue;
            }
            drop(covered);
            let known = references.entry((self.writer, partition)).or_default();
            if self.cut > known.cut {
                // The first segment after a cut defines its series anew: what the references meant is over.
                *known = Known { cut: self.cut, references: References::new() };
            }
            let applied = apply(head, self.cut, bytes.clone(), &mut known.references);
            count(&applied, metrics);
            if let Some(error) = &applied.broken {
                metrics.corrupt.inc();
                tracing::error!(
                    writer = %self.writer, seq = self.seq, %partition, offset = error.offset, reason = error.reason,
                    "a WAL section cannot be read as a whole; the rest of it was applied"
                );
            }
            conflicts.extend(applied.conflicts.into_iter().map(|ordinal| Conflict { partition, ordinal }));
        }
        conflicts
    }
}

fn count(applied: &Applied, metrics: &Metrics) {
    let outcomes = [
        ("appended", applied.appended),
        ("duplicate", applied.duplicates),
        ("conflict", applied.conflicts.len() as u64),
        ("left_out", applied.left_out),
    ];
    for (outcome, samples) in outcomes {
        if samples > 0 {
            metrics.samples.with_label_values(&[outcome]).inc_by(samples);
        }
    }
    metrics.exemplars.inc_by(applied.exemplars);
    metrics.metadata.inc_by(applied.metadata);
}
