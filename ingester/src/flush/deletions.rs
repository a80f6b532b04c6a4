//! What the tombstones of the version that a flush begins with take out of its blocks.

use mneme_block::manifest::{Manifest, Tombstone};
use mneme_block::meta::BlockMeta;
use mneme_block::read::{Deletion, Holes};
use mneme_model::chunk::{Chunk, Error, FloatSample, HistogramSample};
use mneme_model::{Cut, Labels, TimestampMs};
use std::ops::Range;
use ulid::Ulid;

use super::tenant::Failure;

/// Deletions of a tenant.
#[derive(Clone, Debug, Default)]
pub(super) struct Deletions(Vec<One>);

/// What is stamped below the cut is deleted; what came later stays.
#[derive(Clone, Debug)]
struct One {
    id: Ulid,
    below: Cut,
    deletion: Deletion,
}

/// Those of one series, in a time range.
pub(super) struct OfSeries<'a>(Vec<&'a One>);

/// What is left of a series' chunks.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) floats: Vec<FloatSample>,
    pub(super) histograms: Vec<HistogramSample>,
}

impl Deletions {
    /// All that a version has.
    pub(super) fn of(manifest: &Manifest) -> Result<Self, Failure> {
        let one = |it: &Tombstone| match it.deletion() {
            Ok(deletion) => Ok(One { id: it.id, below: it.below, deletion }),
            Err(error) => Err(Failure::Tombstone { id: it.id, reason: error.to_string() }),
        };
        Ok(Self(manifest.content().tombstones.iter().map(one).collect::<Result<_, _>>()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says in a block that they were carried out, also those that found nothing: what it has came later.
    pub(super) fn note(&self, block: &mut BlockMeta) {
        let meets = |it: &&One| it.deletion.overlaps(block.min_time, block.max_time);
        block.carried_out = self.0.iter().filter(meets).map(|it| it.id).collect();
    }

    /// Those that take something out of a series between two times.
    pub(super) fn of_series(&self, labels: &Labels, start: TimestampMs, end: TimestampMs) -> OfSeries<'_> {
        let is_of = |it: &&One| {
            it.deletion.overlaps(start, end)
                && it.deletion.matchers.iter().all(|it| it.matches(labels.get(it.name()).unwrap_or("")))
        };
        OfSeries(self.0.iter().filter(is_of).collect())
    }

    /// The generations `cuts` in pieces, of each of which a deletion is of all or of none.
    pub(super) fn pieces(&self, cuts: &Range<Cut>) -> Vec<Range<Cut>> {
        let inside = |below: &Cut| cuts.start < *below && *below < cuts.end;
        let mut ends: Vec<Cut> = self.0.iter().map(|it| it.below).filter(inside).chain([cuts.end]).collect();
        ends.sort_unstable();
        ends.dedup();
        let starts = [cuts.start].into_iter().chain(ends.clone());
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }
}

impl OfSeries<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the samples of a piece of generations are deleted.
    pub(super) fn holes(&self, piece: &Range<Cut>) -> Holes {
        let hit = self.0.iter().filter(|it| piece.end <= it.below);
        Holes::new(hit.map(|it| (it.deletion.start, it.deletion.end)).collect())
    }
}

impl Rest {
    /// Adds the samples of a chunk that lie in the range and in no hole.
    pub(super) fn add(
        &mut self,
        chunk: &Chunk,
        range: (TimestampMs, TimestampMs),
        holes: &Holes,
    ) -> Result<(), Error> {
        let stays = |t: TimestampMs| range.0 <= t && t <= range.1 && !holes.contain(t);
        for sample in chunk.floats() {
            let sample = sample?;
            if stays(sample.t) {
                self.floats.push(sample);
            }
        }
        for sample in chunk.histograms() {
            let sample = sample?;
            if stays(sample.t) {
                self.histograms.push(sample);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_of_what_was_stamped_before_its_cut() {
        let one = |below, start, end| One {
            id: Ulid::nil(),
            below: Cut(below),
            deletion: Deletion { matchers: Vec::new(), start, end },
        };
        let deletions = Deletions(vec![one(5, 10, 20), one(7, 15, 30), one(2, 0, 99)]);
        let pieces = deletions.pieces(&(Cut(3)..Cut(9)));
        assert_eq!(pieces, [Cut(3)..Cut(5), Cut(5)..Cut(7), Cut(7)..Cut(9)]);
        let of = deletions.of_series(&Labels::empty(), 0, 100);
        let holes: Vec<Holes> = pieces.iter().map(|piece| of.holes(piece)).collect();
        assert_eq!(holes[0], Holes::new(vec![(10, 30)]));
        assert_eq!(holes[1], Holes::new(vec![(15, 30)]));
        assert!(holes[2].is_empty(), "what came later stays");
        assert!(deletions.of_series(&Labels::empty(), 200, 300).is_empty());
    }
}
