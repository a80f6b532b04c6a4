//! The role: its parts and its state.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mneme_bucket::{AttemptIds, Bucket};
use mneme_model::Cut;
use mneme_proto::internal::ingester::Conflict;
use mneme_server::{Drain, SharedClock};
use mneme_wal::Log;
use prometheus::Registry;
use tokio::sync::{OwnedMutexGuard, Semaphore, watch};

use crate::metrics::Metrics;
use crate::partitions::Partitions;
use crate::writer::{Segment, Writer, Writers};
use crate::{Config, Error};

/// Sections up to this many bytes are applied at once; larger ones on a thread for blocking work. About half a millisecond.
const INLINE_BYTES: usize = 16 << 10;

/// What an ingester is given.
pub struct Parts {
    /// Where the WAL is.
    pub bucket: Bucket,
    /// The time of day, for the log.
    pub clock: SharedClock,
    /// Where its metrics are registered.
    pub registry: Registry,
    /// How many partitions there are; all are owned.
    pub partitions: u16,
    /// Ids for what it creates in the bucket.
    pub attempts: Arc<AttemptIds>,
    /// Nobody else writes into this bucket (a locked local directory): writers of before are sealed at the start, so that they need not
    /// be polled.
    pub exclusive: bool,
}

/// Holds the recent data of all partitions. A cheap handle: clones are one ingester.
#[derive(Clone)]
pub struct Ingester {
    pub(crate) shared: Arc<Shared>,
}

/// What all parts of an ingester work on.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) bucket: Bucket,
    pub(crate) clock: SharedClock,
    pub(crate) attempts: Arc<AttemptIds>,
    pub(crate) exclusive: bool,
    pub(crate) metrics: Metrics,
    pub(crate) partitions: Partitions,
    pub(crate) writers: Writers,
    pub(crate) log: tokio::sync::Mutex<Log>,
    pub(crate) turns: Arc<Semaphore>,
    pub(crate) cuts: watch::Sender<Cut>,
    ready: AtomicBool,
}

impl Ingester {
    /// # Errors
    /// Those of [`Config::validate`], no partitions, and metrics that are registered already.
    pub fn new(config: Config, parts: Parts) -> Result<Self, String> {
        config.validate()?;
        let Parts { bucket, clock, registry, partitions, attempts, exclusive } = parts;
        if partitions == 0 {
            return Err("the ingester needs at least one partition".to_owned());
        }
        let metrics =
            Metrics::register(&registry).map_err(|error| format!("metrics of the ingester: {error}"))?;
        let turns = match config.max_concurrent_queries {
            0 => 2 * std::thread::available_parallelism().map_or(2, NonZero::get),
            turns => turns,
        };
        let shared = Shared {
            partitions: Partitions::new(partitions, &config.head),
            log: tokio::sync::Mutex::new(Log::new(bucket.clone())),
            turns: Arc::new(Semaphore::new(turns)),
            cuts: watch::Sender::new(Cut::default()),
            ready: AtomicBool::new(false),
            writers: Writers::default(),
            config,
            bucket,
            clock,
            attempts,
            exclusive,
            metrics,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Reads the whole WAL. Afterwards deliveries are applied and questions answered; until then they are refused.
    ///
    /// # Errors
    /// A WAL that cannot be read. Segments that are broken are reported and skipped.
    pub async fn replay(&self) -> Result<(), Error> {
        crate::replay::replay(&self.shared).await
    }

    /// Tails the WAL and cuts it, until `drain`. Call it after [`Self::replay`].
    ///
    /// # Errors
    /// A WAL that cannot be read any more; a bucket that does not answer is waited for.
    pub async fn run(self, drain: Drain) -> Result<(), Error> {
        crate::tail::run(&self.shared, &drain).await
    }

    /// Tells the newest cut, for a writer in the same process that should stamp it at once.
    #[must_use]
    pub fn cuts(&self) -> watch::Receiver<Cut> {
        self.shared.cuts.subscribe()
    }

    /// Whether the WAL is replayed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shared.is_ready()
    }
}

impl Shared {
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
        self.metrics.ready.set(1);
    }

    /// Applies a segment, on a thread for blocking work if it is large. The writer stays locked until it is applied, even if this
    /// future is dropped.
    pub(crate) async fn apply(
        &self,
        mut writer: OwnedMutexGuard<Writer>,
        segment: Segment,
        source: &str,
    ) -> Result<(OwnedMutexGuard<Writer>, Vec<Conflict>), Error> {
        self.metrics.segments.with_label_values(&[source]).inc();
        if segment.bytes() <= INLINE_BYTES {
            let conflicts = writer.apply(segment, &self.partitions, &self.metrics);
            return Ok((writer, conflicts));
        }
        let (partitions, metrics, id) = (self.partitions.clone(), self.metrics.clone(), writer.id);
        let work = tokio::task::spawn_blocking(move || {
            let conflicts = writer.apply(segment, &partitions, &metrics);
            (writer, conflicts)
        });
        work.await.map_err(|_| Error::Apply(format!("writer {id}")))
    }
}
