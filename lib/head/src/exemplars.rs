//! A tenant's newest exemplars.

use std::collections::VecDeque;
use std::ops::Range;

use mneme_model::{Cut, Exemplar, TimestampMs};

use crate::SeriesRef;

/// A ring: the oldest to arrive gives way.
#[derive(Default)]
pub(crate) struct Exemplars {
    ring: VecDeque<Held>,
    bytes: usize,
}

struct Held {
    series: SeriesRef,
    /// The stamp of the section that brought it.
    cut: Cut,
    exemplar: Exemplar,
}

impl Exemplars {
    pub(crate) fn push(&mut self, series: SeriesRef, cut: Cut, exemplar: Exemplar, limit: usize) {
        // A record applied twice is mostly applied twice in a row; the rest is left to the reader.
        let repeats = |held: &Held| held.series == series && same(&held.exemplar, &exemplar);
        if limit == 0 || self.ring.back().is_some_and(repeats) {
            return;
        }
        while self.ring.len() >= limit {
            self.ring.pop_front().inspect(|old| self.bytes -= memory(&old.exemplar));
        }
        self.bytes += memory(&exemplar);
        self.ring.push_back(Held { series, cut, exemplar });
    }

    /// The exemplars of `start..=end`, in order of arrival.
    pub(crate) fn range(
        &self,
        start: TimestampMs,
        end: TimestampMs,
    ) -> impl Iterator<Item = (SeriesRef, &Exemplar)> {
        self.ring
            .iter()
            .filter(move |held| (start..=end).contains(&held.exemplar.timestamp))
            .map(|held| (held.series, &held.exemplar))
    }

    /// Those of the generations `cuts`, in order of arrival.
    pub(crate) fn stamped(
        &self,
        cuts: &Range<Cut>,
    ) -> impl Iterator<Item = (SeriesRef, Cut, &Exemplar)> + use<'_> {
        let cuts = cuts.clone();
        let held = self.ring.iter().filter(move |held| cuts.contains(&held.cut));
        held.map(|held| (held.series, held.cut, &held.exemplar))
    }

    /// Forgets those of the generations below `cut`.
    pub(crate) fn drop_below(&mut self, cut: Cut) {
        self.retain_held(|held| held.cut >= cut);
    }

    /// Forgets those whose series does not pass.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(SeriesRef) -> bool) {
        self.retain_held(|held| keep(held.series));
    }

    fn retain_held(&mut self, keep: impl FnMut(&Held) -> bool) {
        self.ring.retain(keep);
        self.bytes = self.ring.iter().map(|held| memory(&held.exemplar)).sum();
        if self.ring.len() * 2 < self.ring.capacity() {
            self.ring.shrink_to_fit();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    pub(crate) fn memory(&self) -> usize {
        self.bytes
    }
}

/// Equal by bits.
pub(crate) fn same(a: &Exemplar, b: &Exemplar) -> bool {
    a.timestamp == b.timestamp && a.value.to_bits() == b.value.to_bits() && a.labels == b.labels
}

fn memory(exemplar: &Exemplar) -> usize {
    size_of::<Held>() + exemplar.labels.as_bytes().len() + 24
}
