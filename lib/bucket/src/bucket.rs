//! The handle that everything else holds.

use std::future::Future;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use tokio::time::Instant;
use url::Url;

use crate::hedge::Hedge;
use crate::key::{check_key, check_prefix};
use crate::{
    Created, Error, Listing, LocalDir, Object, ObjectStoreAdapter, Operation, Options, Stats, Store,
};

/// A bucket: one store behind deadlines, retries and counters. Cheap to clone; clones share all three.
#[derive(Clone, Debug)]
pub struct Bucket {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    options: Options,
    stats: Stats,
    /// None where a second request cannot be quicker.
    hedge: Option<Hedge>,
}

impl Bucket {
    /// Opens the bucket of a URL: `file:///directory` (made if absent, locked, see [`LocalDir`]) or `memory://` (gone with
    /// the process).
    ///
    /// # Errors
    /// [`Error::Url`] names what is wrong with the URL; [`Error::Locked`] the process that holds the directory.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let store: Arc<dyn Store> = match place_of(url)? {
            Place::Directory(path) => Arc::new(LocalDir::open(&path, options.on_fatal.clone()).await?),
            Place::Memory => Arc::new(ObjectStoreAdapter::new(Arc::new(InMemory::new()))),
        };
        Ok(Self::new(store, options))
    }

    /// Opens the bucket of a URL for reading, for tools that look at what a running process writes: without the lock of a
    /// directory, see [`LocalDir::open_read_only`].
    ///
    /// # Errors
    /// As [`Self::open`], but never [`Error::Locked`]; [`Error::Url`] also for `memory://`, which nobody else can look at.
    pub async fn open_read_only(url: &str, options: Options) -> Result<Self, Error> {
        match place_of(url)? {
            Place::Directory(path) => {
                Ok(Self::new(Arc::new(LocalDir::open_read_only(&path).await?), options))
            }
            Place::Memory => {
                let reason = "memory is each process's own; give a file:///directory".to_owned();
                Err(Error::Url { url: url.to_owned(), reason })
            }
        }
    }

    /// A handle on a store that the caller made.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, options: Options) -> Self {
        let hedge = store.is_remote().then(|| Hedge::new(options.hedge_after));
        Self { shared: Arc::new(Shared { store, options, stats: Stats::default(), hedge }) }
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

    /// The whole object; retried.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; others as the store has them, once the operation's time is over.
    pub async fn get(&self, key: &str) -> Result<Bytes, Error> {
        check_key(key)?;
        let store = &self.shared.store;
        let bytes = self.repeat(Operation::Get, key, || store.get(key)).await?;
        self.shared.stats.bytes(Operation::Get, bytes.len());
        Ok(bytes)
    }

    /// The bytes `range` of the object; retried.
    ///
    /// # Errors
    /// [`Error::Range`] if the object is shorter; else as [`Self::get`].
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        check_key(key)?;
        let store = &self.shared.store;
        let bytes = self.repeat(Operation::Get, key, || store.get_range(key, range.clone())).await?;
        self.shared.stats.bytes(Operation::Get, bytes.len());
        Ok(bytes)
    }

    /// The object's size and time; retried.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn head(&self, key: &str) -> Result<Object, Error> {
        check_key(key)?;
        let store = &self.shared.store;
        self.repeat(Operation::Head, key, || store.head(key)).await
    }

    /// Writes the whole object, replacing one that is there; durable on return; retried (the same bytes again do no harm).
    ///
    /// # Errors
    /// As the store has them; whether the object was written is then unknown.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        check_key(key)?;
        let store = &self.shared.store;
        self.repeat(Operation::Put, key, || store.put(key, bytes.clone())).await?;
        self.shared.stats.bytes(Operation::Put, bytes.len());
        Ok(())
    }

    /// Writes the whole object if there is none; one request, not retried: [`crate::Chain`] knows how to go on.
    pub async fn create(&self, key: &str, bytes: Bytes) -> Created {
        if let Err(error) = check_key(key) {
            return Created::Unknown(error);
        }
        let stats = &self.shared.stats;
        stats.request(Operation::Create);
        let after = self.shared.options.request_timeout;
        let len = bytes.len();
        let created = match tokio::time::timeout(after, self.shared.store.create(key, bytes)).await {
            Ok(created) => created,
            Err(_) => Created::Unknown(Error::Deadline { operation: "create", key: key.to_owned(), after }),
        };
        match created {
            Created::Yes => stats.bytes(Operation::Create, len),
            Created::Exists => {}
            Created::Unknown(_) => stats.error(Operation::Create),
        }
        created
    }

    /// The same, but if there is no answer after a while, a second request with the same bytes goes beside the first. The first
    /// success counts; an error counts once both have failed. Whatever is told besides a success is settled by reading back
    /// what is there: a request that is given up here may still take effect, with the same bytes.
    pub(crate) async fn create_hedged(&self, key: &str, bytes: &Bytes) -> Created {
        let Some(hedge) = &self.shared.hedge else { return self.create(key, bytes.clone()).await };
        let begun = Instant::now();
        let mut first = pin!(self.create(key, bytes.clone()));
        let created = match tokio::time::timeout(hedge.delay(), &mut first).await {
            Ok(created) => created,
            Err(_) => {
                self.shared.stats.hedge();
                let second = pin!(self.create(key, bytes.clone()));
                match futures::future::select(first, second).await.factor_first() {
                    // The other one may have won.
                    (Created::Unknown(_), other) => other.await,
                    (created, _) => created,
                }
            }
        };
        if matches!(created, Created::Yes) {
            hedge.observe(begun.elapsed());
        }
        created
    }

    /// The objects below `prefix` (a whole number of key segments; empty = all), those after the key `after`, in the
    /// store's order.
    ///
    /// Not retried; [`Self::keys`] is. Each object has the request's deadline.
    pub fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        if let Err(error) = check_prefix(prefix) {
            return futures::stream::iter([Err(error)]).boxed();
        }
        let shared = Arc::clone(&self.shared);
        shared.stats.request(Operation::List);
        let key = prefix.to_owned();
        let listing = shared.store.list(prefix, after);
        futures::stream::unfold(Some(listing), move |listing| {
            let (shared, key) = (Arc::clone(&shared), key.clone());
            async move {
                let mut listing = listing?;
                let after = shared.options.request_timeout;
                match tokio::time::timeout(after, listing.next()).await {
                    Ok(Some(Ok(object))) => Some((Ok(object), Some(listing))),
                    Ok(None) => None,
                    Ok(Some(Err(error))) => {
                        shared.stats.error(Operation::List);
                        Some((Err(error), None))
                    }
                    Err(_) => {
                        shared.stats.error(Operation::List);
                        Some((Err(Error::Deadline { operation: "list", key, after }), None))
                    }
                }
            }
        })
        .boxed()
    }

    /// The keys below `prefix` after the key `after`, up to the key `until` (not included), ascending, whatever the order in
    /// which the store lists them; listed anew until there is a whole listing or the operation's time is over.
    ///
    /// # Errors
    /// As the store has them.
    pub async fn keys(
        &self,
        prefix: &str,
        after: Option<&str>,
        until: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let options = &self.shared.options;
        let deadline = Instant::now() + options.operation_timeout;
        let mut pauses = Backoff::new(options.retry_backoff);
        loop {
            let listed: Result<Vec<String>, Error> =
                self.list(prefix, after).map_ok(|object| object.key).try_collect().await;
            let error = match listed {
                Ok(mut keys) => {
                    keys.retain(|key| until.is_none_or(|until| key.as_str() < until));
                    keys.sort_unstable();
                    return Ok(keys);
                }
                Err(error) => error,
            };
            let pause = pauses.next_pause();
            if !error.is_transient() || Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::debug!(prefix, %error, "listing again");
            tokio::time::sleep(pause).await;
        }
    }

    /// Deletes the object; fine if there is none; retried.
    ///
    /// # Errors
    /// As the store has them; whether the object is gone is then unknown.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        check_key(key)?;
        let store = &self.shared.store;
        self.repeat(Operation::Delete, key, || store.delete(key)).await
    }

    /// Asks until there is a definite answer or the operation's time is over.
    async fn repeat<T, F, R>(&self, operation: Operation, key: &str, mut request: F) -> Result<T, Error>
    where
        F: FnMut() -> R,
        R: Future<Output = Result<T, Error>>,
    {
        let Options { request_timeout, operation_timeout, retry_backoff, .. } = self.shared.options;
        let stats = &self.shared.stats;
        let deadline = Instant::now() + operation_timeout;
        let mut pauses = Backoff::new(retry_backoff);
        loop {
            stats.request(operation);
            let after = request_timeout.min(deadline.saturating_duration_since(Instant::now()));
            let error = match tokio::time::timeout(after, request()).await {
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
}

/// Pauses that double.
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration) -> Self {
        Self { next: first, longest: first * 32 }
    }

    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }
}

/// What a URL names.
enum Place {
    Directory(PathBuf),
    Memory,
}

fn place_of(url: &str) -> Result<Place, Error> {
    let refuse = |reason: String| Error::Url { url: url.to_owned(), reason };
    let parsed = Url::parse(url)
        .map_err(|error| refuse(format!("{error}; give e.g. file:///var/lib/mneme/bucket")))?;
    match parsed.scheme() {
        "file" => directory_of(&parsed).map(Place::Directory).map_err(|reason| refuse(reason.to_owned())),
        "memory" => Ok(Place::Memory),
        scheme @ ("s3" | "gs" | "az") => Err(refuse(format!(
            "{scheme}:// buckets are not built into this version yet; use file:///directory"
        ))),
        scheme => Err(refuse(format!("unknown scheme {scheme}://; file:/// and memory:// are known"))),
    }
}

fn directory_of(url: &Url) -> Result<PathBuf, &'static str> {
    if url.host_str().is_some_and(|host| !host.is_empty()) {
        return Err("a file URL has three slashes and an absolute path, e.g. file:///var/lib/mneme/bucket");
    }
    let path = url.to_file_path().map_err(|()| "the path is not absolute")?;
    if path == Path::new("/") { Err("the path is the root directory") } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn urls_that_cannot_be_opened_say_why() {
        for (url, words) in [
            ("s3://bucket", "not built into this version yet"),
            ("gs://bucket", "not built into this version yet"),
            ("az://bucket", "not built into this version yet"),
            ("file://relative/path", "three slashes"),
            ("ftp://x", "unknown scheme"),
            ("bucket", "relative URL"),
        ] {
            let error = Bucket::open(url, Options::default()).await.unwrap_err().to_string();
            assert!(error.contains(words) && error.contains(url), "{error}");
        }
    }
}
