//! The file work itself, blocking.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use parking_lot::Mutex;

use super::lock::DirLock;
use crate::{Error, Object, OnFatal};

/// Where unfinished files lie, in the directory (so that a hard link can name them).
const TEMPORARY: &str = ".tmp";

/// How many directories are remembered as durable; past it they are forgotten and synced once more.
const DURABLE_DIRS: usize = 100_000;

/// A locked directory.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    on_fatal: OnFatal,
    broken: OnceLock<String>,
    temporaries: AtomicU64,
    /// Directories whose own names are known to be durable.
    durable_dirs: Mutex<HashSet<PathBuf>>,
    _lock: DirLock,
}

impl Disk {
    pub(super) fn open(root: &Path, on_fatal: OnFatal) -> Result<Self, Error> {
        let failed = |error: &io::Error| failed("open", &root.display().to_string(), error);
        fs::create_dir_all(root).map_err(|error| failed(&error))?;
        let root = root.canonicalize().map_err(|error| failed(&error))?;
        let lock = DirLock::take(&root)?;
        let disk = Self {
            root,
            on_fatal,
            broken: OnceLock::new(),
            temporaries: AtomicU64::new(0),
            durable_dirs: Mutex::default(),
            _lock: lock,
        };
        let temporary = disk.root.join(TEMPORARY);
        match fs::remove_dir_all(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&error)),
            _ => {}
        }
        fs::create_dir(&temporary).map_err(|error| failed(&error))?;
        disk.resync(&disk.root)?;
        if let Some(parent) = disk.root.parent() {
            disk.sync_dir(parent)?;
        }
        Ok(disk)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Refuses everything after a failed fsync.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.broken.get().map_or(Ok(()), |reason| Err(Error::Fatal(reason.clone())))
    }

    pub(super) fn get(&self, key: &str) -> Result<Bytes, Error> {
        fs::read(self.path(key)).map(Bytes::from).map_err(|error| failed("get", key, &error))
    }

    pub(super) fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let outside = || Error::Range { key: key.to_owned(), start: range.start, end: range.end };
        let file = File::open(self.path(key)).map_err(|error| failed("get", key, &error))?;
        let size = file.metadata().map_err(|error| failed("get", key, &error))?.len();
        if range.start > range.end || range.end > size {
            return Err(outside());
        }
        let len = usize::try_from(range.end - range.start).map_err(|_| outside())?;
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, range.start).map_err(|error| failed("get", key, &error))?;
        Ok(bytes.into())
    }

    pub(super) fn head(&self, key: &str) -> Result<Object, Error> {
        let metadata = fs::metadata(self.path(key)).map_err(|error| failed("head", key, &error))?;
        if metadata.is_dir() {
            return Err(Error::NotFound { key: key.to_owned() });
        }
        Ok(object(key.to_owned(), &metadata))
    }

    pub(super) fn put(&self, key: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(key);
        let temporary = self.write_temporary(key, bytes)?;
        let parent = self.make_parents(key, &path)?;
        fs::rename(&temporary, &path).map_err(|error| failed("put", key, &error))?;
        self.sync_dir(&parent)
    }

    /// Whether the object is now there by this call.
    pub(super) fn create(&self, key: &str, bytes: &[u8]) -> Result<bool, Error> {
        let path = self.path(key);
        if path.exists() {
            return Ok(false);
        }
        let temporary = self.write_temporary(key, bytes)?;
        let parent = self.make_parents(key, &path)?;
        let linked = fs::hard_link(&temporary, &path);
        if linked.is_ok() {
            self.sync_dir(&parent)?;
        }
        if let Err(error) = fs::remove_file(&temporary) {
            tracing::warn!(path = %temporary.display(), %error, "a temporary file stays until the next start");
        }
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed("create", key, &error)),
        }
    }

    pub(super) fn delete(&self, key: &str) -> Result<(), Error> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(failed("delete", key, &error)),
        }
        // Ascending deletion of a chain relies on the order in which names vanish.
        path.parent().map_or(Ok(()), |parent| self.sync_dir(parent))
    }

    /// The objects below `prefix` after `after`, in the order of their keys.
    pub(super) fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Object>, Error> {
        let mut found = Vec::new();
        let start = if prefix.is_empty() { self.root.clone() } else { self.path(prefix) };
        let mut directories = vec![(start, prefix.to_owned())];
        while let Some((directory, key)) = directories.pop() {
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    continue;
                }
                Err(error) => return Err(failed("list", prefix, &error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| failed("list", prefix, &error))?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                if key.is_empty() && name.starts_with('.') {
                    continue;
                }
                let key = if key.is_empty() { name } else { format!("{key}/{name}") };
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => directories.push((entry.path(), key)),
                    Ok(metadata) if after.is_none_or(|after| key.as_str() > after) => {
                        found.push(object(key, &metadata));
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(failed("list", prefix, &error)),
                }
            }
        }
        found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn write_temporary(&self, key: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
        let number = self.temporaries.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(TEMPORARY).join(number.to_string());
        let written = OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            Ok(file)
        });
        match written {
            Ok(file) => {
                file.sync_all().map_err(|error| self.fatal(&path, &error))?;
                Ok(path)
            }
            Err(error) => {
                // Disk full: give back what was taken.
                let _ = fs::remove_file(&path);
                Err(failed("write", key, &error))
            }
        }
    }

    /// Makes the directories above `path`, each durable in its parent. Returns the lowest.
    fn make_parents(&self, key: &str, path: &Path) -> Result<PathBuf, Error> {
        let parent = path.parent().unwrap_or(&self.root);
        let mut missing = Vec::new();
        let mut above = parent;
        while !above.is_dir() {
            missing.push(above);
            above = above.parent().unwrap_or(&self.root);
        }
        for directory in missing.into_iter().rev() {
            match fs::create_dir(directory) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("make the directory", key, &error)),
            }
        }
        // Also those that were there: another request may have made them without having synced them yet.
        let mut made = parent;
        while made != self.root && !self.durable_dirs.lock().contains(made) {
            let Some(above) = made.parent() else { break };
            self.sync_dir(above)?;
            self.remember_durable(made);
            made = above;
        }
        Ok(parent.to_owned())
    }

    fn remember_durable(&self, directory: &Path) {
        let mut durable = self.durable_dirs.lock();
        if durable.len() >= DURABLE_DIRS {
            durable.clear();
        }
        durable.insert(directory.to_owned());
    }

    /// Makes every directory below, and its newest file, durable again.
    fn resync(&self, directory: &Path) -> Result<(), Error> {
        let failed = |error: &io::Error| failed("resync", &directory.display().to_string(), error);
        let mut newest: Option<PathBuf> = None;
        for entry in fs::read_dir(directory).map_err(|error| failed(&error))? {
            let entry = entry.map_err(|error| failed(&error))?;
            let path = entry.path();
            if entry.file_type().map_err(|error| failed(&error))?.is_dir() {
                self.resync(&path)?;
            } else if newest.as_ref().is_none_or(|newest| path > *newest) {
                newest = Some(path);
            }
        }
        if let Some(path) = newest {
            let file = File::open(&path).map_err(|error| failed(&error))?;
            file.sync_all().map_err(|error| self.fatal(&path, &error))?;
        }
        self.sync_dir(directory)
    }

    fn sync_dir(&self, path: &Path) -> Result<(), Error> {
        let synced = File::open(path).and_then(|directory| directory.sync_all());
        synced.map_err(|error| self.fatal(path, &error))
    }

    fn fatal(&self, path: &Path, error: &io::Error) -> Error {
        let reason = format!("fsync of {} failed: {error}", path.display());
        if self.broken.set(reason.clone()).is_ok() {
            (self.on_fatal.0)(&reason);
        }
        Error::Fatal(reason)
    }
}

fn object(key: String, metadata: &fs::Metadata) -> Object {
    let modified =
        metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Object { key, size: metadata.len(), modified_ms: i64::try_from(modified.as_millis()).unwrap_or(i64::MAX) }
}

fn failed(operation: &'static str, key: &str, error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
            Error::NotFound { key: key.to_owned() }
        }
        _ => Error::Store { operation, key: key.to_owned(), reason: error.to_string() },
    }
}
