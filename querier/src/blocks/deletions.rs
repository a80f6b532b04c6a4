//! What the tombstones of a pinned version take out.

use mneme_block::manifest::Manifest;
use mneme_block::meta::BlockMeta;
use mneme_block::read::{Deletion, Holes};
use mneme_model::chunk::{Chunk, Error as ChunkError, RawSamples, SeriesBatch, SeriesView, merge_raw};
use mneme_model::{Cut, LabelsRef, MatchOp, Matcher, TimestampMs};
use mneme_proto::internal::ingester::{Error, SeriesRequest};
use ulid::Ulid;

use super::failure::Failure;

/// The tombstones of a version, as far as they meet a question's times.
#[derive(Clone, Debug, Default)]
pub(super) struct Deletions {
    all: Vec<Tombstone>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Tombstone {
    id: Ulid,
    /// What was stamped from this cut on came later and stays.
    pub(super) below: Cut,
    pub(super) deletion: Deletion,
}

impl Deletions {
    /// Those of a version that meet `start..=end`.
    pub(super) fn of(manifest: &Manifest, start: TimestampMs, end: TimestampMs) -> Result<Self, Failure> {
        let meets = manifest.content().tombstones.iter().filter(|it| it.start <= end && start <= it.end);
        let compiled = meets.map(|it| match it.deletion() {
            Ok(deletion) => Ok(Tombstone { id: it.id, below: it.below, deletion }),
            Err(error) => Err(Failure::Final(Error::Internal(format!("tombstone {}: {error}", it.id)))),
        });
        Ok(Self { all: compiled.collect::<Result<_, _>>()? })
    }

    /// What is to be left out of a block: all but what its writer has carried out.
    pub(super) fn of_block(&self, block: &BlockMeta) -> impl Iterator<Item = Deletion> {
        let meets = |it: &&Tombstone| it.deletion.overlaps(block.min_time, block.max_time);
        let open = self.all.iter().filter(meets).filter(|it| !block.carried_out.contains(&it.id));
        open.map(|it| it.deletion.clone())
    }

    /// Those that may take something out of an answer.
    pub(super) fn touching(&self, request: &SeriesRequest) -> Vec<&Tombstone> {
        let touches = |it: &&Tombstone| {
            it.deletion.overlaps(request.start, request.end)
                && !excludes(&request.matchers, &it.deletion.matchers)
        };
        self.all.iter().filter(touches).collect()
    }
}

impl Tombstone {
    /// Whether it is of this series.
    pub(super) fn is_of(&self, labels: LabelsRef<'_>) -> bool {
        self.deletion.matchers.iter().all(|it| it.matches(labels.get(it.name()).unwrap_or("")))
    }
}

/// Whether no series can fulfil both, as is easily seen.
fn excludes(asked: &[Matcher], other: &[Matcher]) -> bool {
    let equal = asked.iter().filter(|it| it.op() == MatchOp::Equal);
    equal.into_iter().any(|it| other.iter().any(|o| o.name() == it.name() && !o.matches(it.value())))
}

/// When a series has no samples any more.
pub(super) fn holes(tombstones: &[&Tombstone], labels: LabelsRef<'_>) -> Holes {
    let own = tombstones.iter().filter(|it| it.is_of(labels));
    Holes::new(own.map(|it| (it.deletion.start, it.deletion.end)).collect())
}

/// The batch without what these take out of it, whatever its stamps; series that have all their labels. Says also of which series
/// something may have been taken.
pub(super) fn without(
    batch: SeriesBatch,
    tombstones: &[&Tombstone],
) -> Result<(SeriesBatch, Vec<bool>), ChunkError> {
    let mut hit = vec![false; tombstones.len()];
    if tombstones.is_empty() {
        return Ok((batch, hit));
    }
    let mut kept = SeriesBatch::new();
    for series in batch.iter() {
        let holes = holes(tombstones, series.labels.view());
        if !series.chunks.iter().any(|chunk| holes.overlap(chunk.min_time, chunk.max_time)) {
            put(&series, &mut kept);
            continue;
        }
        for (hit, tombstone) in hit.iter_mut().zip(tombstones) {
            *hit |= tombstone.is_of(series.labels.view());
        }
        if series.chunks.iter().any(|chunk| !holes.cover(chunk.min_time, chunk.max_time)) {
            kept.begin(series.labels.clone(), series.identity);
            series.chunks.iter().try_for_each(|chunk| push_rest(chunk, &holes, &mut kept))?;
        }
    }
    Ok((kept, hit))
}

/// Adds a series as it is.
pub(super) fn put(series: &SeriesView<'_>, batch: &mut SeriesBatch) {
    batch.begin(series.labels.clone(), series.identity);
    for chunk in series.chunks {
        batch.push(chunk.clone());
    }
}

/// What is left of a chunk.
fn push_rest(chunk: &Chunk, holes: &Holes, batch: &mut SeriesBatch) -> Result<(), ChunkError> {
    if !holes.overlap(chunk.min_time, chunk.max_time) {
        batch.push(chunk.clone());
    } else if !holes.cover(chunk.min_time, chunk.max_time) {
        let mut all = RawSamples::default();
        merge_raw(std::slice::from_ref(chunk), TimestampMs::MIN, TimestampMs::MAX, &mut all)?;
        let mut rest = RawSamples::default();
        for (at, t) in all.t.iter().enumerate().filter(|(_, t)| !holes.contain(**t)) {
            rest.push_float(*t, all.v[at], all.st.get(at).copied().unwrap_or(0));
        }
        rest.histograms = all.histograms;
        rest.histograms.retain(|sample| !holes.contain(sample.t));
        batch.push_raw(&rest);
    }
    Ok(())
}
