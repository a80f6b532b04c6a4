//! What an owner knows of one WAL writer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use mneme_head::SeriesRef;
use mneme_model::{Cut, PartitionId, WriterId};
use mneme_proto::internal::ingester::Conflict;
use mneme_wal::References;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::apply::{Applied, apply};
use crate::metrics::Metrics;
use crate::partitions::Partitions;

/// How far a writer's segments are applied, and what its references mean.
pub(crate) struct Writer {
    pub(crate) id: WriterId,
    /// The number of the last segment that was applied.
    pub(crate) position: u64,
    /// No segment will follow.
    pub(crate) sealed: bool,
    /// When a listing last told the end of the writer's segments from a hole.
    pub(crate) listed: Option<Instant>,
    /// When the last segment was delivered rather than read.
    pub(crate) delivered: Option<Instant>,
    cut: Cut,
    references: HashMap<PartitionId, References<SeriesRef>>,
}

/// A segment to be applied.
pub(crate) struct Segment {
    pub(crate) seq: u64,
    pub(crate) cut: Cut,
    pub(crate) sections: Vec<(PartitionId, Bytes)>,
}

impl Segment {
    /// Bytes of all sections.
    pub(crate) fn bytes(&self) -> usize {
        self.sections.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

impl Writer {
    fn new(id: WriterId) -> Self {
        let (cut, references) = (Cut::default(), HashMap::new());
        Self { id, position: 0, sealed: false, listed: None, delivered: None, cut, references }
    }

    /// Applies the next segment, in whole, and returns the samples that met another value. A segment that was applied before is skipped.
    pub(crate) fn apply(
        &mut self,
        segment: Segment,
        partitions: &Partitions,
        metrics: &Metrics,
    ) -> Vec<Conflict> {
        if segment.seq <= self.position {
            return Vec::new();
        }
        if segment.cut > self.cut {
            // The first segment after a cut defines its series anew: what the references meant is over.
            self.references.clear();
            self.cut = segment.cut;
        }
        let mut conflicts = Vec::new();
        for (partition, bytes) in segment.sections {
            metrics.section_bytes.inc_by(bytes.len() as u64);
            let Some(head) = partitions.get(partition) else {
                metrics.corrupt.inc();
                tracing::error!(writer = %self.id, seq = segment.seq, %partition, "a WAL section is of a partition that does not exist");
                continue;
            };
            let applied = apply(head, segment.cut, bytes, self.references.entry(partition).or_default());
            count(&applied, metrics);
            if let Some(error) = &applied.broken {
                metrics.corrupt.inc();
                tracing::error!(
                    writer = %self.id, seq = segment.seq, %partition, offset = error.offset, reason = error.reason,
                    "a WAL section cannot be read as a whole; the rest of it was applied"
                );
            }
            conflicts.extend(applied.conflicts.into_iter().map(|ordinal| Conflict { partition, ordinal }));
        }
        self.position = segment.seq;
        conflicts
    }

    /// Skips an object that cannot be read.
    pub(crate) fn skip(&mut self, seq: u64) {
        self.position = self.position.max(seq);
    }
}

fn count(applied: &Applied, metrics: &Metrics) {
    let outcomes = [
        ("appended", applied.appended),
        ("duplicate", applied.duplicates),
        ("conflict", applied.conflicts.len() as u64),
        ("left_out", applied.left_out),
    ];
    for (outcome, samples) in outcomes {
        if samples > 0 {
            metrics.samples.with_label_values(&[outcome]).inc_by(samples);
        }
    }
    metrics.exemplars.inc_by(applied.exemplars);
    metrics.metadata.inc_by(applied.metadata);
}

/// One writer, to be worked on by one task at a time.
pub(crate) type SharedWriter = Arc<tokio::sync::Mutex<Writer>>;

/// All writers known.
#[derive(Default)]
pub(crate) struct Writers(Mutex<BTreeMap<WriterId, SharedWriter>>);

impl Writers {
    /// The writer of this number, new if it was unknown.
    pub(crate) fn get(&self, id: WriterId) -> SharedWriter {
        self.0.lock().entry(id).or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Writer::new(id)))).clone()
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<SharedWriter> {
        self.0.lock().values().cloned().collect()
    }
}
