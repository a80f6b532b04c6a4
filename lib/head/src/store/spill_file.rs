//! A local file that holds what memory is too short for.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// Pages of chunks that were moved out of memory. A cache: the bucket holds the same, and nothing is read from it by another
/// process. It is deleted when the last reference goes, that is when its generations are dropped.
///
/// After a kill the file stays behind, of no use to anybody: who starts anew empties the directory.
#[derive(Debug)]
pub struct SpillFile {
    path: PathBuf,
    file: File,
    /// Where the next page goes.
    end: Mutex<u64>,
}

impl SpillFile {
    /// Makes the file, or empties what is there.
    pub fn create(path: &Path) -> io::Result<std::sync::Arc<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(std::sync::Arc::new(Self { path: path.to_owned(), file, end: Mutex::new(0) }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes written.
    #[must_use]
    pub fn len(&self) -> u64 {
        *self.end.lock()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes bytes and returns where. What a failed call has written is overwritten by the next.
    pub(crate) fn append(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut end = self.end.lock();
        self.file.write_all_at(bytes, *end)?;
        let base = *end;
        *end += bytes.len() as u64;
        Ok(base)
    }

    /// Fills `bytes` from `at` on.
    pub(super) fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(bytes, at)
    }
}

impl Drop for SpillFile {
    fn drop(&mut self) {
        // Nobody can be told, and nothing but disk space is lost: the directory is emptied at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}
