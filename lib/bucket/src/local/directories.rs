//! Directories whose names are durable.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// How many directories are remembered as durable; past it they are forgotten and synced once more.
const REMEMBERED: usize = 100_000;

/// A directory, open so that a sync cannot fail for want of a file descriptor once something in it has changed.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

/// Directories whose own names are known to be durable.
#[derive(Debug, Default)]
pub(super) struct DurableDirs {
    known: Mutex<HashSet<PathBuf>>,
}

impl Directory {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: File::open(path)? })
    }
}

impl DurableDirs {
    pub(super) fn contains(&self, directory: &Path) -> bool {
        self.known.lock().contains(directory)
    }

    pub(super) fn insert(&self, directory: &Path) {
        let mut known = self.known.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(directory.to_owned());
    }

    /// Makes `parent` and what is missing above it, below `root`. What somebody removed and is made again is not durable.
    pub(super) fn make(&self, root: &Path, parent: &Path) -> io::Result<()> {
        let mut missing = Vec::new();
        let mut above = parent;
        while !above.is_dir() && above != root {
            missing.push(above);
            above = above.parent().unwrap_or(root);
        }
        for directory in missing.into_iter().rev() {
            self.known.lock().remove(directory);
            make_dir(directory)?;
        }
        Ok(())
    }
}

/// The directories above `path` in its file system, the nearest first.
pub(super) fn levels_above(path: &Path) -> Vec<&Path> {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    let own = device(path);
    path.ancestors().skip(1).take_while(|above| own.is_some() && device(above) == own).collect()
}

pub(super) fn make_dir(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
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
}
