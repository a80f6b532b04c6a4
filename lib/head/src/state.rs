//! What the head's lock guards.

use hashbrown::{HashMap, HashTable};
use mneme_model::{Cut, LabelsRef, TenantId};

use crate::series::{Context, Series};
use crate::slab::Slab;
use crate::store::Store;
use crate::tenant::Tenant;
use crate::{HeadConfig, SeriesRef, TenantStats};

/// All tenants' series. One table finds them all, so that many small tenants cost what a large one costs.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) tenants: Vec<Tenant>,
    by_name: HashMap<Box<str>, u32>,
    table: HashTable<Entry>,
    pub(crate) slab: Slab<Series>,
    pub(crate) store: Store,
    /// Counts series ever made: tells the users of one slot apart.
    next_version: u32,
    pub(crate) floor: Cut,
    /// Heap bytes of the series (but not their closed chunks) and the indices.
    pub(crate) bytes: usize,
}

/// A series in the hash table, with enough of its hash to grow the table without a look at the series.
#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    slot: u32,
}

impl Entry {
    /// Spreads the half hash over all bits: the table uses the highest and the lowest.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Heap bytes of a series without samples and index: struct, pairs, table entry.
fn series_memory(series: &Series) -> usize {
    size_of::<Option<Series>>() + series.labels.len() * 4 + 16 + 12
}

impl State {
    /// The tenant's index; `None` if it was never seen.
    pub(crate) fn find_tenant(&self, tenant: &str) -> Option<u32> {
        self.by_name.get(tenant).copied()
    }

    pub(crate) fn tenant(&self, tenant: &str) -> Option<&Tenant> {
        self.find_tenant(tenant).map(|at| &self.tenants[at as usize])
    }

    /// The tenant's index; a new one is made.
    pub(crate) fn intern_tenant(&mut self, tenant: &TenantId) -> u32 {
        if let Some(at) = self.find_tenant(tenant.as_str()) {
            return at;
        }
        let at = u32::try_from(self.tenants.len()).expect("fewer than 2^32 tenants fit into memory");
        self.tenants.push(Tenant::new(tenant.clone()));
        self.by_name.insert(tenant.as_str().into(), at);
        at
    }

    /// The series with these labels and the full hash of tenant and labels.
    fn find(&self, tenant: u32, labels: LabelsRef<'_>, hash: u32) -> Option<u32> {
        let index = &self.tenants[tenant as usize].index;
        let same = |entry: &Entry| {
            entry.hash == hash
                && self
                    .slab
                    .get(entry.slot)
                    .is_some_and(|series| series.tenant == tenant && index.equals(&series.labels, labels))
        };
        self.table.find(Entry::spread(hash), same).map(|entry| entry.slot)
    }

    /// The version of the next series that is made.
    pub(crate) fn next_version(&self) -> u32 {
        self.next_version
    }

    /// Whether a series was made since the next version was `version`. Exact as long as fewer than 2^32 series were made since then.
    pub(crate) fn made_since(&self, series: &Series, version: u32) -> bool {
        series.version.wrapping_sub(version) < self.next_version.wrapping_sub(version)
    }

    /// Finds or makes a series.
    pub(crate) fn series(&mut self, tenant: u32, labels: LabelsRef<'_>, cut: Cut) -> SeriesRef {
        let identity = labels.identity();
        let hash = hash(tenant, identity);
        if let Some(slot) = self.find(tenant, labels, hash)
            && let Some(series) = self.slab.get_mut(slot)
        {
            series.seen = series.seen.max(cut);
            return SeriesRef { slot, version: series.version };
        }
        let version = self.next_version;
        self.next_version = version.wrapping_add(1);
        let owner = &mut self.tenants[tenant as usize];
        let before = owner.index.memory();
        let pairs = owner.index.intern(labels);
        let series = Series::new(tenant, version, (pairs.clone(), identity), cut);
        let own = series_memory(&series);
        let slot = self.slab.insert(series);
        owner.index.add(slot, &pairs);
        self.bytes += own + owner.index.memory() - before;
        self.table
            .insert_unique(Entry::spread(hash), Entry { hash, slot }, |entry| Entry::spread(entry.hash));
        SeriesRef { slot, version }
    }

    /// The series that a reference names; `None` once it has left.
    #[inline]
    pub(crate) fn get(&self, series: SeriesRef) -> Option<&Series> {
        self.slab.get(series.slot).filter(|found| found.version == series.version)
    }

    /// Forgets the generations below `cut` of the series in `slots`; series that nothing is left of leave.
    pub(crate) fn drop_below(&mut self, cut: Cut, slots: impl IntoIterator<Item = u32>) {
        for slot in slots {
            let Some(series) = self.slab.get_mut(slot) else { continue };
            let before = series.memory();
            series.drop_below(&mut self.store, cut);
            self.bytes = (self.bytes + series.memory()).saturating_sub(before);
            if series.is_empty() && series.seen < cut {
                self.remove(slot);
            }
        }
    }

    /// Closes what is open of the generations below `cut` of the series in `slots`.
    pub(crate) fn close_below(&mut self, config: &HeadConfig, cut: Cut, slots: std::ops::Range<u32>) {
        for slot in slots {
            let Some(series) = self.slab.get_mut(slot) else { continue };
            let before = series.memory();
            series.close_below(&mut Context { config, store: &mut self.store, grown: 0 }, cut);
            self.bytes = (self.bytes + series.memory()).saturating_sub(before);
        }
    }

    fn remove(&mut self, slot: u32) {
        let Some(series) = self.slab.remove(slot) else { return };
        let tenant = &mut self.tenants[series.tenant as usize];
        let hash = hash(series.tenant, series.identity);
        if let Ok(entry) = self.table.find_entry(Entry::spread(hash), |entry| entry.slot == slot) {
            entry.remove();
        }
        let before = tenant.index.memory();
        tenant.index.remove(slot, &series.labels);
        let freed = (series_memory(&series) + series.memory() + before).saturating_sub(tenant.index.memory());
        self.bytes = self.bytes.saturating_sub(freed);
    }

    /// Forgets exemplars whose series has left.
    pub(crate) fn forget_exemplars(&mut self) {
        let slab = &self.slab;
        let alive =
            |series: SeriesRef| slab.get(series.slot).is_some_and(|found| found.version == series.version);
        self.tenants.iter_mut().for_each(|tenant| tenant.exemplars.retain(alive));
    }

    /// Heap bytes of everything, about.
    pub(crate) fn memory(&self) -> usize {
        self.bytes
            + self.store.memory()
            + self
                .tenants
                .iter()
                .map(|tenant| tenant.exemplars.memory() + tenant.metadata.memory())
                .sum::<usize>()
    }

    /// What [`Self::bytes`] should be.
    #[cfg(test)]
    pub(crate) fn counted_anew(&self) -> usize {
        let series = |series: &Series| series_memory(series) + series.memory();
        self.slab.iter().map(series).sum::<usize>()
            + self.tenants.iter().map(|tenant| tenant.index.memory()).sum::<usize>()
    }

    pub(crate) fn tenant_stats(&self, tenant: &Tenant) -> TenantStats {
        let held = || tenant.index.series().iter().filter_map(|slot| self.slab.get(slot));
        let bounds = tenant.bounds();
        TenantStats {
            tenant: tenant.id.clone(),
            series: tenant.index.len(),
            samples: tenant.generations.iter().map(|generation| generation.samples).sum(),
            chunks: held().map(|series| series.chunk_count(&self.store)).sum(),
            symbols: tenant.index.pair_count(),
            label_names: tenant.index.names().count(),
            exemplars: tenant.exemplars.len(),
            bytes: held()
                .map(|series| series_memory(series) + series.memory() + series.stored_memory(&self.store))
                .sum::<usize>()
                + tenant.index.memory()
                + tenant.exemplars.memory()
                + tenant.metadata.memory(),
            min_time: bounds.map(|(first, _)| first),
            max_time: bounds.map(|(_, last)| last),
        }
    }

    /// Gives spare room of the tables and indices back.
    pub(crate) fn shrink(&mut self) {
        if self.table.len() * 4 < self.table.capacity() {
            self.table.shrink_to(self.table.len() * 2, |entry| Entry::spread(entry.hash));
        }
        self.tenants.iter_mut().for_each(|tenant| tenant.index.shrink());
    }

    /// Heap bytes of the table of series.
    pub(crate) fn table_memory(&self) -> usize {
        self.table.allocation_size()
    }
}

/// Equal labels of two tenants get different hashes.
fn hash(tenant: u32, identity: u64) -> u32 {
    let hash = identity ^ u64::from(tenant).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash ^ (hash >> 32)) as u32
}
