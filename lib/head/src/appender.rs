//! Adds to a head under one hold of its write lock.

use mneme_model::chunk::{self, Chunk};
use mneme_model::{AnyHistogram, Cut, Exemplar, LabelsRef, Metadata, TenantId, TimestampMs};
use parking_lot::RwLockWriteGuard;

use crate::HeadConfig;
use crate::series::{Context, Series};
use crate::state::State;

/// No chunk is larger; a page of chunks counts in 32 bits.
const MAX_CHUNK_BYTES: usize = 1 << 30;

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
    /// Stamped below the head's or its tenant's floor: blocks hold it, the head left it out.
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
    pub(crate) new: New,
}

/// Samples of one tenant and generation, not yet in the tenant's figures: they come in runs.
pub(crate) struct New {
    tenant: u32,
    cut: Cut,
    samples: u64,
    min_time: TimestampMs,
    max_time: TimestampMs,
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
        self.add(series, cut, (t, t), 1, |series, with| series.float(with, cut, t, v, st))
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
        self.add(series, cut, (t, t), 1, |series, with| series.histogram(with, cut, t, histogram, st))
    }

    /// Adds a finished chunk to the generation `cut`, as from a checkpoint. The chunk is read once; one that cannot be read
    /// is refused. Its samples count as new, repeated ones are merged by reads. Its bytes are copied.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what is loaded is handed over: how it is kept is the head's affair"
    )]
    pub fn chunk(&mut self, series: SeriesRef, cut: Cut, chunk: Chunk) -> Result<Outcome, chunk::Error> {
        if chunk.data.len() > MAX_CHUNK_BYTES {
            return Err(chunk::Error::TooLarge);
        }
        for sample in chunk.floats() {
            sample?;
        }
        let mut histograms = chunk.histograms();
        while histograms.next_time()?.is_some() {}
        if chunk.count == 0 {
            return Ok(Outcome::Duplicate);
        }
        let range = (chunk.min_time, chunk.max_time);
        Ok(self
            .add(series, cut, range, u64::from(chunk.count), |series, with| series.chunk(with, cut, &chunk)))
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
        self.state.tenant(tenant).map_or(0, |tenant| tenant.index.len())
    }

    /// The lowest generation still taken.
    #[must_use]
    pub fn floor(&self) -> Cut {
        self.state.floor
    }

    /// The head's heap bytes, an estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.state.bytes + self.state.store.memory()
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

    /// Changes a series' samples, counts the bytes, and counts the samples if they are new.
    #[inline]
    fn add(
        &mut self,
        series: SeriesRef,
        cut: Cut,
        (first, last): (TimestampMs, TimestampMs),
        samples: u64,
        change: impl FnOnce(&mut Series, &mut Context<'_>) -> Outcome,
    ) -> Outcome {
        let state = &mut *self.state;
        if cut < state.floor {
            return Outcome::Covered;
        }
        let Some(found) = state.slab.get_mut(series.slot).filter(|found| found.version == series.version)
        else {
            return Outcome::Gone;
        };
        if cut < state.tenants[found.tenant as usize].floor {
            return Outcome::Covered;
        }
        let mut with = Context { config: self.config, store: &mut state.store, grown: 0 };
        let outcome = change(found, &mut with);
        state.bytes = state.bytes.saturating_add_signed(with.grown);
        let tenant = found.tenant;
        if self.new.tenant != tenant || self.new.cut != cut {
            self.count();
            self.new = New { tenant, cut, ..New::default() };
        }
        // What repeats another generation's sample is kept in this one as well: it belongs to the times that it has.
        self.new.samples += if outcome == Outcome::Appended { samples } else { 0 };
        self.new.min_time = self.new.min_time.min(first);
        self.new.max_time = self.new.max_time.max(last);
        outcome
    }

    /// Adds the new samples to their tenant's figures.
    fn count(&mut self) {
        let New { tenant, cut, samples, min_time, max_time } = std::mem::take(&mut self.new);
        if min_time <= max_time {
            self.state.tenants[tenant as usize].count(cut, min_time, max_time, samples);
        }
    }
}

impl Drop for Appender<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

impl Default for New {
    fn default() -> Self {
        let (min_time, max_time) = (TimestampMs::MAX, TimestampMs::MIN);
        Self { tenant: 0, cut: Cut(0), samples: 0, min_time, max_time }
    }
}

#[cfg(test)]
mod tests {
    use mneme_model::{Histogram, Labels};
    use proptest::prelude::*;

    use super::*;
    use crate::Head;

    /// Series, cut, time, and whether it is a histogram of so many buckets.
    type Step = (u8, u64, i64, Option<u8>);

    fn histogram(buckets: u8) -> AnyHistogram {
        let positive_deltas = (0..i64::from(buckets)).map(|i| i % 2).collect();
        AnyHistogram::Integer(Histogram { positive_deltas, ..Histogram::default() })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn bytes_counted_as_differences_are_those_counted_anew(
            steps in prop::collection::vec((0u8..4, 1u64..4, 0i64..40, prop::option::weighted(0.3, 0u8..20)), 1..200),
            closed_below in 0u64..4,
            dropped_below in 0u64..4,
        ) {
            let config = HeadConfig { max_samples_per_chunk: 5, ..HeadConfig::default() };
            let head = Head::new(config);
            let (tenant, steps): (_, Vec<Step>) = (TenantId::anonymous(), steps);
            let mut appender = head.appender();
            for (step, (series, cut, t, buckets)) in steps.into_iter().enumerate() {
                let name = format!("series_{series}");
                let labels = Labels::from_pairs([("__name__", name.as_str())]);
                let series = appender.series(&tenant, labels.view(), Cut(cut));
                let t = t + step as i64;
                let _ = match buckets {
                    None => appender.float(series, Cut(cut), t, t as f64, 0),
                    Some(buckets) => appender.histogram(series, Cut(cut), t, 0, &histogram(buckets)),
                };
            }
            let state = &mut *appender.state;
            prop_assert_eq!(state.bytes, state.counted_anew());
            state.close_below(appender.config, Cut(closed_below), 0..4);
            state.drop_below(Cut(dropped_below), 0..4);
            prop_assert_eq!(state.bytes, state.counted_anew());
        }
    }
}
