//! The files of a block.

use serde::{Deserialize, Serialize};

/// What a file of a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// One row per series: its labels and what there is of it.
    Series,
    /// One row per series and window: float samples.
    Samples,
    /// Native histograms.
    Histograms,
    /// Exemplars.
    Exemplars,
    /// Metadata of metric families; once per block.
    Metadata,
}

impl FileKind {
    /// The kinds that a part has.
    pub const OF_PARTS: [Self; 4] = [Self::Series, Self::Samples, Self::Histograms, Self::Exemplars];

    /// The file's name.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Series => "series.parquet",
            Self::Samples => "samples.parquet",
            Self::Histograms => "hist.parquet",
            Self::Exemplars => "exemplars.parquet",
            Self::Metadata => "metadata.parquet",
        }
    }

    /// The file's path in the block's folder, for part `part`.
    #[must_use]
    pub fn path(self, part: usize) -> String {
        match self {
            Self::Metadata => self.file_name().to_owned(),
            _ => format!("{part:04}/{}", self.file_name()),
        }
    }
}

/// Size and tail of a file, so that one request fetches the tail and proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileMeta {
    /// Bytes.
    pub size: u64,
    /// Bytes at the end that hold bloom filters, page indexes and the Parquet footer.
    pub tail: u32,
    /// CRC-32C of the tail.
    pub tail_crc: u32,
}
