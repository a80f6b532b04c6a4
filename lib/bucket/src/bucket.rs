//! The handle that everything else holds.

use std::future::Future;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::memory::InMemory;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::hedge::Hedge;
use crate::key::check_key;
use crate::place::Place;
use crate::{
    Created, Error, Habits, LocalDir, Object, ObjectStoreAdapter, Operation, Options, Stats, Store, cloud,
};

/// A request has this much more time per second for what it carries: the slowest way that is not given up.
const SLOWEST_BYTES_PER_SECOND: u64 = 4 << 20;

/// A bucket: one store behind deadlines, retries and counters. Cheap to clone; clones share all three.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) options: Options,
    pub(crate) stats: Stats,
    /// None where a second request cannot be quicker.
    hedges: Option<Hedges>,
}

#[derive(Debug)]
struct Hedges {
    creates: Hedge,
    reads: Hedge,
}

impl Bucket {
    /// Opens the bucket of a URL: `file:///directory` (made if absent, locked, see [`LocalDir`]), `memory://` (gone with
    /// the process), `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix` (nothing is asked of these yet:
    /// [`crate::check`] does).
    ///
    /// # Errors
    /// [`Error::Url`] names what is wrong with the URL or the options for it; [`Error::Locked`] the process that holds the
    /// directory.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let store: Arc<dyn Store> = match Place::of(url)? {
            Place::Directory(path) => Arc::new(LocalDir::open(&path, options.on_fatal.clone()).await?),
            Place::Memory => Arc::new(ObjectStoreAdapter::new(Arc::new(InMemory::new()))),
            Place::Cloud(location) => open_cloud(url, &location, &options)?,
        };
        Ok(Self::new(store, options))
    }

    /// Opens the bucket of a URL for reading, for tools that look at what a running process writes: without the lock of a
    /// directory, see [`LocalDir::open_read_only`].
    ///
    /// # Errors
    /// As [`Self::open`], but never [`Error::Locked`]; [`Error::Url`] also for `memory://`, which nobody else can look at.
    pub async fn open_read_only(url: &str, options: Options) -> Result<Self, Error> {
        match Place::of(url)? {
            Place::Directory(path) => {
                Ok(Self::new(Arc::new(LocalDir::open_read_only(&path).await?), options))
            }
            Place::Memory => {
                let reason = "memory is each process's own; give a file:///directory".to_owned();
                Err(Error::Url { url: url.to_owned(), reason })
            }
            Place::Cloud(location) => Ok(Self::new(open_cloud(url, &location, &options)?, options)),
        }
    }

    /// A handle on a store that the caller made.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, options: Options) -> Self {
        let hedges = store.is_remote().then(|| Hedges {
            creates: Hedge::new(options.hedge_after),
            reads: Hedge::new(options.hedge_after),
        });
        Self { shared: Arc::new(Shared { store, options, stats: Stats::default(), hedges }) }
    }

    /// A bucket in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Arc::new(ObjectStoreAdapter::new(Arc::new(InMemory::new()))), Options::default())
    }

    /// What has been asked of the store.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// How this handle behaves.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The whole object; retried, and hedged where the store is remote.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; others as the store has them, once the operation's time is over.
    pub async fn get(&self, key: &str) -> Result<Bytes, Error> {
        check_key(key)?;
        let store = &self.shared.store;
        let bytes = self.repeat(Operation::Get, key, 0, || store.get(key)).await?;
        self.shared.stats.bytes(Operation::Get, key, bytes.len());
        Ok(bytes)
    }

    /// The bytes `range` of the object; retried, and hedged where the store is remote.
    ///
    /// # Errors
    /// [`Error::Range`] if the object is shorter; else as [`Self::get`].
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        check_key(key)?;
        let store = &self.shared.store;
        let len = range.end.saturating_sub(range.start);
        let request = || async {
            let bytes = store.get_range(key, range.clone()).await?;
            if bytes.len() as u64 == len {
                return Ok(bytes);
            }
            let reason = format!("{} bytes came for the range {}..{}", bytes.len(), range.start, range.end);
            Err(Error::Store { operation: "get", key: key.to_owned(), reason })
        };
        let bytes = self.repeat(Operation::Get, key, len, request).await?;
        self.shared.stats.bytes(Operation::Get, key, bytes.len());
        Ok(bytes)
    }

    /// The object's size and time; retried.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn head(&self, key: &str) -> Result<Object, Error> {
        check_key(key)?;
        let store = &self.shared.store;
        self.repeat(Operation::Head, key, 0, || store.head(key)).await
    }

    /// Writes the whole object, replacing one that is there; durable on return; retried (the same bytes again do no harm).
    ///
    /// # Errors
    /// As the store has them; whether the object was written is then unknown.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        check_key(key)?;
        let (store, len) = (&self.shared.store, bytes.len());
        self.repeat(Operation::Put, key, len as u64, || store.put(key, bytes.clone())).await?;
        self.shared.stats.bytes(Operation::Put, key, len);
        Ok(())
    }

    /// Writes the whole object if there is none; one request, not retried: [`crate::Chain`] knows how to go on.
    pub async fn create(&self, key: &str, bytes: Bytes) -> Created {
        if let Err(error) = check_key(key) {
            return Created::Unknown(error);
        }
        let stats = &self.shared.stats;
        stats.request(Operation::Create, key);
        let len = bytes.len();
        let after = self.shared.options.request_timeout + transfer_time(len as u64);
        let begun = Instant::now();
        let created = match tokio::time::timeout(after, self.shared.store.create(key, bytes)).await {
            Ok(created) => created,
            Err(_) => Created::Unknown(Error::Deadline { operation: "create", key: key.to_owned(), after }),
        };
        match created {
            Created::Yes => stats.bytes(Operation::Create, key, len),
            Created::Exists => {}
            Created::Unknown(_) => stats.error(Operation::Create),
        }
        if !matches!(created, Created::Unknown(_)) {
            stats.answered(Operation::Create, begun.elapsed());
        }
        created
    }

    /// The same, but if there is no answer after a while, a second request with the same bytes goes beside the first. The first
    /// success counts; an error counts once both have failed. Whatever is told besides a success is settled by reading back
    /// what is there: a request that is given up here may still take effect, with the same bytes.
    pub(crate) async fn create_hedged(&self, key: &str, bytes: &Bytes) -> Created {
        let Some(Hedges { creates, .. }) = &self.shared.hedges else {
            return self.create(key, bytes.clone()).await;
        };
        let begun = Instant::now();
        let mut first = pin!(self.create(key, bytes.clone()));
        let created = match tokio::time::timeout(creates.delay(), &mut first).await {
            Ok(created) => created,
            Err(_) => {
                self.shared.stats.hedge(Operation::Create);
                let second = pin!(self.create(key, bytes.clone()));
                match futures::future::select(first, second).await.factor_first() {
                    // The other one may have won.
                    (Created::Unknown(_), other) => other.await,
                    (created, _) => created,
                }
            }
        };
        if matches!(created, Created::Yes) {
            creates.observe(begun.elapsed());
        }
        created
    }

    /// Deletes the object; fine if there is none; retried.
    ///
    /// # Errors
    /// As the store has them; whether the object is gone is then unknown.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        check_key(key)?;
        let store = &self.shared.store;
        self.repeat(Operation::Delete, key, 0, || store.delete(key)).await
    }

    /// Deletes the objects one after the other, in the given order; fine where there is none; retried. Where the store can
    /// make many deletions durable at once (a directory), they are.
    ///
    /// # Errors
    /// As the store has them; which of the objects are gone is then unknown.
    pub async fn delete_many(&self, keys: &[String]) -> Result<(), Error> {
        for key in keys {
            check_key(key)?;
        }
        let store = &self.shared.store;
        for batch in keys.chunks(store.most_deletions().max(1)) {
            let Some(first) = batch.first() else { continue };
            self.repeat(Operation::Delete, first, 0, || store.delete_many(batch)).await?;
        }
        Ok(())
    }

    /// What the store does to objects by itself, as far as it tells; puts an object at `key` and deletes it.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(crate) async fn habits(&self, key: &str) -> Result<Habits, Error> {
        check_key(key)?;
        let store = &self.shared.store;
        let habits = self.repeat(Operation::Put, key, 0, || store.habits(key)).await?;
        self.delete(key).await?;
        Ok(habits)
    }

    /// Asks until there is a definite answer or the operation's time is over. `bytes` are what a request carries, as far as
    /// that is known.
    pub(crate) async fn repeat<T, F, R>(
        &self,
        operation: Operation,
        key: &str,
        bytes: u64,
        request: F,
    ) -> Result<T, Error>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, Error>>,
    {
        let Options { request_timeout, operation_timeout, retry_backoff, .. } = self.shared.options;
        let stats = &self.shared.stats;
        let more = transfer_time(bytes);
        let deadline = Instant::now() + operation_timeout + more;
        let mut pauses = Backoff::new(retry_backoff);
        loop {
            let after = (request_timeout + more).min(deadline.saturating_duration_since(Instant::now()));
            let error = match tokio::time::timeout(after, self.ask(operation, key, &request)).await {
                Ok(Err(error)) if error.is_transient() => error,
                Ok(answer) => return answer,
                Err(_) => Error::Deadline { operation: operation.as_str(), key: key.to_owned(), after },
            };
            stats.error(operation);
            let pause = pauses.next_pause();
            if Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::debug!(operation = operation.as_str(), key, %error, "asking the bucket again");
            tokio::time::sleep(pause).await;
        }
    }

    /// One request; of a read that has no answer after a while a second one beside it, whose answer is as good.
    async fn ask<T, F, R>(&self, operation: Operation, key: &str, request: &F) -> Result<T, Error>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, Error>>,
    {
        let stats = &self.shared.stats;
        let counted = || async {
            stats.request(operation, key);
            let begun = Instant::now();
            let answer = request().await;
            if !answer.as_ref().is_err_and(Error::is_transient) {
                stats.answered(operation, begun.elapsed());
            }
            answer
        };
        let reads = match &self.shared.hedges {
            Some(Hedges { reads, .. }) if matches!(operation, Operation::Get | Operation::Head) => reads,
            _ => return counted().await,
        };
        let begun = Instant::now();
        let mut first = pin!(counted());
        let answer = match tokio::time::timeout(reads.delay(), &mut first).await {
            Ok(answer) => answer,
            Err(_) if !reads.afford() => first.await,
            Err(_) => {
                stats.hedge(operation);
                let second = pin!(counted());
                match futures::future::select(first, second).await.factor_first() {
                    (Err(error), other) if error.is_transient() => other.await,
                    (answer, _) => answer,
                }
            }
        };
        if answer.is_ok() {
            reads.observe(begun.elapsed());
        }
        answer
    }
}

fn open_cloud(url: &str, location: &cloud::Location, options: &Options) -> Result<Arc<dyn Store>, Error> {
    cloud::open(location, &options.cloud).map_err(|reason| Error::Url { url: url.to_owned(), reason })
}

/// What so many bytes add to a deadline.
fn transfer_time(bytes: u64) -> Duration {
    Duration::from_millis(bytes.saturating_mul(1000) / SLOWEST_BYTES_PER_SECOND)
}
