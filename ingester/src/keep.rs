//! Cuts, checkpoints, and the heads' budget: what an owner does about once a second beside reading.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use mneme_model::{Cut, PartitionId};
use mneme_server::Drain;
use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;

use crate::Error;
use crate::checkpoint::{self, Encoder, Header, Places};
use crate::complete::{newest_complete, places, seal_holders};
use crate::cuts::Cutter;
use crate::flush::FlushPoint;
use crate::ingester::Shared;
use crate::memory::State;
use crate::tail::transient;

/// So many checkpoints are made at the same time; each is in memory as a whole.
const PARTITIONS_AT_ONCE: usize = 2;
/// How often the budget is looked at, at least.
const INTERVAL: Duration = Duration::from_secs(1);

/// Keeps the partitions until `drain`.
pub(crate) async fn run(shared: &Arc<Shared>, drain: &Drain) -> Result<(), Error> {
    let mut ticks = tokio::time::interval(shared.config.poll_interval.min(INTERVAL));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keeper = Keeper::new(shared);
    loop {
        tokio::select! {
            () = drain.started() => return Ok(()),
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = drain.started() => return Ok(()),
            step = keeper.step(shared) => step?,
        }
    }
}

/// What is done about once a second.
pub(crate) struct Keeper {
    cutter: Cutter,
    /// The last cut that checkpoints were made of, or tried to be.
    tried: Cut,
    /// Everything below this was spilled.
    spilled: Cut,
}

impl Keeper {
    /// Nothing was done yet.
    pub(crate) fn new(shared: &Shared) -> Self {
        Self { cutter: Cutter::new(shared.config.cut_interval), tried: Cut(0), spilled: Cut(0) }
    }

    /// Cuts, writes checkpoints, relieves memory: whatever is due.
    pub(crate) async fn step(&mut self, shared: &Arc<Shared>) -> Result<(), Error> {
        let early = self.relieve(shared).await?;
        transient(self.cutter.cut_if_due(shared, early).await, "the log")?;
        if shared.memory.state() == State::Behind {
            // What was not read yet may be stamped below any cut.
            return Ok(());
        }
        transient(self.checkpoint(shared).await, "checkpoints")?;
        transient(seal_holders(shared).await, "a writer's segments")
    }

    /// Spills what is in checkpoints when memory is short; returns whether a cut is wanted, so that more can be spilled.
    async fn relieve(&mut self, shared: &Arc<Shared>) -> Result<bool, Error> {
        let over = |limit: u64| shared.head_bytes() > limit;
        let mut early = false;
        if over(shared.memory.limit()) {
            let saved = shared.saved.lock().await.saved_below();
            if saved > self.spilled {
                shared.spill(saved).await?;
                self.spilled = saved;
            }
            early = over(shared.memory.limit()) && *shared.cuts.borrow() <= saved;
        }
        if over(shared.memory.hard_limit()) && shared.memory.state() != State::Behind {
            shared.spill(Cut(u64::MAX)).await?;
        }
        shared.judge_memory();
        Ok(early)
    }

    /// Makes the checkpoints of the newest complete cut, if they are not there yet.
    async fn checkpoint(&mut self, shared: &Arc<Shared>) -> Result<(), Error> {
        let newest = *shared.cuts.borrow();
        if newest <= self.tried {
            return Ok(());
        }
        let complete = newest_complete(shared, newest).await;
        let mut saved = shared.saved.lock().await;
        let (cut, entry) = {
            let log = shared.log.lock().await;
            let first = self.tried.max(saved.saved_below());
            let cuts = (first.0 + 1..=complete.0).rev().map(Cut);
            match cuts.into_iter().find_map(|cut| log.cut_entry(cut).map(|entry| (cut, entry))) {
                Some(found) => found,
                None => return Ok(()),
            }
        };
        shared.strands.barrier().await?;
        let (places, finished) = places(shared, cut, entry).await;
        let round = Round { shared, cut, places: &places, encoders: Mutex::default() };
        let timer = shared.metrics.checkpoint_seconds.start_timer();
        let mut results = stream::iter(0..shared.partitions.count())
            .map(PartitionId)
            .filter(|partition| {
                let missing = saved.partitions[usize::from(partition.0)].saved_below() < cut;
                std::future::ready(missing)
            })
            .map(|partition| round.save(partition, saved.partitions[usize::from(partition.0)].kept))
            .buffer_unordered(PARTITIONS_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        timer.observe_duration();
        let mut failure = Ok(());
        for result in results.drain(..) {
            match result {
                Ok(Some((header, chunks))) => {
                    saved.partitions[usize::from(header.partition.0)].add(&header, chunks);
                }
                Ok(None) => {}
                Err(error) => failure = Err(error),
            }
        }
        failure?;
        self.tried = cut;
        saved.places.insert(cut, places);
        let below = saved.saved_below();
        shared.metrics.checkpoint_cut.set(i64::try_from(below.0).unwrap_or(i64::MAX));
        tracing::info!(%cut, saved_below = %below, "checkpoints are written");
        let superseded: Vec<_> = saved.partitions.iter_mut().map(|one| one.take_superseded()).collect();
        drop(saved);
        self.forget(shared, cut, finished).await;
        shared.reached(FlushPoint::FloorStated, None).await;
        delete_superseded(shared, superseded).await?;
        shared.reached(FlushPoint::CheckpointsDeleted, None).await;
        Ok(())
    }

    /// Forgets what only older cuts needed.
    async fn forget(&self, shared: &Shared, cut: Cut, finished: Vec<crate::writer::SharedWriter>) {
        shared.log.lock().await.forget_cuts_below(cut);
        for writer in finished {
            let id = writer.lock().await.id;
            shared.writers.remove(id);
        }
        for writer in shared.writers.all() {
            writer.lock().await.forget_stamps_below(cut);
        }
    }
}

/// One round of checkpoints.
struct Round<'a> {
    shared: &'a Arc<Shared>,
    cut: Cut,
    places: &'a Places,
    /// Those that make none now.
    encoders: Mutex<Vec<Encoder>>,
}

impl Round<'_> {
    /// Makes one partition's checkpoint, of the generations from `from` on. Returns what it holds; `None` if it could not be made.
    async fn save(&self, partition: PartitionId, from: Cut) -> Result<Option<(Header, u64)>, Error> {
        let shared = self.shared;
        let floor = shared.partitions.get(partition).map_or(Cut(0), mneme_head::Head::floor);
        let header = Header {
            attempt: shared.attempts.next(),
            from: from.max(floor),
            cut: self.cut,
            floor,
            time: shared.clock.now_ms(),
            partition,
            count: shared.partitions.count(),
            places: self.places.clone(),
        };
        let (partitions, encoded_header) = (shared.partitions.clone(), header.clone());
        let mut encoder = self.encoders.lock().pop().unwrap_or_default();
        let work = tokio::task::spawn_blocking(move || {
            let encoded = partitions.get(partition).map(|head| encoder.encode(head, &encoded_header));
            (encoded, encoder)
        });
        let (encoded, mut encoder) = work.await.map_err(|_| Error::Apply)?;
        let encoded = match encoded {
            Some(Ok(encoded)) => encoded,
            Some(Err(error)) => return Err(Error::Spilled(error.to_string())),
            None => return Ok(None),
        };
        let bytes = encoded.bytes.len() as u64;
        let saved = checkpoint::save(&shared.bucket, &header, encoded.bytes.clone()).await;
        encoder.reuse(encoded.bytes);
        self.encoders.lock().push(encoder);
        match saved? {
            checkpoint::Saved::There { floor } => {
                shared.metrics.checkpoints_written.inc();
                shared.metrics.checkpoint_bytes_written.inc_by(bytes);
                tracing::debug!(%partition, cut = %self.cut, bytes, series = encoded.series, chunks = encoded.chunks, "a checkpoint is there");
                Ok(Some((Header { floor, ..header }, encoded.chunks)))
            }
            checkpoint::Saved::Taken(reason) => {
                shared.metrics.checkpoint_failures.inc();
                let key = checkpoint::key(partition, header.count, self.cut);
                tracing::error!(
                    key,
                    reason,
                    "something else is in a checkpoint's place: the next cut's holds what it should"
                );
                Ok(None)
            }
        }
    }
}

/// Deletes checkpoints that newer ones or blocks stand for.
async fn delete_superseded(shared: &Shared, superseded: Vec<Vec<Cut>>) -> Result<(), Error> {
    let count = shared.partitions.count();
    for (partition, cuts) in (0..count).map(PartitionId).zip(superseded) {
        for cut in cuts {
            shared.bucket.delete(&checkpoint::key(partition, count, cut)).await?;
        }
    }
    Ok(())
}
