//! One tenant's generations for blocks: which there are, its series in order, their chunks; and dropping them per tenant.

use std::ops::Range;

use mneme_model::chunk::Chunk;
use mneme_model::labels::METRIC_NAME;
use mneme_model::{Cut, Exemplar, Labels, TenantId, TimestampMs};
use parking_lot::RwLockWriteGuard;

use crate::head::SLOTS_PER_HOLD;
use crate::store::{Found, Reads};
use crate::{Head, ReadError, SeriesRef};

/// What a tenant has below a cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flushable {
    /// Whose.
    pub tenant: TenantId,
    /// Series held, of all generations.
    pub series: usize,
    /// Samples of the generations below the cut; they may repeat.
    pub samples: u64,
}

impl Head {
    /// The tenants that have series and are not dropped below `cut` yet.
    #[must_use]
    pub fn flushable(&self, cut: Cut) -> Vec<Flushable> {
        let state = self.state.read();
        let with_series = |tenant: &&crate::tenant::Tenant| tenant.index.len() > 0;
        let held =
            state.tenants.iter().filter(with_series).filter(|tenant| tenant.floor.max(state.floor) < cut);
        held.map(|tenant| Flushable {
            tenant: tenant.id.clone(),
            series: tenant.index.len(),
            samples: tenant.generations.iter().filter(|one| one.cut < cut).map(|one| one.samples).sum(),
        })
        .collect()
    }

    /// Whether the tenant is one of [`Self::flushable`].
    #[must_use]
    pub fn is_flushable(&self, tenant: &str, cut: Cut) -> bool {
        let state = self.state.read();
        let held =
            |tenant: &crate::tenant::Tenant| tenant.index.len() > 0 && tenant.floor.max(state.floor) < cut;
        state.tenant(tenant).is_some_and(held)
    }

    /// The lowest generation of a tenant that is held: everything stamped below was dropped, or there was nothing.
    ///
    /// A mark below it is that of a manifest which is too old, or of a tenant that had nothing here. Whoever reads blocks and heads
    /// together reads the manifest anew and asks again; a mark that is below a floor stated before that manifest was read is right.
    #[must_use]
    pub fn tenant_floor(&self, tenant: &str) -> Cut {
        let state = self.state.read();
        state.tenant(tenant).map_or(Cut(0), |tenant| tenant.floor).max(state.floor)
    }

    /// What was dropped of this tenant itself: its marks are not below.
    #[must_use]
    pub fn dropped_below(&self, tenant: &str) -> Cut {
        self.state.read().tenant(tenant).map_or(Cut(0), |tenant| tenant.floor)
    }

    /// The lowest generation that has samples of any tenant; `None` without samples.
    #[must_use]
    pub fn lowest_generation(&self) -> Option<Cut> {
        let state = self.state.read();
        state.tenants.iter().filter_map(|tenant| tenant.generations.first()).map(|one| one.cut).min()
    }

    /// Time of the oldest sample held, of all tenants; `None` without samples.
    #[must_use]
    pub fn oldest_sample(&self) -> Option<TimestampMs> {
        let state = self.state.read();
        state.tenants.iter().filter_map(crate::tenant::Tenant::bounds).map(|(first, _)| first).min()
    }

    /// A tenant's series that have chunks in the generations `cuts`, sorted by metric name (none is before every name), then by
    /// labels: the order of series in blocks.
    ///
    /// They stay good until the tenant's generations are dropped.
    #[must_use]
    pub fn sorted(&self, tenant: &str, cuts: &Range<Cut>) -> Vec<SeriesRef> {
        let state = self.state.read();
        let Some(tenant) = state.tenant(tenant) else { return Vec::new() };
        let index = &tenant.index;
        // Labels are compared by their places in the order of all labels.
        let ranks = index.ranks();
        let rank = |pair: u32| ranks.get(pair as usize).copied().unwrap_or_default();
        let mut found: Vec<(u32, &crate::series::Series, u32)> = Vec::new();
        for slot in index.series() {
            if let Some(series) = state.slab.get(slot).filter(|series| series.has(&state.store, cuts)) {
                let name = index.pair_of_name(&series.labels, METRIC_NAME).map_or(0, |pair| rank(pair) + 1);
                found.push((name, series, slot));
            }
        }
        found.sort_unstable_by(|(a_name, a, _), (b_name, b, _)| {
            let (a, b) = (a.labels.iter().map(|&pair| rank(pair)), b.labels.iter().map(|&pair| rank(pair)));
            a_name.cmp(b_name).then_with(|| a.cmp(b))
        });
        found.into_iter().map(|(_, series, slot)| SeriesRef { slot, version: series.version }).collect()
    }

    /// The labels of a series; `None` once it has left.
    #[must_use]
    pub fn labels(&self, series: SeriesRef) -> Option<Labels> {
        let state = self.state.read();
        let found = state.get(series)?;
        Some(state.tenants.get(found.tenant as usize)?.index.labels(&found.labels))
    }

    /// Calls `see` with the first and last time and the bytes of each chunk that a series has in the generations `cuts`.
    pub fn chunk_ranges(
        &self,
        series: SeriesRef,
        cuts: &Range<Cut>,
        see: &mut dyn FnMut(TimestampMs, TimestampMs, usize),
    ) {
        let state = self.state.read();
        if let Some(found) = state.get(series) {
            found.ranges_and_bytes(&state.store, cuts, see);
        }
    }

    /// Appends the chunks of a series in the generations `cuts` that meet `start..=end`, in no order.
    ///
    /// Spilled chunks are read after the lock is given up: call this where a thread may block.
    pub fn chunks(
        &self,
        series: SeriesRef,
        cuts: &Range<Cut>,
        range: (TimestampMs, TimestampMs),
        out: &mut Vec<Chunk>,
    ) -> Result<(), ReadError> {
        let mut reads = Reads::default();
        {
            let state = self.state.read();
            let Some(found) = state.get(series) else { return Ok(()) };
            found.chunks((&self.config, &state.store), cuts, range, &mut |_, found| match found {
                Found::File(read) => reads.push(0, read),
                found => out.extend(found.in_memory()),
            });
        }
        reads.run(|_, chunk| out.push(chunk))
    }

    /// A tenant's exemplars of the generations `cuts`, in order of arrival; they may repeat.
    #[must_use]
    pub fn exemplars_of(&self, tenant: &str, cuts: &Range<Cut>) -> Vec<(SeriesRef, Exemplar)> {
        let state = self.state.read();
        let Some(tenant) = state.tenant(tenant) else { return Vec::new() };
        tenant.exemplars.stamped(cuts).map(|(series, _, exemplar)| (series, exemplar.clone())).collect()
    }

    /// Forgets a tenant's generations below `cut`, which are in blocks, and its series of which nothing is left. Its records stamped
    /// below are left out from now on. Other tenants are not touched; memory that they share goes with the last one of them.
    ///
    /// The lock is given up regularly, so that writes and reads go on; reads see the whole effect from the start.
    pub fn drop_tenant_below(&self, tenant: &str, cut: Cut) {
        let mut state = self.state.write();
        let Some(at) = state.find_tenant(tenant) else { return };
        let owner = &mut state.tenants[at as usize];
        if cut <= owner.floor {
            return;
        }
        owner.drop_below(cut);
        let slots: Vec<u32> = owner.index.series().iter().collect();
        for some in slots.chunks(SLOTS_PER_HOLD as usize) {
            // A slot that was given up meanwhile may be another tenant's now.
            let own = |slot: &u32, state: &crate::state::State| {
                state.slab.get(*slot).is_some_and(|series| series.tenant == at)
            };
            let some: Vec<u32> = some.iter().copied().filter(|slot| own(slot, &state)).collect();
            state.drop_below(cut, some);
            RwLockWriteGuard::bump(&mut state);
        }
        state.forget_exemplars();
        state.shrink();
    }
}
