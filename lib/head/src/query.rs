//! Answers about one tenant.

use std::collections::BTreeMap;

use mneme_model::chunk::Chunk;
use mneme_model::{Cut, Exemplar, Labels, Matcher, TimestampMs};
use roaring::RoaringBitmap;

use crate::exemplars;
use crate::index::Index;
use crate::series::Series;
use crate::state::State;
use crate::tenant::Tenant;
use crate::{HeadConfig, MetricMetadata};

/// Which samples a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Inclusive.
    pub start: TimestampMs,
    /// Inclusive.
    pub end: TimestampMs,
    /// The lowest generation that counts: the manifest's mark, below which blocks answer (DESIGN section 5, seam).
    pub from: Cut,
}

impl Default for Window {
    fn default() -> Self {
        Self::all()
    }
}

impl Window {
    /// All generations.
    #[must_use]
    pub fn new(start: TimestampMs, end: TimestampMs) -> Self {
        Self { start, end, from: Cut(0) }
    }

    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self::new(TimestampMs::MIN, TimestampMs::MAX)
    }

    /// The same range, from generation `from` on.
    #[must_use]
    pub fn from_cut(self, from: Cut) -> Self {
        Self { from, ..self }
    }
}

/// A series and its chunks that meet the window.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectedSeries {
    /// The whole identity.
    pub labels: Labels,
    /// In no order; they may overlap and repeat samples: read them by [`mneme_model::chunk::merge`].
    pub chunks: Vec<Chunk>,
}

/// A series and its exemplars.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesExemplars {
    /// The whole identity.
    pub labels: Labels,
    /// Ascending in time, each once.
    pub exemplars: Vec<Exemplar>,
}

/// A tenant's series under the read lock.
pub(crate) struct Reader<'a> {
    pub(crate) config: &'a HeadConfig,
    pub(crate) state: &'a State,
    pub(crate) tenant: &'a Tenant,
}

impl<'a> Reader<'a> {
    /// The lowest generation of the tenant that is held.
    pub(crate) fn floor(&self) -> Cut {
        self.state.floor.max(self.tenant.floor)
    }

    fn index(&self) -> &'a Index {
        &self.tenant.index
    }

    /// Whether the tenant may have samples of the window: its generations tell.
    pub(crate) fn meets(&self, window: Window) -> bool {
        let from = window.from.max(self.floor());
        self.tenant.generations.iter().any(|generation| {
            generation.cut >= from && generation.min_time <= window.end && window.start <= generation.max_time
        })
    }

    /// The series that fulfil all matchers, and may have samples of the window. Of a window without any none is looked for.
    pub(crate) fn matching(&self, matchers: &[Matcher], window: Window) -> RoaringBitmap {
        if !self.meets(window) {
            return RoaringBitmap::new();
        }
        self.index().select(matchers, |slot| self.state.slab.get(slot).map_or(&[], |series| &series.labels))
    }

    /// The matching series with a chunk in the window.
    pub(crate) fn found<'s>(
        &self,
        set: &'s RoaringBitmap,
        window: Window,
    ) -> impl Iterator<Item = &'a Series> + use<'a, 's> {
        let from = window.from.max(self.floor());
        let (slab, store) = (&self.state.slab, &self.state.store);
        set.iter()
            .filter_map(move |slot| slab.get(slot))
            .filter(move |series| series.overlaps(store, from, window.start, window.end))
    }

    /// Calls `see` with labels and identity of the matching series with a chunk in the window.
    pub(crate) fn series(&self, matchers: &[Matcher], window: Window, see: &mut dyn FnMut(Labels, u64)) {
        let set = self.matching(matchers, window);
        let mut whole = self.index().cutter(None);
        self.found(&set, window).for_each(|series| see(whole.labels(&series.labels), series.identity));
    }

    pub(crate) fn exemplars(
        &self,
        matchers: &[Matcher],
        start: TimestampMs,
        end: TimestampMs,
    ) -> Vec<SeriesExemplars> {
        let set = self.matching(matchers, Window::all());
        let mut found: BTreeMap<u32, (&Series, Vec<Exemplar>)> = BTreeMap::new();
        for (reference, exemplar) in self.tenant.exemplars.range(start, end) {
            if let Some(series) = self.state.get(reference).filter(|_| set.contains(reference.slot)) {
                found.entry(reference.slot).or_insert((series, Vec::new())).1.push(exemplar.clone());
            }
        }
        let answer = |(series, mut exemplars): (&Series, Vec<Exemplar>)| {
            exemplars.sort_by(|a, b| {
                (a.timestamp, a.value.to_bits(), &a.labels).cmp(&(b.timestamp, b.value.to_bits(), &b.labels))
            });
            exemplars.dedup_by(|a, b| exemplars::same(a, b));
            SeriesExemplars { labels: self.index().labels(&series.labels), exemplars }
        };
        found.into_values().map(answer).collect()
    }

    pub(crate) fn metadata(&self, metric: Option<&str>) -> Vec<MetricMetadata> {
        self.tenant.metadata.get(metric)
    }

    /// Whether the answer is the whole index: no matchers, and the window holds all samples.
    pub(crate) fn covers_all(&self, matchers: &[Matcher], window: Window) -> bool {
        let oldest = self.tenant.generations.first().map_or(Cut(0), |generation| generation.cut);
        let (first, last) = self.tenant.bounds().unwrap_or((TimestampMs::MAX, TimestampMs::MIN));
        matchers.is_empty()
            && window.from.max(self.floor()) <= oldest
            && window.start <= first
            && last <= window.end
    }
}
