//! What is said of a block where it is listed: what it holds, how it is cut into parts, and the size of each file.

mod file;
mod series_key;

use mneme_model::{TenantId, TimestampMs};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

pub use file::{FileKind, FileMeta};
pub use series_key::SeriesKey;

/// One block: an immutable time range of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockMeta {
    /// Its name; its time is that of the flush or compaction that wrote it.
    pub id: Ulid,
    /// 0 as flushed, one more with each compaction.
    pub level: u8,
    /// Milliseconds between samples of a downsampled block; 0 for raw samples.
    pub resolution_ms: u32,
    /// No row crosses a multiple of this many milliseconds.
    pub window_ms: u32,
    /// Time of the first sample (milliseconds).
    pub min_time: TimestampMs,
    /// Time of the last sample (milliseconds), inclusive.
    pub max_time: TimestampMs,
    /// Series, over all parts.
    pub series: u64,
    /// Float samples, over all parts.
    pub samples: u64,
    /// Native histograms, over all parts.
    pub histograms: u64,
    /// Exemplars, over all parts.
    pub exemplars: u64,
    /// The parts, ascending by series; their ranges do not overlap.
    pub parts: Vec<PartMeta>,
    /// Type, help and unit of metric families with their history; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<FileMeta>,
    /// The tombstones that whoever wrote the block has carried out: what they take out is not in it, and what is in it came later.
    /// Those that it does not name are applied to it whenever it is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried_out: Vec<Ulid>,
}

/// One part of a block: a range of its series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartMeta {
    /// The first series.
    pub first: SeriesKey,
    /// The last series.
    pub last: SeriesKey,
    /// Time of the first sample (milliseconds).
    pub min_time: TimestampMs,
    /// Time of the last sample (milliseconds), inclusive.
    pub max_time: TimestampMs,
    /// Series.
    pub series: u64,
    /// Float samples.
    pub samples: u64,
    /// Native histograms.
    pub histograms: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// The starts of the windows that hold samples (milliseconds), ascending.
    pub windows: Vec<TimestampMs>,
    /// The series table.
    pub series_file: FileMeta,
    /// The samples table; `None` where there are only histograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_file: Option<FileMeta>,
    /// The histogram table; `None` where there are no histograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histograms_file: Option<FileMeta>,
    /// The exemplar table; `None` where there are no exemplars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exemplars_file: Option<FileMeta>,
}

impl BlockMeta {
    /// The folder of the block's files in the bucket, without a slash at the end.
    #[must_use]
    pub fn folder(tenant: &TenantId, id: Ulid) -> String {
        format!("tenants/{tenant}/blocks/{id}")
    }

    /// The key of a file of part `part`, counted from 0 ([`FileKind::Metadata`] has no part).
    #[must_use]
    pub fn key(tenant: &TenantId, id: Ulid, part: usize, kind: FileKind) -> String {
        format!("{}/{}", Self::folder(tenant, id), kind.path(part))
    }

    /// Every file that the block has: part, kind, and what is said of it.
    pub fn files(&self) -> impl Iterator<Item = (usize, FileKind, FileMeta)> + '_ {
        let metadata = self.metadata.iter().map(|file| (0, FileKind::Metadata, *file));
        let parts = self.parts.iter().enumerate().flat_map(|(at, part)| {
            FileKind::OF_PARTS.into_iter().filter_map(move |kind| Some((at, kind, part.file(kind)?)))
        });
        parts.chain(metadata)
    }

    /// Bytes of all files together.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files().map(|(_, _, file)| file.size).fold(0, u64::saturating_add)
    }

    /// Whether a sample may lie in `start..=end`.
    #[must_use]
    pub fn overlaps(&self, start: TimestampMs, end: TimestampMs) -> bool {
        self.min_time <= end && start <= self.max_time
    }
}

impl PartMeta {
    /// The file of this kind; `None` where the part has none.
    #[must_use]
    pub fn file(&self, kind: FileKind) -> Option<FileMeta> {
        match kind {
            FileKind::Series => Some(self.series_file),
            FileKind::Samples => self.samples_file,
            FileKind::Histograms => self.histograms_file,
            FileKind::Exemplars => self.exemplars_file,
            FileKind::Metadata => None,
        }
    }
}
