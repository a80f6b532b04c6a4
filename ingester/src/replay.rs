//! Reads the whole WAL at the start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use mneme_model::WriterId;
use mneme_wal::TailEvent;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Error;
use crate::ingester::Shared;
use crate::tail::{observe, refresh_log, take};
use crate::writer::SharedWriter;

/// How many read events wait to be applied, at most.
const QUEUE: usize = 8;
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(5);
/// The pause before a bucket that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Applies every writer's segments, then is ready.
pub(crate) async fn replay(shared: &Arc<Shared>) -> Result<(), Error> {
    let mut progress = Progress::new();
    while let Err(error) = pass(shared, &mut progress).await {
        if !matches!(error, Error::Wal(mneme_wal::Error::Bucket(_))) {
            return Err(error);
        }
        tracing::warn!(%error, "the replay waits for the bucket");
        tokio::time::sleep(RETRY).await;
    }
    observe(shared, true);
    progress.done(shared);
    shared.set_ready();
    Ok(())
}

/// One try from the positions reached to the ends of all chains, and to seal them.
async fn pass(shared: &Arc<Shared>, progress: &mut Progress) -> Result<(), Error> {
    refresh_log(shared).await?;
    let writers = shared.writers.all();
    let mut positions = BTreeMap::new();
    for writer in &writers {
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
    applied?;
    if shared.exclusive { seal(shared).await } else { Ok(()) }
}

async fn apply(
    shared: &Arc<Shared>,
    mut events: mpsc::Receiver<Result<TailEvent, mneme_wal::Error>>,
    progress: &mut Progress,
) -> Result<(), Error> {
    while let Some(event) = events.recv().await {
        let event = event?;
        let writer: SharedWriter = shared.writers.get(writer_of(&event));
        progress.saw(&event, shared);
        let writer = writer.lock_owned().await;
        drop(take(shared, writer, event, "replayed").await?);
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
