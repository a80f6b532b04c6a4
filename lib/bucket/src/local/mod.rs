//! A directory as a durable store.
//!
//! Create: write a file without a name (or with a temporary one, where the file system has no other), fsync it, hard-link it
//! to its name (which fails if the name is taken), fsync the
//! directory and every directory made for it. Directories are opened before the link: after it only an
//! fsync can fail. An object that is not durable yet is invisible here: requests for its key wait for it. A failed fsync is fatal ([`crate::OnFatal`]): afterwards every request fails.
//! One process at a time, by a lock file. At the start stale temporaries go and the directories with their newest files are
//! fsynced again, since the process before may have ended between link and fsync.
//! An object that comes in parts is a file with a temporary name until it is whole and fsynced.

mod directories;
mod disk;
mod listing;
mod lock;
mod pending;
mod unfinished;
mod uploads;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;

pub(crate) use self::lock::DirLock;

use self::disk::Disk;
use self::pending::{Held, Pending};
use self::uploads::Uploads;
use crate::{Created, Error, Listing, Object, OnFatal, Part, Store};

/// Files that are deleted before their directories are synced.
const DELETIONS: usize = 256;

/// A directory as a store: durable, for one process at a time. All file work runs on Tokio's blocking threads.
#[derive(Debug)]
pub struct LocalDir {
    disk: Arc<Disk>,
    pending: Arc<Pending>,
    uploads: Arc<Uploads>,
}

impl LocalDir {
    /// Opens the directory, making it if absent; takes its lock and makes what it holds durable once more.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it; [`Error::Store`] for what the file system says.
    pub async fn open(path: &Path, on_fatal: OnFatal) -> Result<Self, Error> {
        let path = path.to_owned();
        let disk = blocking("open", "", move || Disk::open(&path, on_fatal)).await?;
        Ok(Self { disk: Arc::new(disk), pending: Arc::default(), uploads: Arc::default() })
    }

    /// Opens a directory for reading, without its lock: another process may be writing to it, so that what is read may not be
    /// durable yet. Nothing is made, everything that would change something is refused.
    ///
    /// # Errors
    /// [`Error::Store`] for what the file system says, such as that there is no such directory.
    pub async fn open_read_only(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        let disk = blocking("open", "", move || Disk::open_read_only(&path)).await?;
        Ok(Self { disk: Arc::new(disk), pending: Arc::default(), uploads: Arc::default() })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.disk.root().to_owned()
    }

    /// Runs file work that changes `key`. The key stays held until the work is done, even if the caller gives up first.
    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &str,
        work: impl FnOnce(&Disk, &str) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let held: Held = Pending::hold(&self.pending, key).await;
        let (disk, owned) = (Arc::clone(&self.disk), key.to_owned());
        blocking(operation, key, move || {
            let result = disk.check_writable(operation, &owned).and_then(|()| work(&disk, &owned));
            drop(held);
            result
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &str,
        work: impl FnOnce(&Disk, &str) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.pending.settled(key).await;
        let (disk, owned) = (Arc::clone(&self.disk), key.to_owned());
        blocking(operation, key, move || disk.check().and_then(|()| work(&disk, &owned))).await
    }
}

#[async_trait]
impl Store for LocalDir {
    fn is_remote(&self) -> bool {
        false
    }

    async fn get(&self, key: &str) -> Result<Bytes, Error> {
        self.read("get", key, Disk::get).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.read("get", key, move |disk, key| disk.get_range(key, range)).await
    }

    async fn head(&self, key: &str) -> Result<Object, Error> {
        self.read("head", key, Disk::head).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        self.write("put", key, move |disk, key| disk.put(key, &bytes)).await
    }

    async fn begin_upload(&self, key: &str) -> Result<String, Error> {
        let (disk, uploads, owned) = (Arc::clone(&self.disk), Arc::clone(&self.uploads), key.to_owned());
        blocking("put", key, move || {
            disk.check_writable("put", &owned)?;
            Ok(uploads.begin(disk.begin(&owned)?))
        })
        .await
    }

    async fn put_part(&self, key: &str, upload: &str, part: Part, bytes: Bytes) -> Result<String, Error> {
        let (disk, draft, owned) = (Arc::clone(&self.disk), self.uploads.find(key, upload)?, key.to_owned());
        blocking("put", key, move || {
            disk.check_writable("put", &owned)?;
            draft.with(&owned, |draft| Disk::write_part(draft, &owned, part.offset, &bytes))?;
            Ok(String::new())
        })
        .await
    }

    async fn finish_upload(&self, key: &str, upload: &str, _: Vec<String>) -> Result<(), Error> {
        let draft = self.uploads.find(key, upload)?;
        self.write("put", key, move |disk, key| draft.finish(key, |draft| disk.finish(key, draft))).await
    }

    async fn abort_upload(&self, _: &str, upload: &str) -> Result<(), Error> {
        self.uploads.forget(upload);
        Ok(())
    }

    fn forget_upload(&self, upload: &str) {
        self.uploads.forget(upload);
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Created {
        match self.write("create", key, move |disk, key| disk.create(key, &bytes)).await {
            Ok(true) => Created::Yes,
            Ok(false) => Created::Exists,
            Err(error) => Created::Unknown(error),
        }
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        let (disk, pending) = (Arc::clone(&self.disk), Arc::clone(&self.pending));
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        let listing = async move {
            let owned = prefix.clone();
            let listed = blocking("list", &prefix, move || {
                disk.check()?;
                // Held before the walk = perhaps linked but not durable. What gets held during it is only newer.
                let hidden = pending.keys();
                let mut objects = disk.list(&owned, after.as_deref())?;
                objects.retain(|object| !hidden.contains(&object.key) && !pending.is_held(&object.key));
                Ok(objects)
            })
            .await;
            match listed {
                Ok(objects) => futures::stream::iter(objects.into_iter().map(Ok)).left_stream(),
                Err(error) => futures::stream::iter([Err(error)]).right_stream(),
            }
        };
        futures::stream::once(listing).flatten().boxed()
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        self.read("list", prefix, Disk::folders).await
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        self.write("delete", key, |disk, key| disk.delete_many(&[key])).await
    }

    fn most_deletions(&self) -> usize {
        DELETIONS
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), Error> {
        // In the order of the names, so that two calls never wait for each other.
        let mut sorted: Vec<&String> = keys.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut held = Vec::with_capacity(sorted.len());
        for key in sorted {
            held.push(Pending::hold(&self.pending, key).await);
        }
        let (disk, keys) = (Arc::clone(&self.disk), keys.to_owned());
        let first = keys.first().cloned().unwrap_or_default();
        let named = first.clone();
        blocking("delete", &named, move || {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let deleted = disk.check_writable("delete", &first).and_then(|()| disk.delete_many(&keys));
            drop(held);
            deleted
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    operation: &'static str,
    key: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Store { operation, key: key.to_owned(), reason: error.to_string() }),
    }
}
