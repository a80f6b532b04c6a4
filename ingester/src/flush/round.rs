//! A flush of all tenants, or of one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use mneme_model::{Cut, TenantId, TimestampMs};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::clean::Cleaner;
use super::failing::Failing;
use super::tenant::{Failure, Flushed, flush};
use super::{FlushPoint, FlushReport, floor};
use crate::Error;
use crate::ingester::Shared;

/// So many small tenants are flushed at once: the bucket's answers take longer than their blocks.
const TENANTS_AT_ONCE: usize = 8;
/// One with more series is flushed alone, so that one block's memory is what a flush takes.
const LARGE: usize = 50_000;
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(15);
/// Whom a round is about.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    /// All tenants.
    All,
    /// All for want of memory: but for those that failed just now, whose blocks would be written in vain again and again.
    Early,
    /// These, because they failed before.
    Again(Vec<TenantId>),
    /// One that was asked for.
    One(TenantId),
}

/// Flushes, and remembers who failed and who was cleaned when.
#[derive(Default)]
pub(super) struct Rounds {
    cleaner: Cleaner,
    failing: Failing,
    /// Nothing is cleaned: the process ends.
    is_last: bool,
}

impl Rounds {
    /// For the last flush of a process.
    pub(super) fn last() -> Self {
        Self { is_last: true, ..Self::default() }
    }

    /// Who failed and is to be tried again now.
    pub(super) fn due(&self, now: TimestampMs) -> Vec<TenantId> {
        self.failing.due(now)
    }

    /// Flushes what is stamped below `cut`. Whoever fails stays in memory and in checkpoints; the others go on.
    pub(super) async fn run(
        &mut self,
        shared: &Arc<Shared>,
        cut: Cut,
        whom: Whom,
    ) -> Result<FlushReport, Error> {
        shared.reached(FlushPoint::Begun, None).await;
        let timer = shared.metrics.flush_seconds.start_timer();
        let now = shared.clock.now_ms();
        let mut tenants = tenants(shared, cut);
        self.failing.retain(|failed| tenants.iter().any(|(tenant, _)| tenant == failed));
        tenants.retain(|(tenant, _)| match &whom {
            Whom::All => true,
            Whom::Early => !self.failing.waits(tenant, now),
            Whom::Again(some) => some.contains(tenant),
            Whom::One(one) => one == tenant,
        });
        let progress = Mutex::new(Progress::new(tenants.len(), cut));
        let room = Semaphore::new(TENANTS_AT_ONCE);
        stream::iter(tenants.clone())
            .map(|(tenant, series)| {
                let (progress, room) = (&progress, &room);
                async move {
                    let share = if series > LARGE { TENANTS_AT_ONCE as u32 } else { 1 };
                    let _permit = room.acquire_many(share).await;
                    let result = flush(shared, &tenant, cut).await;
                    progress.lock().note(shared, &tenant, result);
                }
            })
            .buffer_unordered(TENANTS_AT_ONCE)
            .collect::<()>()
            .await;
        shared.reached(FlushPoint::TenantsDone, None).await;
        if !matches!(whom, Whom::One(_)) {
            floor::raise(shared, cut).await?;
        }
        shared.reached(FlushPoint::FloorsRaised, None).await;
        timer.observe_duration();
        let report = progress.into_inner().report;
        let tenants: Vec<TenantId> = tenants.into_iter().map(|(tenant, _)| tenant).collect();
        self.note(shared, &whom, &tenants, &report);
        if !self.is_last {
            self.cleaner.run(shared, tenants).await;
        }
        shared.reached(FlushPoint::Cleaned, None).await;
        Ok(report)
    }

    /// Remembers and tells how a round ended.
    fn note(&mut self, shared: &Shared, whom: &Whom, tenants: &[TenantId], report: &FlushReport) {
        let now = shared.clock.now_ms();
        for tenant in tenants {
            let failed = report.failed.iter().any(|(failed, _)| failed == tenant);
            self.failing.note(tenant, failed, now);
        }
        let metrics = &shared.metrics;
        metrics.flush_failing.set(i64::try_from(self.failing.len()).unwrap_or(i64::MAX));
        if !matches!(whom, Whom::One(_)) && self.failing.len() == 0 {
            metrics.flush_last_success.set(now as f64 / 1000.0);
        }
        let FlushReport { cut, tenants, blocks, series, samples, bytes, failed } = report;
        let failed = failed.len();
        tracing::info!(%cut, tenants, failed, blocks, series, samples, bytes, "a flush is done");
    }
}

/// Who has something below the cut, the largest first; with their series.
fn tenants(shared: &Shared, cut: Cut) -> Vec<(TenantId, usize)> {
    let mut series: BTreeMap<TenantId, usize> = BTreeMap::new();
    for one in shared.partitions.iter().flat_map(|head| head.flushable(cut)) {
        *series.entry(one.tenant).or_default() += one.series;
    }
    let mut tenants: Vec<_> = series.into_iter().collect();
    tenants.sort_by_key(|(_, series)| std::cmp::Reverse(*series));
    tenants
}

/// What was flushed until now.
struct Progress {
    all: usize,
    done: usize,
    told: Instant,
    report: FlushReport,
}

impl Progress {
    fn new(all: usize, cut: Cut) -> Self {
        Self { all, done: 0, told: Instant::now(), report: FlushReport { cut, ..FlushReport::default() } }
    }

    fn note(&mut self, shared: &Shared, tenant: &TenantId, result: Result<Flushed, Failure>) {
        self.done += 1;
        let metrics = &shared.metrics;
        match result {
            Ok(flushed) => {
                let Flushed { blocks, series, samples, bytes, void } = flushed;
                metrics.flushes.with_label_values(&["committed"]).inc();
                metrics.flushes.with_label_values(&["void"]).inc_by(void);
                metrics.flushed_blocks.inc_by(blocks);
                metrics.flushed_series.inc_by(series);
                metrics.flushed_samples.inc_by(samples);
                metrics.flushed_bytes.inc_by(bytes);
                self.report.tenants += 1;
                self.report.blocks += blocks;
                self.report.series += series;
                self.report.samples += samples;
                self.report.bytes += bytes;
            }
            Err(error) => {
                metrics.flushes.with_label_values(&["failed"]).inc();
                metrics.flush_failures.with_label_values(&[error.reason()]).inc();
                tracing::error!(%tenant, %error, "a tenant cannot be flushed: its samples stay in memory and in checkpoints");
                self.report.failed.push((tenant.clone(), error.to_string()));
            }
        }
        if self.told.elapsed() >= PROGRESS {
            self.told = Instant::now();
            let FlushReport { blocks, samples, .. } = self.report;
            tracing::info!(tenants = self.done, of = self.all, blocks, samples, "flushing");
        }
    }
}
