//! The role: its parts and its state.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use futures::FutureExt;
use mneme_block::manifest::Manifests;
use mneme_bucket::{AttemptIds, Bucket};
use mneme_model::{Cut, WriterId};
use mneme_server::{Drain, SharedClock};
use mneme_wal::Log;
use prometheus::Registry;
use tokio::sync::{Semaphore, watch};

use crate::active::Sizes;
use crate::flush::{FlushHook, Requests};
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::partitions::Partitions;
use crate::saved::Saved;
use crate::strands::{Handed, Strands};
use crate::writer::{Segment, Writer, Writers};
use crate::{Config, Error};

/// What an ingester is given.
pub struct Parts {
    /// Its name: the moment of its flushes is chosen by it.
    pub instance: String,
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
    /// The most bytes of memory that the process may use, as the machine or its container says; 0 if unknown.
    pub memory_bytes: u64,
    /// Where samples go that memory is too short for; emptied at the start. Without it there is nothing to do but wait.
    pub spill_directory: Option<PathBuf>,
}

/// Holds the recent data of all partitions. A cheap handle: clones are one ingester.
#[derive(Clone)]
pub struct Ingester {
    pub(crate) shared: Arc<Shared>,
}

/// What all parts of an ingester work on.
pub(crate) struct Shared {
    pub(crate) instance: String,
    pub(crate) config: Config,
    pub(crate) bucket: Bucket,
    pub(crate) clock: SharedClock,
    pub(crate) attempts: Arc<AttemptIds>,
    pub(crate) exclusive: bool,
    pub(crate) metrics: Metrics,
    pub(crate) partitions: Partitions,
    pub(crate) strands: Strands,
    pub(crate) memory: Memory,
    pub(crate) writers: Writers,
    /// What is in checkpoints. Locked for a whole round of checkpoints.
    pub(crate) saved: tokio::sync::Mutex<Saved>,
    pub(crate) log: tokio::sync::Mutex<Log>,
    pub(crate) turns: Arc<Semaphore>,
    pub(crate) cuts: watch::Sender<Cut>,
    pub(crate) manifests: Manifests,
    /// The shard sizes that manifests say.
    pub(crate) sizes: Sizes,
    /// Flushes that are asked for.
    pub(crate) requests: Requests,
    /// Told of each step of a flush.
    pub(crate) flush_hook: OnceLock<Arc<dyn FlushHook>>,
    /// The last entry of the log whose writer is known.
    log_position: AtomicU64,
    /// A writer's first segments were not there.
    truncated: AtomicBool,
    ready: AtomicBool,
}

impl Ingester {
    /// # Errors
    /// Those of [`Config::validate`], no partitions, and metrics that are registered already.
    pub fn new(config: Config, parts: Parts) -> Result<Self, String> {
        config.validate()?;
        let Parts {
            instance,
            bucket,
            clock,
            registry,
            partitions,
            attempts,
            exclusive,
            memory_bytes,
            spill_directory,
        } = parts;
        if partitions == 0 {
            return Err("the ingester needs at least one partition".to_owned());
        }
        let metrics =
            Metrics::register(&registry).map_err(|error| format!("metrics of the ingester: {error}"))?;
        let turns = match config.max_concurrent_queries {
            0 => 2 * std::thread::available_parallelism().map_or(2, NonZero::get),
            turns => turns,
        };
        let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
        let heads = Partitions::new(partitions, &config.head);
        let limit = config.head_budget(memory_bytes);
        metrics.memory_limit.set(i64::try_from(limit).unwrap_or(i64::MAX));
        let shared = Shared {
            strands: Strands::new(cores, heads.clone(), metrics.clone()),
            memory: Memory::new(limit, spill_directory)?,
            saved: tokio::sync::Mutex::new(Saved::new(usize::from(partitions))),
            partitions: heads,
            log: tokio::sync::Mutex::new(Log::new(bucket.clone())),
            turns: Arc::new(Semaphore::new(turns)),
            cuts: watch::Sender::new(Cut::default()),
            log_position: AtomicU64::new(0),
            truncated: AtomicBool::new(false),
            ready: AtomicBool::new(false),
            writers: Writers::default(),
            manifests: Manifests::new(bucket.clone(), Arc::clone(&attempts)),
            sizes: Sizes::default(),
            requests: Requests::new(),
            flush_hook: OnceLock::new(),
            instance,
            config,
            bucket,
            clock,
            attempts,
            exclusive,
            metrics,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Loads the checkpoints and reads the rest of the WAL. Afterwards deliveries are applied and questions answered; until then
    /// they are refused.
    ///
    /// # Errors
    /// A WAL that cannot be read. Segments and checkpoints that are broken are reported and skipped.
    pub async fn replay(&self) -> Result<(), Error> {
        crate::replay::replay(&self.shared).await
    }

    /// Tails the WAL, cuts it, writes checkpoints, truncates behind them and flushes, until `drain`. Call it after [`Self::replay`].
    ///
    /// # Errors
    /// A WAL that cannot be read any more, or records whose application panicked; a bucket that does not answer is waited for.
    pub async fn run(self, drain: Drain) -> Result<(), Error> {
        let shared = &self.shared;
        let keep = async {
            tokio::try_join!(
                crate::tail::run(shared, &drain),
                crate::keep::run(shared, &drain),
                crate::truncate::run(shared, &drain),
                crate::flush::run(shared, &drain).boxed()
            )?;
            if shared.config.flush_on_shutdown
                && let Err(error) = crate::flush::at_shutdown(shared).await
            {
                tracing::warn!(%error, "the last flush failed: what is not in blocks is in the write-ahead log and in checkpoints");
            }
            Ok(())
        };
        tokio::select! {
            failure = shared.strands.failed() => Err(failure),
            ended = keep => ended,
        }
    }

    /// Tells `hook` of each step of a flush from now on: for tests that stop one there. Only the first one counts.
    pub fn set_flush_hook(&self, hook: Arc<dyn FlushHook>) {
        let _ = self.shared.flush_hook.set(hook);
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

    pub(crate) fn log_position(&self) -> u64 {
        self.log_position.load(Ordering::Acquire)
    }

    pub(crate) fn set_log_position(&self, position: u64) {
        self.log_position.store(position, Ordering::Release);
    }

    /// Goes on with this log.
    pub(crate) async fn set_log(&self, log: Log) {
        self.set_log_position(log.position());
        self.tell_cut(log.cut());
        *self.log.lock().await = log;
    }

    /// Whether all of a writer's segments are in checkpoints and it will write no more.
    pub(crate) fn is_finished(&self, writer: WriterId) -> bool {
        writer.0 <= self.log_position() && !self.writers.contains(writer)
    }

    /// Whether there are checkpoints, so that segments may have been truncated.
    pub(crate) fn truncates(&self) -> bool {
        self.metrics.checkpoints_loaded.get() + self.metrics.corrupt_checkpoints.get() > 0
    }

    pub(crate) fn note_truncated(&self) {
        self.truncated.store(true, Ordering::Relaxed);
    }

    /// Whether a writer's first segments were not there.
    pub(crate) fn saw_truncated(&self) -> bool {
        self.truncated.load(Ordering::Relaxed)
    }

    /// Takes in a writer's next segment and hands it to the strands. One that was taken in before is passed over.
    pub(crate) async fn hand(&self, writer: &mut Writer, segment: Segment, source: &str) -> Handed {
        if segment.seq <= writer.position {
            return Handed::nothing();
        }
        let (seq, cut) = (segment.seq, segment.cut);
        let room = self.strands.room(&segment).await;
        // From here on without an await: what is noted is handed over.
        self.metrics.segments.with_label_values(&[source]).inc();
        writer.took(seq, cut);
        self.strands.hand(writer.id, segment, room)
    }
}
