//! Labels that have no column of their own.

use crate::read::labels::TextLists;

/// Labels without a column.
pub(super) struct Rest {
    pub(super) keys: TextLists,
    pub(super) values: TextLists,
}

impl Rest {
    /// The labels of a row.
    pub(super) fn row(&self, row: u32) -> impl Iterator<Item = (&str, &str)> {
        self.keys.row(row).zip(self.values.row(row))
    }

    /// A label of a row.
    pub(super) fn get(&self, row: u32, name: &str) -> Option<&str> {
        self.row(row).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> u64 {
        self.keys.memory() + self.values.memory()
    }
}
