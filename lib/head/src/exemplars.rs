//! A tenant's newest exemplars.

use std::collections::VecDeque;

use mneme_model::{Exemplar, TimestampMs};

use crate::SeriesRef;

/// A ring: the oldest to arrive gives way.
#[derive(Default)]
pub(crate) struct Exemplars {
    ring: VecDeque<(SeriesRef, Exemplar)>,
    bytes: usize,
}

impl Exemplars {
    pub(crate) fn push(&mut self, series: SeriesRef, exemplar: Exemplar, limit: usize) {
        // A record applied twice is mostly applied twice in a row; the rest is left to the reader.
        if limit == 0
            || self.ring.back().is_some_and(|(last, newest)| *last == series && same(newest, &exemplar))
        {
            return;
        }
        while self.ring.len() >= limit {
            self.ring.pop_front().inspect(|(_, old)| self.bytes -= memory(old));
        }
        self.bytes += memory(&exemplar);
        self.ring.push_back((series, exemplar));
    }

    /// The exemplars of `start..=end`, in order of arrival.
    pub(crate) fn range(
        &self,
        start: TimestampMs,
        end: TimestampMs,
    ) -> impl Iterator<Item = (SeriesRef, &Exemplar)> {
        let within = move |exemplar: &Exemplar| (start..=end).contains(&exemplar.timestamp);
        self.ring
            .iter()
            .filter(move |(_, exemplar)| within(exemplar))
            .map(|(series, exemplar)| (*series, exemplar))
    }

    /// Forgets those whose series does not pass.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(SeriesRef) -> bool) {
        self.ring.retain(|(series, _)| keep(*series));
        self.bytes = self.ring.iter().map(|(_, exemplar)| memory(exemplar)).sum();
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
    size_of::<(SeriesRef, Exemplar)>() + exemplar.labels.as_bytes().len() + 24
}
