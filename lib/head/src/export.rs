//! Generations, page by page, for flushes and checkpoints.

use std::ops::{Range, RangeInclusive};

use hashbrown::HashMap;
use mneme_model::chunk::Chunk;
use mneme_model::{Cut, Exemplar, Labels, TenantId};

use crate::state::State;
use crate::{ReadError, SeriesRef};

/// Where the next page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportCursor(pub(crate) u32);

/// Some series with their chunks of the generations asked for.
#[derive(Debug, Default)]
pub struct ExportPage {
    /// Those that have such chunks or exemplars, in no order.
    pub series: Vec<ExportedSeries>,
    /// Where to go on; `None` at the end.
    pub next: Option<ExportCursor>,
    /// Spilled chunks could not be read: the page is not complete and must not be used, nor a page after it.
    pub failed: Option<ReadError>,
}

/// One series' chunks and exemplars.
#[derive(Clone, Debug)]
pub struct ExportedSeries {
    /// Whose.
    pub tenant: TenantId,
    /// The whole identity.
    pub labels: Labels,
    /// Generation and chunk; they may overlap and repeat samples.
    pub chunks: Vec<(Cut, Chunk)>,
    /// Generation and exemplar, in order of arrival; they may repeat.
    pub exemplars: Vec<(Cut, Exemplar)>,
}

/// The exemplars of a page's series, of some generations. Each tenant's are sorted out when its first series asks.
pub(crate) struct ExemplarsBySlot<'a> {
    state: &'a State,
    cuts: &'a Range<Cut>,
    /// From the page's first slot to its last.
    slots: RangeInclusive<u32>,
    tenants: HashMap<u32, HashMap<SeriesRef, Vec<(Cut, Exemplar)>>>,
}

impl<'a> ExemplarsBySlot<'a> {
    /// For the series in `slots`, which ascend.
    pub(crate) fn new(state: &'a State, cuts: &'a Range<Cut>, slots: &[u32]) -> Self {
        let (first, last) = (slots.first().copied().unwrap_or(1), slots.last().copied().unwrap_or(0));
        Self { state, cuts, slots: first..=last, tenants: HashMap::new() }
    }

    /// Those of a series, in order of arrival.
    pub(crate) fn take(&mut self, tenant: u32, series: SeriesRef) -> Vec<(Cut, Exemplar)> {
        let sorted = self.tenants.entry(tenant).or_insert_with(|| {
            let mut sorted: HashMap<SeriesRef, Vec<(Cut, Exemplar)>> = HashMap::new();
            for (series, cut, exemplar) in self.state.tenants[tenant as usize].exemplars.stamped(self.cuts) {
                if !self.slots.contains(&series.slot) {
                    continue;
                }
                sorted.entry(series).or_default().push((cut, exemplar.clone()));
            }
            sorted
        });
        sorted.remove(&series).unwrap_or_default()
    }
}
