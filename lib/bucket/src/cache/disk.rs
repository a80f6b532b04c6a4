//! Entries on the local disk: one file each, in 256 folders, without any sync: what a crash leaves half-written has a wrong
//! checksum.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::metrics::{Metrics, Tier};
use super::ring::Ring;
use super::{EntryKey, entry};
use crate::Error;
use crate::local::DirLock;

/// Bytes that may be on their way to the disk; what comes while it is used up is left out.
const WRITING_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(super) struct DiskTier {
    files: Arc<Files>,
    room: Arc<Semaphore>,
    writes: Mutex<JoinSet<()>>,
}

/// The directory and what is in it.
#[derive(Debug)]
struct Files {
    directory: PathBuf,
    /// File names, with nothing to them: a file's place follows from its name.
    ring: Mutex<Ring<String, ()>>,
    metrics: Arc<Metrics>,
    /// Numbers files that are being written.
    drafts: AtomicU64,
    _lock: DirLock,
}

impl DiskTier {
    /// `None` where another process has the directory.
    pub(super) async fn open(
        directory: &Path,
        budget: u64,
        metrics: Arc<Metrics>,
    ) -> Result<Option<Self>, Error> {
        let owned = directory.to_owned();
        let opened = tokio::task::spawn_blocking(move || Files::open(&owned, budget, metrics)).await;
        let opened = opened.unwrap_or_else(|error| Err(failed(directory, &error)))?;
        Ok(opened.map(|files| Self {
            files: Arc::new(files),
            room: Arc::new(Semaphore::new(WRITING_BYTES)),
            writes: Mutex::default(),
        }))
    }

    /// The entry, if it is there and whole.
    pub(super) async fn get(&self, key: &EntryKey) -> Option<Bytes> {
        let name = entry::name(key);
        self.files.ring.lock().get(&name)?;
        let (files, key) = (Arc::clone(&self.files), key.clone());
        tokio::task::spawn_blocking(move || files.read(&name, &key)).await.ok()?
    }

    /// Writes the entry beside the caller.
    pub(super) fn insert(&self, key: EntryKey, bytes: Bytes) {
        let size = entry::size(&key);
        if !self.files.ring.lock().fits(size) {
            return;
        }
        let room = u32::try_from(bytes.len())
            .ok()
            .map(|len| Arc::clone(&self.room).try_acquire_many_owned(len.max(1)));
        let Some(Ok(room)) = room else { return self.files.metrics.skipped() };
        let files = Arc::clone(&self.files);
        let mut writes = self.writes.lock();
        while writes.try_join_next().is_some() {}
        writes.spawn_blocking(move || {
            files.write(&key, &bytes);
            drop(room);
        });
    }

    pub(super) async fn flush(&self) {
        let mut writes = std::mem::take(&mut *self.writes.lock());
        while writes.join_next().await.is_some() {}
    }
}

impl Files {
    fn open(directory: &Path, budget: u64, metrics: Arc<Metrics>) -> Result<Option<Self>, Error> {
        fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
        let lock = match DirLock::take(directory) {
            Ok(lock) => lock,
            Err(error @ Error::Locked { .. }) => {
                tracing::warn!(%error, "the cache's directory is another process's: caching in memory only");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut ring = Ring::new(budget);
        for folder in 0..=u8::MAX {
            let folder = directory.join(format!("{folder:02x}"));
            fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
            for found in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
                let Ok(found) = found else { continue };
                let size = found.metadata().map(|metadata| metadata.len()).unwrap_or(u64::MAX);
                let name = found.file_name().to_string_lossy().into_owned();
                let kept = entry::is_name(&name) && ring.fits(size) && ring.used() + size <= budget;
                if kept {
                    ring.insert(name, (), size);
                } else {
                    // Half-written, foreign, or more than the budget is now.
                    let _ = fs::remove_file(found.path());
                }
            }
        }
        metrics.used(Tier::Disk, ring.used());
        let (ring, drafts) = (Mutex::new(ring), AtomicU64::new(0));
        Ok(Some(Self { directory: directory.to_owned(), ring, metrics, drafts, _lock: lock }))
    }

    fn read(&self, name: &str, key: &EntryKey) -> Option<Bytes> {
        let path = self.path(name);
        let limit = entry::size(key);
        // Its size is known: nothing longer is read into memory.
        let whole = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == limit);
        let found = if whole { fs::read(&path).ok() } else { None };
        let decoded = found.and_then(|file| entry::decode(key, &Bytes::from(file)));
        if decoded.is_none() {
            tracing::warn!(path = %path.display(), "a file of the cache is not what it should be: it is deleted");
            self.metrics.corrupt();
            self.forget(name);
            let _ = fs::remove_file(&path);
        }
        decoded
    }

    fn write(&self, key: &EntryKey, bytes: &[u8]) {
        let name = entry::name(key);
        let path = self.path(&name);
        let draft = self.drafts.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{draft}.tmp"));
        let written = fs::write(&temporary, entry::encode(key, bytes))
            .and_then(|()| self.take_in(name, entry::size(key), &temporary, &path));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "a file of the cache cannot be written");
            self.metrics.skipped();
            let _ = fs::remove_file(&temporary);
        }
    }

    /// Gives a written file its name and room, under one lock: what is listed is there, and what goes is gone.
    fn take_in(&self, name: String, size: u64, temporary: &Path, path: &Path) -> io::Result<()> {
        let mut ring = self.ring.lock();
        if ring.get(&name).is_some() {
            return fs::remove_file(temporary);
        }
        fs::rename(temporary, path)?;
        let gone = ring.insert(name, (), size);
        for (name, ()) in &gone {
            let _ = fs::remove_file(self.path(name));
        }
        self.metrics.used(Tier::Disk, ring.used());
        self.metrics.evicted(Tier::Disk, gone.len());
        Ok(())
    }

    fn forget(&self, name: &str) {
        let mut ring = self.ring.lock();
        ring.remove(&name.to_owned());
        self.metrics.used(Tier::Disk, ring.used());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name.get(..2).unwrap_or("00")).join(name)
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Error {
    let key = path.display().to_string();
    Error::Store { operation: "open the cache", key, reason: error.to_string() }
}
