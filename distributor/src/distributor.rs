//! The distributor: its parts, and the way of records from a message to the WAL.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mneme_model::{Labels, TenantId, TimestampMs};
use mneme_proto::internal::active::ActiveSeriesService;
use mneme_proto::remote_write::{Request, Sample, Series, Version};
use mneme_server::{Kind, SharedClock, Status};
use mneme_tenant::{Authenticator, Limits, RateLimiter, SharedOverrides};
use mneme_wal::{AppendError, Appended, Catalog, Records, SpaceId};
use prometheus::Registry;

use crate::budget::{ByteBudget, Reservation};
use crate::buffers::Buffers;
use crate::metrics::Metrics;
use crate::placement::Placement;
use crate::spread::Spreads;
use crate::stage::{Error, Known, KnownNumbers, Place, Stager, Tally, rules};
use crate::{Appender, Config, Counts, Reason, retry, shard_size};

/// What a distributor is given.
pub struct Parts {
    /// The WAL.
    pub appender: Arc<dyn Appender>,
    /// Every tenant's limits.
    pub overrides: SharedOverrides,
    /// Finds a request's tenant.
    pub authenticator: Arc<Authenticator>,
    /// The time of day: for rates, and for samples too far in the future.
    pub clock: SharedClock,
    /// The cluster's seed of series hashes.
    pub hash_seed: u64,
    /// The cluster's number of partitions, above 0.
    pub partition_count: u16,
    /// Tells how many series tenants have whose limits do not say over how many partitions they are spread.
    pub active: Arc<dyn ActiveSeriesService>,
    /// So many series of such a tenant take a partition: [`mneme_proto::internal::active::SERIES_PER_PARTITION`].
    pub series_per_partition: u64,
}

/// Takes writes. Cheap to clone.
#[derive(Clone)]
pub struct Distributor {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) parts: Parts,
    pub(crate) metrics: Metrics,
    pub(crate) budget: ByteBudget,
    pub(crate) buffers: Buffers,
    requests: RateLimiter,
    samples: RateLimiter,
    refusals: AtomicU64,
    spreads: Spreads,
}

/// So many times `max_decompressed_size_bytes` may a request's records take: what senders send takes less than thrice its bytes.
const RECORDS_TO_MESSAGE: usize = 4;

/// A request's records, ready for the WAL.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) records: Records,
    pub(crate) tally: Tally,
    metadata: Told,
    /// The records' bytes of the budget.
    pub(crate) reserved: Reservation,
}

/// The metadata among a request's records.
#[derive(Debug)]
struct Told {
    catalog: Arc<Catalog>,
    space: SpaceId,
    fingerprints: Vec<u128>,
}

/// What became of staged records.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) written: Counts,
    pub(crate) result: Result<(), Status>,
}

impl Distributor {
    /// # Errors
    /// Where the registry already has a distributor's metrics.
    pub fn new(config: Config, parts: Parts, registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Metrics::new(registry)?;
        let budget = ByteBudget::new(config.max_inflight_push_requests_bytes, metrics.inflight_bytes.clone());
        let spreads = Spreads::new(
            (parts.series_per_partition, parts.partition_count),
            Arc::clone(&parts.active),
            Arc::clone(&parts.clock),
            metrics.clone(),
        );
        let shared = Shared {
            spreads,
            config,
            parts,
            metrics,
            budget,
            buffers: Buffers::default(),
            requests: RateLimiter::default(),
            samples: RateLimiter::default(),
            refusals: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Writes the process' own samples, through the same checks as everybody's but without rate limits.
    ///
    /// # Errors
    /// What a sender would be told; also where only some samples were refused.
    pub async fn push_own(
        &self,
        tenant: &TenantId,
        samples: &[(Labels, TimestampMs, f64)],
    ) -> Result<Counts, Status> {
        let shared = &self.shared;
        let placement = shared.placement(tenant).await;
        let staged = shared.stage((tenant, &placement), shared.budget.unrefused(), |stager, _| {
            let mut series = Series::new();
            for (labels, t, v) in samples {
                series.labels.clear();
                series.labels.extend(labels.iter());
                series.samples.clear();
                series.samples.push(Sample { t: *t, v: *v, st: 0 });
                stager.series(&mut series)?;
            }
            Ok(())
        });
        let staged = staged.map_err(|error| match error {
            Error::Message(error) => Status::new(Kind::BadRequest, error.to_string()),
            Error::Room(status) => status,
        })?;
        let outcome = shared.append(staged, 0).await;
        outcome.result.map(|()| outcome.written)
    }
}

impl Shared {
    /// 429 over the tenant's rate of requests.
    pub(crate) fn check_request_rate(
        &self,
        tenant: &TenantId,
        limits: &Limits,
        attempt: u32,
    ) -> Result<(), Status> {
        let now = self.parts.clock.now_ms();
        self.requests.take(tenant, now, limits.request_rate, limits.request_burst_size, 1).map_err(|wait| {
            let words = format!(
                "more than the tenant's limit request_rate of {} write requests a second",
                limits.request_rate
            );
            self.later(Status::new(Kind::TooMany, words).with_id("tenant-max-request-rate"), attempt, wait)
        })
    }

    /// 429 over the tenant's rate of samples, exemplars and metadata.
    pub(crate) fn check_sample_rate(
        &self,
        tenant: &TenantId,
        limits: &Limits,
        tally: &Tally,
        attempt: u32,
    ) -> Result<(), Status> {
        let now = self.parts.clock.now_ms();
        let (rate, n) = (limits.ingestion_rate, tally.stored.all());
        self.samples.take(tenant, now, rate, limits.ingestion_burst_size, n).map_err(|wait| {
            self.metrics.refused("tenant-max-ingestion-rate", tally.stored);
            let words = format!(
                "more than the tenant's limit ingestion_rate of {rate} samples a second; the request has {n}"
            );
            self.later(Status::new(Kind::TooMany, words).with_id("tenant-max-ingestion-rate"), attempt, wait)
        })
    }

    /// The status with the time when the sender should try again.
    pub(crate) fn later(&self, status: Status, attempt: u32, at_least: Duration) -> Status {
        let random = self.refusals.fetch_add(1, Ordering::Relaxed);
        status.with_retry_after(retry::retry_after(attempt, at_least, random))
    }

    /// Where the tenant's series go; for a request that is staged right after.
    pub(crate) async fn placement(&self, tenant: &TenantId) -> Placement {
        let Parts { overrides, hash_seed, partition_count, appender, .. } = &self.parts;
        let limits = overrides.limits(tenant);
        let spread = match shard_size(&limits, *partition_count) {
            Some(_) => None,
            None => Some(self.spreads.of(tenant, &appender.catalog()).await),
        };
        Placement::new(tenant, &limits, (*hash_seed, *partition_count), spread)
    }

    /// Stages a decompressed message. `reserved` has room for it, and afterwards for its records only.
    pub(crate) fn stage_message(
        &self,
        (tenant, placement): (&TenantId, &Placement),
        version: Version,
        message: &[u8],
        reserved: Reservation,
    ) -> Result<Staged, Status> {
        let staged = self.stage((tenant, placement), reserved, |stager, place| {
            let request = Request::parse(version, message)?;
            let mut series = Series::new();
            if version == Version::V1 {
                let (mut walk, mut known) = (request.raw_series(), Known::new(place));
                while let Some(raw) = walk.next_series()? {
                    known.stage(&raw, &mut series, stager)?;
                }
                known.enroll(stager);
            } else {
                let mut known = KnownNumbers::new(place.catalog, tenant, &request, stager)?;
                let mut walk = request.timeseries();
                while walk.next_unresolved(&mut series)? {
                    known.stage(&mut series, stager)?;
                }
                known.enroll(stager);
            }
            for family in request.metadata() {
                stager.family(&family?)?;
            }
            Ok(())
        });
        staged.map_err(|error| match error {
            Error::Message(error) => {
                Status::new(Kind::BadRequest, format!("the body is no {}: {error}", version.message()))
            }
            Error::Room(status) => status,
        })
    }

    fn stage(
        &self,
        (tenant, placement): (&TenantId, &Placement),
        mut reserved: Reservation,
        fill: impl FnOnce(&mut Stager<'_>, Place<'_>) -> Result<(), Error>,
    ) -> Result<Staged, Error> {
        let Parts { overrides, clock, .. } = &self.parts;
        let limits = overrides.limits(tenant);
        let catalog = self.parts.appender.catalog();
        let space = catalog.space(tenant, &rules(&limits, placement));
        let mut records = self.buffers.records(tenant);
        records.set_catalog(Arc::clone(&catalog));
        let most = self.config.max_decompressed_size_bytes.saturating_mul(RECORDS_TO_MESSAGE);
        let place = Place { catalog: &catalog, space };
        let mut stager =
            Stager::new(&limits, placement, clock.now_ms(), &mut records, place, &mut reserved, most);
        fill(&mut stager, place)?;
        let (tally, bytes, metadata) = stager.finish()?;
        reserved.shrink_to(bytes);
        let metadata = Told { catalog, space, fingerprints: metadata };
        Ok(Staged { records, tally, metadata, reserved })
    }

    /// Makes staged records durable, and says what the sender is told.
    pub(crate) async fn append(&self, staged: Staged, attempt: u32) -> Outcome {
        let Staged { records, tally, metadata, reserved } = staged;
        let outcome = match self.parts.appender.append(&records).await {
            Ok(appended) => {
                metadata.catalog.note_metadata(metadata.space, &metadata.fingerprints);
                self.durable(&tally, &records, &appended)
            }
            Err(error) => {
                self.metrics.observe(&tally, Counts::default());
                Outcome { written: Counts::default(), result: Err(self.append_error(&error, attempt)) }
            }
        };
        self.buffers.give_records(records);
        drop(reserved);
        outcome
    }

    fn durable(&self, tally: &Tally, records: &Records, appended: &Appended) -> Outcome {
        let mut written = tally.stored;
        let mut refused = tally.refused.clone();
        if let Some(first) = appended.conflicts.first() {
            let (labels, t) = records.sample(*first).unwrap_or_default();
            let reason = Reason::SampleDuplicateTimestamp;
            let counts = tally.kinds(&appended.conflicts);
            refused.by_reason.push((reason, counts));
            refused.first.get_or_insert_with(|| {
                (
                    reason,
                    format!("another value at the same timestamp {t} is already stored of series '{labels}'"),
                )
            });
            // Which of the two values is kept does not depend on who came first, so neither is told to be written.
            written.floats = written.floats.saturating_sub(counts.floats);
            written.histograms = written.histograms.saturating_sub(counts.histograms);
            self.metrics.conflicts(counts);
        }
        self.metrics.observe(tally, written);
        let result = match &refused.first {
            None => Ok(()),
            Some((reason, words)) => {
                Err(Status::new(Kind::BadRequest, refused.words(words, written)).with_id(reason.id()))
            }
        };
        Outcome { written, result }
    }

    fn append_error(&self, error: &AppendError, attempt: u32) -> Status {
        let words = error.to_string();
        let unavailable = |id| {
            self.later(Status::new(Kind::Unavailable, words.clone()).with_id(id), attempt, Duration::ZERO)
        };
        match error {
            AppendError::Overloaded { .. } => unavailable("wal-overloaded"),
            AppendError::TenantOverloaded { .. } => unavailable("wal-tenant-overloaded"),
            AppendError::Deadline { .. } => unavailable("wal-deadline"),
            AppendError::Closed => unavailable("wal-closed"),
            AppendError::TooLarge { .. } => {
                Status::new(Kind::TooLarge, words).with_id("distributor-max-write-message-size")
            }
            AppendError::Failed(_) => Status::new(Kind::Internal, words).with_id("wal-failed"),
        }
    }
}

impl fmt::Debug for Distributor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distributor").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
