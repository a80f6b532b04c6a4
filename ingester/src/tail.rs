//! Reads what writers did not deliver, and finds new writers and cuts in the log.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use mneme_server::Drain;
use mneme_wal::{Tail, TailEvent};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, MissedTickBehavior};

use crate::Error;
use crate::cuts::Cutter;
use crate::ingester::Shared;
use crate::writer::{Segment, SharedWriter, Writer};

/// How many writers are read at the same time.
const WRITERS_AT_ONCE: usize = 4;
/// Where a writer's next segment is not there, a listing tells so often whether that is the end.
const LISTING_INTERVAL: Duration = Duration::from_secs(60);
/// Every how many polls the tenants are counted, which walks their names.
const POLLS_PER_TENANT_COUNT: u32 = 15;

/// Polls the log and the writers until `drain`.
pub(crate) async fn run(shared: &Arc<Shared>, drain: &Drain) -> Result<(), Error> {
    let mut ticks = tokio::time::interval(shared.config.poll_interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut cutter = Cutter::new(shared.config.cut_interval());
    let mut polls = 0u32;
    loop {
        tokio::select! {
            () = drain.started() => return Ok(()),
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = drain.started() => return Ok(()),
            polled = poll(shared, &mut cutter) => polled?,
        }
        observe(shared, polls.is_multiple_of(POLLS_PER_TENANT_COUNT));
        polls = polls.wrapping_add(1);
    }
}

async fn poll(shared: &Arc<Shared>, cutter: &mut Cutter) -> Result<(), Error> {
    transient(refresh_log(shared).await, "the log")?;
    transient(cutter.cut_if_due(shared).await, "the log")?;
    let writers = shared.writers.all();
    let results: Vec<Result<(), Error>> = stream::iter(writers)
        .map(|writer| poll_writer(shared, writer))
        .buffer_unordered(WRITERS_AT_ONCE)
        .collect()
        .await;
    results.into_iter().try_for_each(|result| transient(result, "a writer's segments"))
}

/// Reads new joins and cuts.
pub(crate) async fn refresh_log(shared: &Shared) -> Result<(), Error> {
    let mut log = shared.log.lock().await;
    let missing = log.missing();
    let refreshed = log.refresh().await;
    shared.metrics.missing.inc_by(log.missing() - missing);
    for id in log.writers().keys() {
        let _known_from_now_on = shared.writers.get(*id);
    }
    shared.tell_cut(log.cut());
    refreshed?;
    Ok(())
}

/// Reads on where a writer does not deliver.
async fn poll_writer(shared: &Arc<Shared>, writer: SharedWriter) -> Result<(), Error> {
    // A writer that is locked is being delivered to or read right now.
    let Ok(writer) = writer.try_lock_owned() else { return Ok(()) };
    let delivers = writer.delivered.is_some_and(|at| at.elapsed() < shared.config.poll_interval());
    if writer.sealed || delivers {
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
        writer = take(shared, writer, event, "tailed").await?;
    }
    Ok(writer)
}

/// Takes in one event of a writer's chain.
pub(crate) async fn take(
    shared: &Shared,
    mut writer: OwnedMutexGuard<Writer>,
    event: TailEvent,
    source: &str,
) -> Result<OwnedMutexGuard<Writer>, Error> {
    match event {
        TailEvent::Segment(segment) => {
            let segment = Segment { seq: segment.seq, cut: segment.cut, sections: segment.sections };
            return Ok(shared.apply(writer, segment, source).await?.0);
        }
        TailEvent::Sealed { seq, .. } => {
            writer.skip(seq);
            writer.sealed = true;
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
fn transient(result: Result<(), Error>, what: &str) -> Result<(), Error> {
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
