//! A flush of all tenants, or of one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use mneme_block::manifest::CleanOptions;
use mneme_model::{Cut, TenantId};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

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
/// Between two cleanings of one tenant, at least.
const CLEAN_INTERVAL: Duration = Duration::from_secs(6 * 3600);

/// Flushes and remembers who failed, and whose manifests were cleaned when.
#[derive(Default)]
pub(super) struct Rounds {
    cleaned: BTreeMap<TenantId, Instant>,
}

impl Rounds {
    /// Flushes what is stamped below `cut`. Whoever fails stays in memory and in checkpoints; the others go on.
    pub(super) async fn run(
        &mut self,
        shared: &Arc<Shared>,
        cut: Cut,
        only: Option<&TenantId>,
    ) -> Result<FlushReport, Error> {
        shared.reached(FlushPoint::Begun, None).await;
        let timer = shared.metrics.flush_seconds.start_timer();
        let mut tenants = tenants(shared, cut);
        tenants.retain(|(tenant, _)| only.is_none_or(|only| only == tenant));
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
        if only.is_none() {
            floor::raise(shared, cut).await?;
        }
        shared.reached(FlushPoint::FloorsRaised, None).await;
        timer.observe_duration();
        let report = progress.into_inner().report;
        shared.metrics.flush_failing.set(i64::try_from(report.failed.len()).unwrap_or(i64::MAX));
        let FlushReport { tenants: count, blocks, series, samples, bytes, ref failed, .. } = report;
        let failed = failed.len();
        tracing::info!(%cut, tenants = count, failed, blocks, series, samples, bytes, "a flush is done");
        self.clean(shared, tenants.into_iter().map(|(tenant, _)| tenant).collect()).await;
        shared.reached(FlushPoint::Cleaned, None).await;
        Ok(report)
    }

    /// Cleans the manifests of these tenants, where that was not done lately. What fails is done the next time.
    async fn clean(&mut self, shared: &Arc<Shared>, tenants: Vec<TenantId>) {
        let options =
            CleanOptions { version_age: shared.config.version_age(), orphan_age: shared.config.orphan_age() };
        let interval = CLEAN_INTERVAL.min(options.orphan_age);
        self.cleaned.retain(|_, at| at.elapsed() < interval);
        for tenant in tenants {
            if self.cleaned.contains_key(&tenant) {
                continue;
            }
            match shared.manifests.clean(&tenant, shared.clock.now_ms(), options).await {
                Ok(cleaned) => {
                    shared.metrics.cleaned_objects.inc_by(cleaned.objects);
                    if cleaned.objects > 0 {
                        let (blocks, bytes) = (cleaned.blocks, cleaned.bytes);
                        tracing::info!(%tenant, blocks, bytes, "blocks that no version lists are deleted");
                    }
                    self.cleaned.insert(tenant, Instant::now());
                }
                Err(error) => tracing::warn!(%tenant, %error, "a tenant's blocks cannot be cleaned now"),
            }
        }
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
