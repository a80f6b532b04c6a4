//! The task that flushes.

use std::sync::Arc;
use std::time::Duration;

use mneme_model::{Cut, TenantId};
use mneme_server::Drain;
use tokio::time::{Instant, MissedTickBehavior};

use super::FlushReport;
use super::due::{Due, Schedule};
use super::request::Request;
use super::round::{Rounds, Whom};
use crate::Error;
use crate::cuts::cut_now;
use crate::ingester::Shared;
use crate::tail::transient;

/// How often it is looked at whether a flush is due.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a flush on demand waits until its cut is complete and in checkpoints: a writer that holds it up is sealed after 30 s.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// How often it looks whether that is so.
const LOOK: Duration = Duration::from_millis(50);

/// Flushes when it is due and when it is asked to, until `drain`. What is under way then is given up: what was not committed is
/// flushed by whoever comes after.
pub(crate) async fn run(shared: &Arc<Shared>, drain: &Drain) -> Result<(), Error> {
    let config = &shared.config;
    let mut schedule = Schedule::new(config.flush_interval, &shared.instance, shared.clock.now_ms());
    let mut rounds = Rounds::default();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let request = tokio::select! {
            () = drain.started() => return Ok(()),
            request = shared.requests.next() => Some(request),
            _ = ticks.tick() => None,
        };
        let work = async {
            match request {
                Some(request) => answer(shared, &mut rounds, request).await,
                None => by_itself(shared, &mut schedule, &mut rounds).await,
            }
        };
        tokio::select! {
            () = drain.started() => return Ok(()),
            done = work => transient(done, "what a flush needs")?,
        }
    }
}

/// The last flush of a process that is drained: cuts, and flushes everything.
pub(crate) async fn at_shutdown(shared: &Arc<Shared>) -> Result<(), Error> {
    let wanted = cut_now(shared).await?;
    let mut keeper = crate::keep::Keeper::new(shared);
    let asked = Instant::now();
    while shared.saved.lock().await.saved_below() < wanted {
        if asked.elapsed() > LONGEST_WAIT {
            tracing::warn!(cut = %wanted, "a writer holds up the last cut: what is not in blocks is left for the next start");
            return Ok(());
        }
        crate::tail::poll(shared).await?;
        keeper.step(shared).await?;
        tokio::time::sleep(LOOK).await;
    }
    Rounds::last().run(shared, wanted, Whom::All).await.map(drop)
}

async fn by_itself(shared: &Arc<Shared>, schedule: &mut Schedule, rounds: &mut Rounds) -> Result<(), Error> {
    let cut = shared.saved.lock().await.saved_below();
    // Without a newer cut there is nothing more to flush.
    let newer = shared.partitions.iter().any(|head| head.floor() < cut);
    let short = newer && shared.head_bytes() > shared.config.flush_bytes(shared.memory.limit());
    let now = shared.clock.now_ms();
    let oldest = shared.partitions.iter().filter_map(mneme_head::Head::oldest_sample).min();
    shared.metrics.oldest_unflushed.set(oldest.unwrap_or(now) as f64 / 1000.0);
    let due = schedule.due(now, short).filter(|_| newer);
    let again = if due.is_none() { rounds.due(now) } else { Vec::new() };
    let whom = match due {
        Some(Due::Regular) => Whom::All,
        Some(Due::Early) => Whom::Early,
        None if again.is_empty() => return Ok(()),
        None => Whom::Again(again),
    };
    tracing::info!(%cut, ?whom, "a flush begins");
    rounds.run(shared, cut, whom).await.map(drop)
}

async fn answer(shared: &Arc<Shared>, rounds: &mut Rounds, request: Request) -> Result<(), Error> {
    let Request { tenant, done } = request;
    let (answer, end) = match on_demand(shared, rounds, tenant).await {
        Ok(report) => (report, Ok(())),
        Err(error) => (Err(error.to_string()), Err(error)),
    };
    // Nobody may be waiting any more.
    let _ = done.send(answer);
    end
}

async fn on_demand(
    shared: &Arc<Shared>,
    rounds: &mut Rounds,
    tenant: Option<TenantId>,
) -> Result<Result<FlushReport, String>, Error> {
    let wanted: Cut = cut_now(shared).await?;
    tracing::info!(cut = %wanted, "a flush is asked for");
    let asked = Instant::now();
    while shared.saved.lock().await.saved_below() < wanted {
        if asked.elapsed() > LONGEST_WAIT {
            return Ok(Err(format!(
                "cut {wanted} is not complete and in checkpoints after {LONGEST_WAIT:?}"
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
    rounds.run(shared, wanted, tenant.map_or(Whom::All, Whom::One)).await.map(Ok)
}
