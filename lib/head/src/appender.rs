//! Adds to a head under one hold of its write lock.

use mneme_model::chunk::{self, Chunk};
use mneme_model::{AnyHistogram, Cut, Exemplar, LabelsRef, Metadata, TenantId, TimestampMs};
use parking_lot::RwLockWriteGuard;

use crate::HeadConfig;
use crate::series::Series;
use crate::state::State;

/// A series of one head. Stays good while the generation of the cut that [`Appender::series`] was given is held;
/// afterwards it names nothing, and never another series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesRef {
    pub(crate) slot: u32,
    pub(crate) version: u32,
}

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// New: the series had none at that time.
    Appended,
    /// The series has the same bits at that time already.
    Duplicate,
    /// The series has another value at that time. The preferred one is read from now on (DESIGN section 5).
    Conflict,
    /// Stamped below the head's floor: blocks hold it, the head left it out.
    Covered,
    /// The series has left the head (see [`SeriesRef`]): nothing was added.
    Gone,
}

/// Adds to a head; holds its write lock while it lives.
pub struct Appender<'a> {
    pub(crate) config: &'a HeadConfig,
    pub(crate) state: RwLockWriteGuard<'a, State>,
    /// The tenant of the last call.
    pub(crate) tenant: Option<(TenantId, u32)>,
}

impl Appender<'_> {
    /// Finds a tenant's series, or makes it. `cut` is the stamp of the section that names it.
    pub fn series(&mut self, tenant: &TenantId, labels: LabelsRef<'_>, cut: Cut) -> SeriesRef {
        let tenant = self.tenant(tenant);
        self.state.series(tenant, labels, cut)
    }

    /// Adds a float to the generation `cut`; `st` is its start timestamp, 0 if unknown.
    #[inline]
    pub fn float(&mut self, series: SeriesRef, cut: Cut, t: TimestampMs, v: f64, st: TimestampMs) -> Outcome {
        self.add(series, cut, t, |series, config| series.float(config, cut, t, v, st))
    }

    /// Adds a native histogram to the generation `cut`; `st` is its start timestamp, 0 if unknown.
    pub fn histogram(
        &mut self,
        series: SeriesRef,
        cut: Cut,
        t: TimestampMs,
        st: TimestampMs,
        histogram: &AnyHistogram,
    ) -> Outcome {
        self.add(series, cut, t, |series, config| series.histogram(config, cut, t, histogram, st))
    }

    /// Adds a finished chunk to the generation `cut`, as from a checkpoint. The chunk is read once; one that cannot be read
    /// is refused. Its samples count as new, repeated ones are merged by reads.
    pub fn chunk(&mut self, series: SeriesRef, cut: Cut, chunk: Chunk) -> Result<Outcome, chunk::Error> {
        for sample in chunk.floats() {
            sample?;
        }
        let mut histograms = chunk.histograms();
        while histograms.next_time()?.is_some() {}
        if chunk.count == 0 {
            return Ok(Outcome::Duplicate);
        }
        let (first, last, samples) = (chunk.min_time, chunk.max_time, u64::from(chunk.count));
        let outcome = self.change(series, cut, |series, _| {
            series.chunk(cut, chunk);
            Outcome::Appended
        });
        if outcome == Outcome::Appended
            && let Some(found) = self.state.get(series)
        {
            let tenant = found.tenant as usize;
            self.state.tenants[tenant].count(cut, first, last, samples);
        }
        Ok(outcome)
    }

    /// Keeps an exemplar of a series, among the tenant's newest ([`HeadConfig::max_exemplars_per_tenant`]), in the newest
    /// generation that named the series. Where the section's stamp is known, [`Self::stamped_exemplar`] is exact.
    pub fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) {
        if let Some(cut) = self.state.get(series).map(|found| found.seen) {
            self.stamped_exemplar(series, cut, exemplar);
        }
    }

    /// Keeps an exemplar of a series in the generation `cut`, among the tenant's newest.
    pub fn stamped_exemplar(&mut self, series: SeriesRef, cut: Cut, exemplar: Exemplar) {
        let limit = self.config.max_exemplars_per_tenant as usize;
        if let Some(found) = self.state.get(series) {
            let tenant = found.tenant as usize;
            self.state.tenants[tenant].exemplars.push(series, cut, exemplar, limit);
        }
    }

    /// Keeps a metric family's metadata; `false` where the tenant has too many families ([`HeadConfig::max_metadata_per_tenant`]).
    pub fn metadata(&mut self, tenant: &TenantId, metric: &str, metadata: Metadata) -> bool {
        let tenant = self.tenant(tenant) as usize;
        self.state.tenants[tenant].metadata.insert(self.config, metric, metadata)
    }

    /// The tenant's series held now, new ones of this appender included.
    #[must_use]
    pub fn series_count(&self, tenant: &str) -> usize {
        self.state.tenant(tenant).map_or(0, |tenant| tenant.index.series().len() as usize)
    }

    /// The lowest generation still taken.
    #[must_use]
    pub fn floor(&self) -> Cut {
        self.state.floor
    }

    /// The head's heap bytes, an estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.state.bytes
    }

    fn tenant(&mut self, tenant: &TenantId) -> u32 {
        match &self.tenant {
            Some((last, at)) if last == tenant => *at,
            _ => {
                let at = self.state.intern_tenant(tenant);
                self.tenant = Some((tenant.clone(), at));
                at
            }
        }
    }

    #[inline]
    fn add(
        &mut self,
        series: SeriesRef,
        cut: Cut,
        t: TimestampMs,
        add: impl FnOnce(&mut Series, &HeadConfig) -> Outcome,
    ) -> Outcome {
        let outcome = self.change(series, cut, add);
        if outcome == Outcome::Appended
            && let Some(found) = self.state.slab.get(series.slot)
        {
            let tenant = found.tenant as usize;
            self.state.tenants[tenant].count(cut, t, t, 1);
        }
        outcome
    }

    /// Changes a series' samples and counts the bytes.
    #[inline]
    fn change(
        &mut self,
        series: SeriesRef,
        cut: Cut,
        change: impl FnOnce(&mut Series, &HeadConfig) -> Outcome,
    ) -> Outcome {
        let state = &mut *self.state;
        if cut < state.floor {
            return Outcome::Covered;
        }
        let Some(found) = state.slab.get_mut(series.slot).filter(|found| found.version == series.version)
        else {
            return Outcome::Gone;
        };
        let before = found.memory();
        let outcome = change(found, self.config);
        let after = found.memory();
        if before != after {
            let bytes = &mut state.tenants[found.tenant as usize].bytes;
            *bytes = (*bytes + after).saturating_sub(before);
            state.bytes = (state.bytes + after).saturating_sub(before);
        }
        outcome
    }
}
