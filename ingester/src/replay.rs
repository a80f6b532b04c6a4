//! The start: checkpoints, then the rest of the WAL.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use mneme_model::{Cut, WriterId};
use mneme_wal::{Log, TailEvent};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Error;
use crate::checkpoint::Coverage;
use crate::flush::apply_marks;
use crate::ingester::Shared;
use crate::restore::restore;
use crate::saved::Saved;
use crate::tail::{Wait, observe, refresh_log, take};

/// How many read events wait to be applied, at most.
const QUEUE: usize = 8;
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(5);
/// The pause before a bucket that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(1);
/// How often the heads' budget is looked at, in bytes of segments read.
const BYTES_PER_LOOK: u64 = 16 << 20;

/// Loads the checkpoints, applies what every writer's segments have more, then is ready.
pub(crate) async fn replay(shared: &Arc<Shared>) -> Result<(), Error> {
    let mut progress = Progress::new();
    let mut saved = shared.saved.lock().await;
    let mut place = None;
    loop {
        match start(shared, &mut saved, &mut place, &mut progress).await {
            Ok(()) => break,
            Err(Error::Wal(error @ mneme_wal::Error::Bucket(_))) => {
                tracing::warn!(%error, "the start waits for the bucket");
                tokio::time::sleep(RETRY).await;
            }
            // Somebody truncated meanwhile: there is a newer checkpoint.
            Err(Error::Wal(error @ mneme_wal::Error::Truncated { .. })) => {
                tracing::info!(%error, "the write-ahead log was truncated while it was read");
                place = None;
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => return Err(error),
        }
    }
    observe(shared, true);
    shared.judge_memory();
    progress.done(shared);
    shared.set_ready();
    Ok(())
}

/// One try to get from where we are to the ends of all chains.
async fn start(
    shared: &Arc<Shared>,
    saved: &mut Saved,
    place: &mut Option<Cut>,
    progress: &mut Progress,
) -> Result<(), Error> {
    if place.is_none() {
        restore(shared, saved).await?;
        apply_marks(shared).await?;
        *place = Some(resume(shared, saved).await?);
        progress.restored(shared);
    }
    refresh_log(shared).await?;
    read_segments(shared, progress).await?;
    shared.strands.barrier().await?;
    report_losses(shared, saved);
    note_lost_ends(shared, saved, *place).await;
    if shared.exclusive { seal(shared).await } else { Ok(()) }
}

/// Goes to the place behind the checkpoints; returns its cut.
async fn resume(shared: &Arc<Shared>, saved: &Saved) -> Result<Cut, Error> {
    let covered: Vec<Coverage> =
        saved.partitions.iter().map(|partition| partition.coverage.clone()).collect();
    shared.strands.set_covered(covered);
    let Some((cut, places)) = saved.place_for(saved.saved_below()) else {
        if !saved.places.is_empty() {
            tracing::warn!(
                "no checkpoint tells where the write-ahead log goes on for all partitions: it is read from its start"
            );
        }
        return Ok(Cut(0));
    };
    let log = Log::resume(shared.bucket.clone(), places.log, cut);
    if !log.last_is_there().await? {
        shared.metrics.missing.inc();
        tracing::error!(entry = places.log, %cut, "the log's entry of a cut is gone although there is a checkpoint of it");
    }
    shared.set_log(log).await;
    for (writer, first) in &places.writers {
        shared.writers.joined(*writer, Cut(cut.0.saturating_sub(1)));
        shared.writers.get(*writer).lock().await.resume(*first);
    }
    tracing::info!(%cut, log = places.log, writers = places.writers.len(), "checkpoints are loaded: reading the write-ahead log from there");
    Ok(cut)
}

/// Applies what is there of every writer after its position.
async fn read_segments(shared: &Arc<Shared>, progress: &mut Progress) -> Result<(), Error> {
    let mut positions = BTreeMap::new();
    for writer in shared.writers.all() {
        let writer = writer.lock().await;
        if !writer.sealed {
            positions.insert(writer.id, writer.position);
        }
    }
    // Reading and decompressing goes on here while the records before are applied.
    let (sender, receiver) = mpsc::channel(QUEUE);
    let mut events = mneme_wal::replay(&shared.bucket, &positions);
    let read = async move {
        while let Some(event) = events.next().await {
            let failed = event.is_err();
            if sender.send(event).await.is_err() || failed {
                return;
            }
        }
    };
    let ((), applied) = tokio::join!(read, apply(shared, receiver, progress));
    applied
}

async fn apply(
    shared: &Arc<Shared>,
    mut events: mpsc::Receiver<Result<TailEvent, mneme_wal::Error>>,
    progress: &mut Progress,
) -> Result<(), Error> {
    let mut looked = progress.bytes;
    while let Some(event) = events.recv().await {
        let event = event?;
        let writer = shared.writers.get(writer_of(&event));
        progress.saw(&event, shared);
        let writer = writer.lock_owned().await;
        drop(take(shared, writer, event, "replayed", Wait::No).await?);
        if progress.bytes - looked >= BYTES_PER_LOOK {
            looked = progress.bytes;
            relieve(shared).await?;
        }
    }
    Ok(())
}

/// Spills what was replayed, if the heads are over their budget.
async fn relieve(shared: &Arc<Shared>) -> Result<(), Error> {
    if shared.head_bytes() > shared.memory.limit() {
        shared.strands.barrier().await?;
        let cut = shared.log.lock().await.cut();
        shared.relieve(cut).await?;
    }
    Ok(())
}

fn writer_of(event: &TailEvent) -> WriterId {
    match event {
        TailEvent::Segment(segment) => segment.writer,
        TailEvent::Sealed { writer, .. }
        | TailEvent::Corrupt { writer, .. }
        | TailEvent::Missing { writer, .. } => *writer,
    }
}

/// Names what is neither in a checkpoint nor in the WAL any more.
fn report_losses(shared: &Shared, saved: &Saved) {
    if !shared.saw_truncated() {
        return;
    }
    let newest = saved.places.keys().next_back().copied().unwrap_or_default();
    for (number, partition) in saved.partitions.iter().enumerate() {
        let first = partition.saved_below();
        // The newest generation's segments are truncated one checkpoint later.
        if first.0 + 1 < newest.0 {
            shared.metrics.lost_partitions.inc();
            tracing::error!(
                partition = number, from = %first,
                "records stamped from this cut on are lost as far as no checkpoint has them: the write-ahead log was truncated behind a checkpoint that cannot be read"
            );
        }
    }
}

/// A writer's segments that a checkpoint has seen, and that are not there any more without anything after them.
async fn note_lost_ends(shared: &Shared, saved: &Saved, place: Option<Cut>) {
    let Some(places) = place.and_then(|cut| saved.places.get(&cut)) else { return };
    for (id, first) in &places.writers {
        let writer = shared.writers.get(*id);
        let mut writer = writer.lock().await;
        if writer.position < *first {
            shared.metrics.missing.inc();
            tracing::error!(writer = %id, seq = first, "the newest segments of a writer are gone: a checkpoint has seen them");
            writer.skip(*first);
        }
    }
}

/// Ends the writers of before: nobody else writes here, so that none of them will go on.
async fn seal(shared: &Arc<Shared>) -> Result<(), Error> {
    let cut = shared.log.lock().await.cut();
    for writer in shared.writers.all() {
        let mut writer = writer.lock().await;
        if !writer.sealed {
            let (now, attempts) = (shared.clock.now_ms(), &*shared.attempts);
            let seq = mneme_wal::seal(&shared.bucket, writer.id, writer.position, cut, now, attempts).await?;
            writer.skip(seq);
            writer.sealed = true;
        }
    }
    Ok(())
}

/// What was read until now.
struct Progress {
    begun: Instant,
    told: Instant,
    segments: u64,
    bytes: u64,
}

impl Progress {
    fn new() -> Self {
        let now = Instant::now();
        Self { begun: now, told: now, segments: 0, bytes: 0 }
    }

    fn restored(&self, shared: &Shared) {
        observe(shared, false);
        let (checkpoints, bytes) =
            (shared.metrics.checkpoints_loaded.get(), shared.metrics.checkpoint_bytes_loaded.get());
        let series = shared.metrics.series.get();
        tracing::info!(
            checkpoints,
            bytes,
            series,
            seconds = self.begun.elapsed().as_secs_f64(),
            "checkpoints are loaded"
        );
    }

    fn saw(&mut self, event: &TailEvent, shared: &Shared) {
        if let TailEvent::Segment(segment) = event {
            self.segments += 1;
            self.bytes += segment.stored;
        }
        if self.told.elapsed() >= PROGRESS {
            self.told = Instant::now();
            observe(shared, false);
            shared.metrics.replay_seconds.set(self.begun.elapsed().as_secs_f64());
            let (segments, bytes, series) = (self.segments, self.bytes, shared.metrics.series.get());
            tracing::info!(
                segments,
                bytes,
                series,
                seconds = self.begun.elapsed().as_secs(),
                "replaying the write-ahead log"
            );
        }
    }

    fn done(&self, shared: &Shared) {
        let seconds = self.begun.elapsed().as_secs_f64();
        shared.metrics.replay_seconds.set(seconds);
        let (segments, bytes, series) = (self.segments, self.bytes, shared.metrics.series.get());
        tracing::info!(segments, bytes, series, seconds, "the write-ahead log is replayed");
    }
}
