//! Where the bytes of files go.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::Error;
use crate::meta::FileKind;

/// Takes the files of a block while they are made, each from its first byte to its last; those of one part come mixed.
pub trait Sink {
    /// Takes the next bytes of a file of part `part` (0 for [`FileKind::Metadata`]). May wait until there is room.
    fn write(&mut self, part: usize, kind: FileKind, bytes: Bytes) -> Result<(), Error>;

    /// The file is whole. One that never is must not be seen by anybody.
    fn finish(&mut self, part: usize, kind: FileKind) -> Result<(), Error>;
}

/// Keeps all files in memory, by their paths in the block's folder.
#[derive(Debug, Default)]
pub struct MemorySink {
    /// Path and bytes.
    pub files: BTreeMap<String, Bytes>,
    open: BTreeMap<String, Vec<u8>>,
}

impl Sink for MemorySink {
    fn write(&mut self, part: usize, kind: FileKind, bytes: Bytes) -> Result<(), Error> {
        self.open.entry(kind.path(part)).or_default().extend_from_slice(&bytes);
        Ok(())
    }

    fn finish(&mut self, part: usize, kind: FileKind) -> Result<(), Error> {
        let path = kind.path(part);
        let bytes = self.open.remove(&path).unwrap_or_default();
        self.files.insert(path, bytes.into());
        Ok(())
    }
}
