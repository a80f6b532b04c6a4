//! Where finished files go.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::Error;
use crate::meta::FileKind;

/// Takes each file of a block once it is finished.
pub trait Sink {
    /// Takes a file of part `part` (0 for [`FileKind::Metadata`]). May wait until there is room.
    fn put(&mut self, part: usize, kind: FileKind, bytes: Bytes) -> Result<(), Error>;
}

/// Keeps all files in memory, by their paths in the block's folder.
#[derive(Debug, Default)]
pub struct MemorySink {
    /// Path and bytes.
    pub files: BTreeMap<String, Bytes>,
}

impl Sink for MemorySink {
    fn put(&mut self, part: usize, kind: FileKind, bytes: Bytes) -> Result<(), Error> {
        self.files.insert(kind.path(part), bytes);
        Ok(())
    }
}
