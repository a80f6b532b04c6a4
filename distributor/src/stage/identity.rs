//! Which series something is of.

use mneme_model::{Labels, LabelsRef};
use mneme_wal::{CatalogReader, SeriesId};

/// A series that passed all checks of its labels: now, or when it was first seen.
#[derive(Clone, Copy)]
pub(super) enum Identity<'s> {
    /// Its labels, and their hash.
    Checked { labels: LabelsRef<'s>, hash: u64 },
    /// Where its labels can be read.
    Known { catalog: &'s CatalogReader<'s>, series: SeriesId },
}

impl Identity<'_> {
    /// The labels, for the text of an error.
    #[cold]
    pub(super) fn labels(&self) -> Labels {
        match self {
            Self::Checked { labels, .. } => (*labels).to_owned(),
            Self::Known { catalog, series } => catalog.labels(*series, &mut String::new()).to_owned(),
        }
    }
}
