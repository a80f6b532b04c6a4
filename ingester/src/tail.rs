//! Reads what writers did not deliver, and finds new writers and cuts in the log.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use mneme_server::Drain;
use mneme_wal::{Log, Tail, TailEvent};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, MissedTickBehavior};

use crate::Error;
use crate::ingester::Shared;
use crate::memory::State;
use crate::writer::{Segment, SharedWriter, Writer};

/// How many writers are read at the same time.
const WRITERS_AT_ONCE: usize = 4;
/// Where a writer's next segment is not there, a listing tells so often whether that is the end.
const LISTING_INTERVAL: Duration = Duration::from_secs(60);
/// Every how many polls the tenants are counted, which walks their names.
const POLLS_PER_TENANT_COUNT: u32 = 15;

/// Whether to wait until a segment is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Until it is visible.
    Yes,
    /// Only until there is room for it: a barrier follows.
    No,
}

/// Polls the log and the writers until `drain`.
pub(crate) async fn run(shared: &Arc<Shared>, drain: &Drain) -> Result<(), Error> {
    let mut ticks = tokio::time::interval(shared.config.poll_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut polls = 0u32;
    loop {
        tokio::select! {
            () = drain.started() => return Ok(()),
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = drain.started() => return Ok(()),
            polled = poll(shared) => polled?,
        }
        observe(shared, polls.is_multiple_of(POLLS_PER_TENANT_COUNT));
        polls = polls.wrapping_add(1);
    }
}

/// Looks once at the log and at all writers that do not deliver.
pub(crate) async fn poll(shared: &Arc<Shared>) -> Result<(), Error> {
    transient(refresh_log(shared).await, "the log")?;
    let state = shared.memory.state();
    if state == State::Behind {
        return Ok(());
    }
    let catching_up = state == State::CatchingUp;
    let results: Vec<Result<(), Error>> = stream::iter(shared.writers.all())
        .map(|writer| poll_writer(shared, writer, catching_up))
        .buffer_unordered(WRITERS_AT_ONCE)
        .collect()
        .await;
    let whole = results.iter().all(Result::is_ok);
    results.into_iter().try_for_each(|result| transient(result, "a writer's segments"))?;
    if catching_up && whole && shared.memory.state() == State::CatchingUp {
        tracing::info!(
            "everything that was left in the write-ahead log is read: questions are answered again"
        );
        shared.memory.set(State::Fresh);
    }
    Ok(())
}

/// Reads new joins and cuts.
pub(crate) async fn refresh_log(shared: &Shared) -> Result<(), Error> {
    let mut log = shared.log.lock().await;
    let missing = log.missing();
    let refreshed = log.refresh().await;
    shared.metrics.missing.inc_by(log.missing() - missing);
    note_joins(shared, &log);
    shared.tell_cut(log.cut());
    refreshed?;
    Ok(())
}

/// Takes in the writers that the log knows of since the last time.
pub(crate) fn note_joins(shared: &Shared, log: &Log) {
    let known = shared.log_position();
    for info in log.writers().values().rev().take_while(|info| info.writer.0 > known) {
        shared.writers.joined(info.writer, info.cut);
    }
    shared.set_log_position(log.position());
}

/// Reads on where a writer does not deliver, or in any case.
async fn poll_writer(shared: &Arc<Shared>, writer: SharedWriter, in_any_case: bool) -> Result<(), Error> {
    let writer = if in_any_case {
        writer.lock_owned().await
    } else {
        // A writer that is locked is being delivered to or read right now.
        let Ok(writer) = writer.try_lock_owned() else { return Ok(()) };
        writer
    };
    let delivers = writer.delivered.is_some_and(|at| at.elapsed() < shared.config.poll_interval);
    if writer.sealed || (delivers && !in_any_case) {
        return Ok(());
    }
    catch_up(shared, writer, None).await.map(drop)
}

/// Applies a writer's segments from the bucket, up to number `until` or to the end.
pub(crate) async fn catch_up(
    shared: &Arc<Shared>,
    mut writer: OwnedMutexGuard<Writer>,
    until: Option<u64>,
) -> Result<OwnedMutexGuard<Writer>, Error> {
    let mut tail = Tail::new(shared.bucket.clone(), writer.id, writer.position);
    if until.is_none() && writer.listed.is_some_and(|at| at.elapsed() < LISTING_INTERVAL) {
        tail = tail.without_listing();
    } else {
        writer.listed = Some(Instant::now());
    }
    while until.is_none_or(|until| writer.position < until) {
        let Some(event) = tail.next().await? else { break };
        writer = take(shared, writer, event, "tailed", Wait::Yes).await?;
    }
    Ok(writer)
}

/// Takes in one event of a writer's chain.
pub(crate) async fn take(
    shared: &Shared,
    mut writer: OwnedMutexGuard<Writer>,
    event: TailEvent,
    source: &str,
    wait: Wait,
) -> Result<OwnedMutexGuard<Writer>, Error> {
    match event {
        TailEvent::Segment(segment) => {
            let segment = Segment { seq: segment.seq, cut: segment.cut, sections: segment.sections };
            let handed = shared.hand(&mut writer, segment, source).await;
            if wait == Wait::Yes {
                handed.applied().await?;
            }
        }
        TailEvent::Sealed { seq, .. } => {
            writer.skip(seq);
            writer.sealed = true;
            shared.strands.forget(writer.id);
        }
        TailEvent::Corrupt { writer: id, seq, key, partition, offset, reason } => {
            shared.metrics.corrupt.inc();
            let part = partition
                .map_or_else(|| "the whole segment".to_owned(), |p| format!("the section of partition {p}"));
            tracing::error!(writer = %id, seq, key, offset, reason, "{part} cannot be read and is left out");
            if partition.is_none() {
                writer.skip(seq);
            }
        }
        // A chain read from its start: nothing but truncation takes the first objects.
        TailEvent::Missing { writer: id, first: 1, last, .. } if shared.truncates() => {
            tracing::info!(writer = %id, last, "the first segments of a writer were truncated");
            shared.note_truncated();
            writer.skip(last);
        }
        TailEvent::Missing { writer: id, first, last, key } => {
            let missing = last.saturating_sub(first).saturating_add(1);
            shared.metrics.missing.inc_by(missing);
            tracing::error!(
                writer = %id, key, missing, last,
                "segments of the write-ahead log are missing: what they held is left out, reading goes on after them"
            );
            writer.skip(last);
        }
    }
    Ok(writer)
}

/// A bucket that does not answer is tried again at the next poll; everything else ends the ingester.
pub(crate) fn transient(result: Result<(), Error>, what: &str) -> Result<(), Error> {
    match result {
        Err(Error::Wal(mneme_wal::Error::Bucket(error))) => {
            tracing::warn!(%error, "{what} cannot be read now");
            Ok(())
        }
        other => other,
    }
}

/// Sets the gauges.
pub(crate) fn observe(shared: &Shared, count_tenants: bool) {
    let figures = shared.partitions.figures();
    shared.metrics.series.set(i64::try_from(figures.series).unwrap_or(i64::MAX));
    shared.metrics.memory.set(i64::try_from(figures.bytes).unwrap_or(i64::MAX));
    if count_tenants {
        shared.metrics.tenants.set(i64::try_from(shared.partitions.tenants()).unwrap_or(i64::MAX));
    }
    let open = shared
        .writers
        .all()
        .iter()
        .filter(|writer| writer.try_lock().map_or(true, |writer| !writer.sealed))
        .count();
    shared.metrics.writers.set(i64::try_from(open).unwrap_or(i64::MAX));
}
