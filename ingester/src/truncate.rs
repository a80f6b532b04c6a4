//! Truncates the WAL behind the checkpoints.

use std::sync::Arc;
use std::time::Duration;

use mneme_model::{Cut, WriterId};
use mneme_server::Drain;
use mneme_wal::Truncation;
use tokio::time::MissedTickBehavior;

use crate::Error;
use crate::ingester::Shared;
use crate::tail::transient;

/// How often it is looked at whether there is something to truncate, at least.
const INTERVAL: Duration = Duration::from_secs(1);

/// Truncates after each round of checkpoints until `drain`.
pub(crate) async fn run(shared: &Arc<Shared>, drain: &Drain) -> Result<(), Error> {
    let mut ticks = tokio::time::interval(shared.config.poll_interval.min(INTERVAL));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut truncator = Truncator { done: Cut(0), clean_through: WriterId(0) };
    loop {
        tokio::select! {
            () = drain.started() => return Ok(()),
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = drain.started() => return Ok(()),
            step = truncator.step(shared) => transient(step, "the segments to truncate")?,
        }
    }
}

struct Truncator {
    /// Segments below this cut are gone.
    done: Cut,
    /// Of writers up to this one nothing but the newest object is left.
    clean_through: WriterId,
}

impl Truncator {
    /// Segments below cut k go when every partition has checkpoint k+1: one generation more than is needed stays, for the case
    /// that the newest checkpoint cannot be read.
    async fn step(&mut self, shared: &Shared) -> Result<(), Error> {
        let (cut, truncation) = {
            let saved = shared.saved.lock().await;
            let below = Cut(saved.saved_below().0.saturating_sub(1));
            let Some((cut, places)) = saved.place_for(below) else { return Ok(()) };
            if cut <= self.done {
                return Ok(());
            }
            let truncation = Truncation {
                keep_from: places.writers.clone(),
                finished_through: WriterId(places.log),
                skip_through: self.clean_through,
            };
            (cut, truncation)
        };
        let kept = mneme_wal::truncate(&shared.bucket, &truncation).await?;
        let metrics = &shared.metrics;
        metrics.truncated_segments.inc_by(kept.deleted);
        metrics.wal_segments.set(i64::try_from(kept.segments).unwrap_or(i64::MAX));
        metrics.wal_bytes.set(i64::try_from(kept.bytes).unwrap_or(i64::MAX));
        tracing::info!(%cut, deleted = kept.deleted, segments = kept.segments, bytes = kept.bytes, "the write-ahead log is truncated");
        self.clean_through = kept.clean_through;
        self.done = cut;
        let mut saved = shared.saved.lock().await;
        saved.places = saved.places.split_off(&cut);
        Ok(())
    }
}
