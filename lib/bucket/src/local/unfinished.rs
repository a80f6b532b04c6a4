//! Files that are written but have no name in the bucket yet.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};

use super::directories::{Directory, make_dir};

/// Where files with a temporary name lie, in the bucket's directory (so that they can be linked and renamed).
const TEMPORARY: &str = ".tmp";

/// Makes unfinished files: without any name where the file system can (`O_TMPFILE`, which saves two changes of a directory
/// and leaves nothing behind after a crash), else with a temporary one.
#[derive(Debug)]
pub(super) struct Unfinished {
    folder: PathBuf,
    next: AtomicU64,
    /// The file system, or a missing /proc, needs names.
    needs_names: AtomicBool,
}

/// A file on its way to its name. Its temporary name goes when it is dropped.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) file: File,
    name: Option<PathBuf>,
}

impl Unfinished {
    /// Touches nothing.
    pub(super) fn new(root: &Path) -> Self {
        let folder = root.join(TEMPORARY);
        Self { folder, next: AtomicU64::new(0), needs_names: AtomicBool::new(false) }
    }

    /// Removes what a crash left.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let unfinished = Self::new(root);
        let folder = &unfinished.folder;
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir(folder)?;
        Ok(unfinished)
    }

    /// A file with these bytes, to be linked into `parent`; not synced.
    pub(super) fn nameless(&self, parent: &Directory, bytes: &[u8]) -> io::Result<Draft> {
        if self.needs_names.load(Ordering::Relaxed) {
            return self.named(bytes);
        }
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        match openat(&parent.file, ".", flags, Mode::from_raw_mode(0o666)) {
            Ok(fd) => Draft { file: File::from(fd), name: None }.write(bytes),
            Err(error) if has_no_nameless_files(error) => {
                tracing::info!(%error, "the bucket's file system has no files without names: using temporary ones");
                self.needs_names.store(true, Ordering::Relaxed);
                self.named(bytes)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A file with these bytes and a temporary name; not synced.
    pub(super) fn named(&self, bytes: &[u8]) -> io::Result<Draft> {
        let path = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let open = || OpenOptions::new().write(true).create_new(true).open(&path);
        let opened = match open() {
            // Somebody removed the folder, which holds nothing that must stay.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), "the folder of temporary files is gone: making it again");
                make_dir(&self.folder).and_then(|()| open())
            }
            opened => opened,
        };
        Draft { file: opened?, name: Some(path) }.write(bytes)
    }

    /// Gives the file its name, if nothing has it.
    pub(super) fn link(&self, draft: &Draft, path: &Path) -> io::Result<()> {
        let Some(name) = &draft.name else {
            let own = PathBuf::from(format!("/proc/self/fd/{}", draft.file.as_raw_fd()));
            let linked = linkat(CWD, &own, CWD, path, AtFlags::SYMLINK_FOLLOW);
            if linked.is_err() && !own.exists() {
                self.needs_names.store(true, Ordering::Relaxed);
            }
            return linked.map_err(io::Error::from);
        };
        fs::hard_link(name, path)
    }
}

impl Draft {
    /// Dropped on an error, so that a full disk gets its space back.
    fn write(mut self, bytes: &[u8]) -> io::Result<Self> {
        self.file.write_all(bytes)?;
        Ok(self)
    }

    /// Gives a file with a temporary name its own, whatever has it.
    pub(super) fn rename(&mut self, path: &Path) -> io::Result<()> {
        let Some(name) = self.name.take() else { return Err(ErrorKind::Unsupported.into()) };
        fs::rename(&name, path).inspect_err(|_| self.name = Some(name))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name
            && let Err(error) = fs::remove_file(name)
        {
            tracing::warn!(path = %name.display(), %error, "a temporary file stays until the next start");
        }
    }
}

/// As open(2) has it: the last two are kernels and file systems that take the flag for something else.
fn has_no_nameless_files(error: rustix::io::Errno) -> bool {
    use rustix::io::Errno;
    [Errno::OPNOTSUPP, Errno::ISDIR, Errno::INVAL, Errno::NOSYS].contains(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_files_are_linked_once_and_leave_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::open(directory.path()).unwrap();
        let parent = Directory::open(directory.path()).unwrap();
        for needs_names in [false, true] {
            unfinished.needs_names.store(needs_names, Ordering::Relaxed);
            let path = directory.path().join(format!("object-{needs_names}"));
            let draft = unfinished.nameless(&parent, b"first").unwrap();
            unfinished.link(&draft, &path).unwrap();
            drop(draft);
            let draft = unfinished.nameless(&parent, b"second").unwrap();
            assert_eq!(unfinished.link(&draft, &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
            drop(draft);
            assert_eq!(fs::read(&path).unwrap(), b"first");
            unfinished.named(b"third").unwrap().rename(&path).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"third");
            assert_eq!(fs::read_dir(&unfinished.folder).unwrap().count(), 0);
        }
    }
}
