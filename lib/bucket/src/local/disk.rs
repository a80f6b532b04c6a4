//! The file work itself, blocking.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bytes::Bytes;

use super::directories::{Directory, DurableDirs, levels_above};
use super::listing::{self, object};
use super::lock::DirLock;
use super::unfinished::{Draft, Unfinished};
use crate::{Error, Object, OnFatal};

/// A locked directory.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    on_fatal: OnFatal,
    broken: OnceLock<String>,
    unfinished: Unfinished,
    durable_dirs: DurableDirs,
    /// None: for reading only.
    lock: Option<DirLock>,
}

impl Disk {
    pub(super) fn open(root: &Path, on_fatal: OnFatal) -> Result<Self, Error> {
        let failed = |error: &io::Error| refused("open", &root.display().to_string(), error);
        fs::create_dir_all(root).map_err(|error| failed(&error))?;
        let root = root.canonicalize().map_err(|error| failed(&error))?;
        let lock = DirLock::take(&root)?;
        let unfinished = Unfinished::open(&root).map_err(|error| failed(&error))?;
        let disk = Self {
            root,
            on_fatal,
            broken: OnceLock::new(),
            unfinished,
            durable_dirs: DurableDirs::default(),
            lock: Some(lock),
        };
        disk.resync(&disk.root)?;
        disk.sync_above()?;
        Ok(disk)
    }

    /// The directory as it is, without its lock: another process may be writing to it.
    pub(super) fn open_read_only(root: &Path) -> Result<Self, Error> {
        let root =
            root.canonicalize().map_err(|error| refused("open", &root.display().to_string(), &error))?;
        Ok(Self {
            unfinished: Unfinished::new(&root),
            root,
            on_fatal: OnFatal::default(),
            broken: OnceLock::new(),
            durable_dirs: DurableDirs::default(),
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
        let parent = self.parent(key, &path)?;
        let mut draft = self.unfinished.named(bytes).map_err(|error| refused("write", key, &error))?;
        self.sync_draft(key, &draft)?;
        draft.rename(&path).map_err(|error| refused("put", key, &error))?;
        self.sync(&parent)
    }

    /// A file for an object that comes in parts.
    pub(super) fn begin(&self, key: &str) -> Result<Draft, Error> {
        self.unfinished.named(&[]).map_err(|error| refused("write", key, &error))
    }

    /// Writes a part; again, and beside other parts, as it pleases.
    pub(super) fn write_part(draft: &Draft, key: &str, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        draft.file.write_all_at(bytes, offset).map_err(|error| refused("write", key, &error))
    }

    /// Makes a written file durable, and the object.
    pub(super) fn finish(&self, key: &str, draft: &mut Draft) -> Result<(), Error> {
        let path = self.path(key);
        let parent = self.parent(key, &path)?;
        self.sync_draft(key, draft)?;
        draft.rename(&path).map_err(|error| refused("put", key, &error))?;
        self.sync(&parent)
    }

    /// Whether the object is now there by this call.
    pub(super) fn create(&self, key: &str, bytes: &[u8]) -> Result<bool, Error> {
        let path = self.path(key);
        // Known without writing and syncing all of it.
        if path.exists() {
            return Ok(false);
        }
        let parent = self.parent(key, &path)?;
        let draft =
            self.unfinished.nameless(&parent, bytes).map_err(|error| refused("write", key, &error))?;
        self.sync_draft(key, &draft)?;
        match self.unfinished.link(&draft, &path) {
            Ok(()) => self.sync(&parent).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(refused("create", key, &error)),
        }
    }

    /// Deletes files in this order, then syncs each of their directories once. Ascending deletion of a chain relies on the order
    /// in which names vanish: for whoever looks, that of the calls; after a crash, that of the file system's journal.
    pub(super) fn delete_many(&self, keys: &[&str]) -> Result<(), Error> {
        let mut changed: Vec<Directory> = Vec::new();
        let removed = keys.iter().try_for_each(|key| self.remove(key, &mut changed));
        changed.iter().try_for_each(|directory| self.sync(directory))?;
        removed
    }

    /// Removes a file, and adds its directory to those that must be synced.
    fn remove(&self, key: &str, changed: &mut Vec<Directory>) -> Result<(), Error> {
        let path = self.path(key);
        let absent =
            |error: &io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        let parent = path.parent().unwrap_or(&self.root);
        if !changed.iter().any(|directory| directory.path == parent) {
            match Directory::open(parent) {
                Ok(directory) => changed.push(directory),
                Err(error) if absent(&error) => return Ok(()),
                Err(error) => return Err(refused("delete", key, &error)),
            }
        }
        match fs::remove_file(&path) {
            Err(error) if !absent(&error) => Err(refused("delete", key, &error)),
            _ => Ok(()),
        }
    }

    /// The objects below `prefix` after `after`, in the order of their keys.
    pub(super) fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Object>, Error> {
        let start = if prefix.is_empty() { self.root.clone() } else { self.path(prefix) };
        listing::list(start, prefix, after).map_err(|error| failed("list", prefix, &error))
    }

    /// The directories right below `prefix`.
    pub(super) fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        listing::folders(&self.path(prefix)).map_err(|error| refused("list", prefix, &error))
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// Makes a file durable before it gets its name.
    fn sync_draft(&self, key: &str, draft: &Draft) -> Result<(), Error> {
        draft.file.sync_all().map_err(|error| self.fatal(&self.path(key), &error))
    }

    /// The directory that `path` lies in, made if absent and durable in its parents, open: what changes names must be able to
    /// sync it.
    fn parent(&self, key: &str, path: &Path) -> Result<Directory, Error> {
        let refused = |error: &io::Error| refused("make the directory", key, error);
        let parent = path.parent().unwrap_or(&self.root);
        let directory = match Directory::open(parent) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.durable_dirs.make(&self.root, parent).map_err(|error| refused(&error))?;
                Directory::open(parent)
            }
            opened => opened,
        };
        let directory = directory.map_err(|error| refused(&error))?;
        // Also those that were there: another request may have made them without having synced them yet.
        let mut made = parent;
        while made != self.root && !self.durable_dirs.contains(made) {
            let Some(above) = made.parent() else { break };
            self.sync(&Directory::open(above).map_err(|error| refused(&error))?)?;
            self.durable_dirs.insert(made);
            made = above;
        }
        Ok(directory)
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
