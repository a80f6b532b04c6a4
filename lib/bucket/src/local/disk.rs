//! The file work itself, blocking.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
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
    /// None: for reading only.
    lock: Option<DirLock>,
}

impl Disk {
    pub(super) fn open(root: &Path, on_fatal: OnFatal) -> Result<Self, Error> {
        let failed = |error: &io::Error| refused("open", &root.display().to_string(), error);
        fs::create_dir_all(root).map_err(|error| failed(&error))?;
        let root = root.canonicalize().map_err(|error| failed(&error))?;
        let lock = DirLock::take(&root)?;
        let disk = Self {
            root,
            on_fatal,
            broken: OnceLock::new(),
            temporaries: AtomicU64::new(0),
            durable_dirs: Mutex::default(),
            lock: Some(lock),
        };
        let temporary = disk.root.join(TEMPORARY);
        match fs::remove_dir_all(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&error)),
            _ => {}
        }
        fs::create_dir(&temporary).map_err(|error| failed(&error))?;
        disk.resync(&disk.root)?;
        disk.sync_above()?;
        Ok(disk)
    }

    /// The directory as it is, without its lock: another process may be writing to it.
    pub(super) fn open_read_only(root: &Path) -> Result<Self, Error> {
        let root =
            root.canonicalize().map_err(|error| refused("open", &root.display().to_string(), &error))?;
        Ok(Self {
            root,
            on_fatal: OnFatal::default(),
            broken: OnceLock::new(),
            temporaries: AtomicU64::new(0),
            durable_dirs: Mutex::default(),
            lock: None,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Refuses everything after a failed fsync.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.broken.get().map_or(Ok(()), |reason| Err(Error::Fatal(reason.clone())))
    }

    /// Refuses what changes something where the directory is not this process's.
    pub(super) fn check_writable(&self, operation: &'static str, key: &str) -> Result<(), Error> {
        self.check()?;
        if self.lock.is_some() {
            return Ok(());
        }
        Err(Error::Fatal(format!("{operation} of {key}: the bucket is open for reading only")))
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
        let parent = self.make_parents(key, &path)?;
        let temporary = self.write_temporary(key, bytes)?;
        if let Err(error) = fs::rename(&temporary, &path) {
            remove_temporary(&temporary);
            return Err(refused("put", key, &error));
        }
        self.sync(&parent)
    }

    /// Whether the object is now there by this call.
    pub(super) fn create(&self, key: &str, bytes: &[u8]) -> Result<bool, Error> {
        let path = self.path(key);
        if path.exists() {
            return Ok(false);
        }
        let parent = self.make_parents(key, &path)?;
        let temporary = self.write_temporary(key, bytes)?;
        let linked = fs::hard_link(&temporary, &path);
        if linked.is_ok() {
            self.sync(&parent)?;
        }
        remove_temporary(&temporary);
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(refused("create", key, &error)),
        }
    }

    pub(super) fn delete(&self, key: &str) -> Result<(), Error> {
        let path = self.path(key);
        let absent =
            |error: &io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        let parent = match Directory::open(path.parent().unwrap_or(&self.root)) {
            Ok(parent) => parent,
            Err(error) if absent(&error) => return Ok(()),
            Err(error) => return Err(refused("delete", key, &error)),
        };
        match fs::remove_file(&path) {
            // Ascending deletion of a chain relies on the order in which names vanish.
            Ok(()) => self.sync(&parent),
            Err(error) if absent(&error) => Ok(()),
            Err(error) => Err(refused("delete", key, &error)),
        }
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
                let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if after.is_some_and(|after| is_before(&key, is_dir, after)) {
                    continue;
                }
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => directories.push((entry.path(), key)),
                    Ok(metadata) => found.push(object(key, &metadata)),
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
        let open = || OpenOptions::new().write(true).create_new(true).open(&path);
        let opened = match open() {
            // Somebody removed the folder, which holds nothing that must stay.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), "the folder of temporary files is gone: making it again");
                make_dir(&self.root.join(TEMPORARY)).and_then(|()| open())
            }
            opened => opened,
        };
        let written = opened.and_then(|mut file| {
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
                Err(refused("write", key, &error))
            }
        }
    }

    /// Makes the directories above `path`, each durable in its parent. Returns the lowest, open: what changes names must be
    /// able to sync them.
    fn make_parents(&self, key: &str, path: &Path) -> Result<Directory, Error> {
        let refused = |error: &io::Error| refused("make the directory", key, error);
        let parent = path.parent().unwrap_or(&self.root);
        let mut missing = Vec::new();
        let mut above = parent;
        while !above.is_dir() && above != self.root {
            missing.push(above);
            above = above.parent().unwrap_or(&self.root);
        }
        for directory in missing.into_iter().rev() {
            // Made again, after somebody removed it: its name is not durable any more.
            self.durable_dirs.lock().remove(directory);
            make_dir(directory).map_err(|error| refused(&error))?;
        }
        // Also those that were there: another request may have made them without having synced them yet.
        let mut made = parent;
        while made != self.root && !self.durable_dirs.lock().contains(made) {
            let Some(above) = made.parent() else { break };
            self.sync(&Directory::open(above).map_err(|error| refused(&error))?)?;
            self.remember_durable(made);
            made = above;
        }
        Directory::open(parent).map_err(|error| refused(&error))
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
        let failed = |error: &io::Error| refused("resync", &directory.display().to_string(), error);
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
        self.sync(&Directory::open(directory).map_err(|error| failed(&error))?)
    }

    /// Makes the names of the bucket's own directory, and of all above it in its file system, durable: whoever made them
    /// may not have done so.
    fn sync_above(&self) -> Result<(), Error> {
        for above in levels_above(&self.root) {
            match Directory::open(above) {
                Ok(directory) => self.sync(&directory)?,
                // Not ours to read, so neither did we make anything in it.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    tracing::debug!(path = %above.display(), %error, "a directory above the bucket is not synced");
                }
                Err(error) => return Err(refused("open", &above.display().to_string(), &error)),
            }
        }
        Ok(())
    }

    fn sync(&self, directory: &Directory) -> Result<(), Error> {
        directory.file.sync_all().map_err(|error| self.fatal(&directory.path, &error))
    }

    fn fatal(&self, path: &Path, error: &io::Error) -> Error {
        let reason = format!("fsync of {} failed: {error}", path.display());
        if self.broken.set(reason.clone()).is_ok() {
            (self.on_fatal.0)(&reason);
        }
        Error::Fatal(reason)
    }
}

/// Whether the object of that key, or all below the directory of that key, is `after` or before it: not worth a look.
fn is_before(key: &str, is_dir: bool, after: &str) -> bool {
    if !is_dir {
        return key <= after;
    }
    let below = format!("{key}/");
    !after.starts_with(&below) && below.as_str() < after
}

/// A directory, open so that a sync cannot fail for want of a file descriptor once something in it has changed.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    file: File,
}

impl Directory {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: File::open(path)? })
    }
}

/// The directories above `path` in its file system, the nearest first.
fn levels_above(path: &Path) -> Vec<&Path> {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    let own = device(path);
    path.ancestors().skip(1).take_while(|above| own.is_some() && device(above) == own).collect()
}

fn make_dir(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn remove_temporary(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "a temporary file stays until the next start");
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
        _ => refused(operation, key, error),
    }
}

/// What went wrong with a change: that something is not there never means that the object is not, and may pass.
fn refused(operation: &'static str, key: &str, error: &io::Error) -> Error {
    Error::Store { operation, key: key.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_above_the_bucket_is_synced_not_only_the_last() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path().canonicalize().unwrap();
        let root = top.join("a/b/c");
        fs::create_dir_all(&root).unwrap();
        let levels = levels_above(&root);
        assert_eq!(levels[..3], [top.join("a/b"), top.join("a"), top.clone()]);
    }

    #[test]
    fn a_listing_passes_over_what_is_before_its_start_and_nothing_else() {
        for (key, is_dir, after, before) in [
            ("a/1", false, "a/1", true),
            ("a/2", false, "a/1", false),
            ("a", true, "a/1", false),
            ("a", true, "a", false),
            ("a", true, "b", true),
            ("a", true, "a-", false),
            ("a", true, "a0", true),
            ("b", true, "a/1", false),
        ] {
            assert_eq!(is_before(key, is_dir, after), before, "{key} after {after}");
        }
    }
}
