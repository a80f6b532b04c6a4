//! One partition's recent series, under one lock.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use mneme_model::chunk::{Chunk, SeriesBatch, SeriesView};
use mneme_model::{Cut, Labels, Matcher, TenantId, TimestampMs};
use parking_lot::{RwLock, RwLockWriteGuard};

use crate::appender::New;
use crate::candidates::Candidates;
use crate::export::ExemplarsBySlot;
use crate::query::Reader;
use crate::state::State;
use crate::store::{Found, Read, Reads};
use crate::{
    Appender, ExportCursor, ExportPage, ExportedSeries, Generation, HeadConfig, HeadStats, MemoryUse,
    MetricMetadata, ReadError, SelectedSeries, SeriesExemplars, SeriesRef, Size, SpillFile, Spilled,
    TenantStats, TextSet, Wanted, Window,
};

/// So many slots are worked on under one hold of the lock when a generation is dropped.
pub(crate) const SLOTS_PER_HOLD: u32 = 4096;
/// So many slots make a page of an export. Its series lie in memory with all their labels, about a kilobyte each, which the allocator
/// keeps for each of the threads that has exported.
const SLOTS_PER_PAGE: u32 = 512;

/// One partition's recent series of all tenants. Share it by reference or `Arc`; every call locks for itself.
#[derive(Default)]
pub struct Head {
    pub(crate) config: HeadConfig,
    pub(crate) state: RwLock<State>,
}

impl Head {
    /// An empty head.
    #[must_use]
    pub fn new(config: HeadConfig) -> Self {
        Self { config, state: RwLock::default() }
    }

    /// Takes the write lock, to add a WAL section's records. Never hold it across an await.
    #[must_use]
    pub fn appender(&self) -> Appender<'_> {
        Appender { config: &self.config, state: self.state.write(), tenant: None, new: New::default() }
    }

    /// [`Self::select_into`] with all labels and samples, each series with memory of its own.
    pub fn select(
        &self,
        tenant: &str,
        matchers: &[Matcher],
        window: Window,
    ) -> Result<Vec<SelectedSeries>, ReadError> {
        let mut found = SeriesBatch::new();
        self.select_into(tenant, &Wanted::new(matchers, window), &mut found)?;
        let own = |one: SeriesView<'_>| {
            let meets = |chunk: &&Chunk| chunk.overlaps(window.start, window.end);
            let chunks = one.chunks.iter().filter(meets).cloned().collect();
            SelectedSeries { labels: one.labels.clone(), chunks }
        };
        Ok(found.iter().map(own).filter(|one| !one.chunks.is_empty()).collect())
    }

    /// The same series without their samples.
    #[must_use]
    pub fn series(&self, tenant: &str, matchers: &[Matcher], window: Window) -> Vec<Labels> {
        let mut all = SeriesBatch::new();
        self.series_into(tenant, matchers, window, &mut all);
        all.into_labels()
    }

    /// Adds the same series to `out`, without chunks.
    pub fn series_into(&self, tenant: &str, matchers: &[Matcher], window: Window, out: &mut SeriesBatch) {
        self.read(tenant, |reader| {
            reader.series(matchers, window, &mut |labels, identity| out.begin(labels, identity));
        });
    }

    /// How many of a tenant's series fulfil all matchers, whatever their samples' times: what the index alone answers.
    #[must_use]
    pub fn series_matching(&self, tenant: &str, matchers: &[Matcher]) -> u64 {
        self.read(tenant, |reader| reader.matching(matchers, Window::all()).len())
    }

    /// Label names of these series, sorted, each once.
    #[must_use]
    pub fn label_names(&self, tenant: &str, matchers: &[Matcher], window: Window) -> Vec<String> {
        let mut names = TextSet::default();
        self.label_names_into(tenant, matchers, window, &mut names);
        names.into_sorted()
    }

    /// Adds label names of these series.
    pub fn label_names_into(&self, tenant: &str, matchers: &[Matcher], window: Window, out: &mut TextSet) {
        self.read(tenant, |reader| Candidates::new(&reader, matchers, window).names(out));
    }

    /// Values of label `name` of these series, sorted, each once.
    #[must_use]
    pub fn label_values(
        &self,
        tenant: &str,
        name: &str,
        matchers: &[Matcher],
        window: Window,
    ) -> Vec<String> {
        let mut values = TextSet::default();
        self.label_values_into(tenant, name, (matchers, window), &mut values);
        values.into_sorted()
    }

    /// Adds values of label `name` of these series.
    pub fn label_values_into(
        &self,
        tenant: &str,
        name: &str,
        (matchers, window): (&[Matcher], Window),
        out: &mut TextSet,
    ) {
        self.read(tenant, |reader| Candidates::new(&reader, matchers, window).values(name, out));
    }

    /// Exemplars of `start..=end` of series that fulfil all matchers.
    #[must_use]
    pub fn exemplars(
        &self,
        tenant: &str,
        matchers: &[Matcher],
        start: TimestampMs,
        end: TimestampMs,
    ) -> Vec<SeriesExemplars> {
        self.read(tenant, |reader| reader.exemplars(matchers, start, end))
    }

    /// Metadata of one metric family, or of all, sorted by name.
    #[must_use]
    pub fn metadata(&self, tenant: &str, metric: Option<&str>) -> Vec<MetricMetadata> {
        self.read(tenant, |reader| reader.metadata(metric))
    }

    /// Calls `each` with every label whose name is `wanted`, and the number of a tenant's series that have it: labels of one
    /// name come together. Without matchers and limits of time this is read off the index; `each` runs under the read lock.
    pub fn label_counts(
        &self,
        tenant: &str,
        matchers: &[Matcher],
        window: Window,
        wanted: &dyn Fn(&str) -> bool,
        each: &mut dyn FnMut(&str, &str, u64),
    ) -> Size {
        self.read(tenant, |reader| reader.label_counts(matchers, window, wanted, each))
    }

    /// How many series a tenant has.
    #[must_use]
    pub fn series_count(&self, tenant: &str) -> usize {
        self.state.read().tenant(tenant).map_or(0, |tenant| tenant.index.len())
    }

    /// Times of a tenant's first and last sample held; `None` without samples.
    #[must_use]
    pub fn time_range(&self, tenant: &str) -> Option<(TimestampMs, TimestampMs)> {
        self.state.read().tenant(tenant)?.bounds()
    }

    /// The tenants with series or metadata, in no order.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantId> {
        let state = self.state.read();
        let held = state.tenants.iter().filter(|t| t.index.len() > 0 || t.metadata.memory() > 0);
        held.map(|tenant| tenant.id.clone()).collect()
    }

    /// The lowest generation held: everything stamped below was dropped.
    #[must_use]
    pub fn floor(&self) -> Cut {
        self.state.read().floor
    }

    /// The generations that have samples, ascending.
    #[must_use]
    pub fn generations(&self) -> Vec<Generation> {
        let state = self.state.read();
        let mut all: Vec<Generation> = Vec::new();
        for one in state.tenants.iter().flat_map(|tenant| &tenant.generations) {
            match all.binary_search_by_key(&one.cut, |generation| generation.cut) {
                Ok(at) => {
                    all[at].samples += one.samples;
                    all[at].min_time = all[at].min_time.min(one.min_time);
                    all[at].max_time = all[at].max_time.max(one.max_time);
                }
                Err(at) => {
                    let (cut, samples, min_time, max_time) =
                        (one.cut, one.samples, one.min_time, one.max_time);
                    all.insert(at, Generation { cut, samples, min_time, max_time });
                }
            }
        }
        all
    }

    /// A page of the generations `cuts`, of one tenant or of all. Start with `after = None`, go on with the page's `next`.
    ///
    /// Records that arrive between two pages may be missing: a generation is complete once its cut is.
    /// A page holds at most 512 series. A tenant's metadata are not part of a generation: [`Self::export_metadata`].
    #[must_use]
    pub fn export(&self, tenant: Option<&str>, cuts: Range<Cut>, after: Option<ExportCursor>) -> ExportPage {
        let mut reads = Reads::default();
        let mut cuts_of_reads = Vec::new();
        let mut page = self.export_locked(tenant, &cuts, after, |at, cut, read| {
            reads.push(cuts_of_reads.len(), read);
            cuts_of_reads.push((at, cut));
        });
        let read = reads.run(|number, chunk| {
            let (at, cut) = cuts_of_reads[number];
            page.series[at].chunks.push((cut, chunk));
        });
        page.failed = read.err();
        page
    }

    /// A page without the chunks that are in files; those are handed to `on_file`.
    fn export_locked(
        &self,
        tenant: Option<&str>,
        cuts: &Range<Cut>,
        after: Option<ExportCursor>,
        mut on_file: impl FnMut(usize, Cut, Read),
    ) -> ExportPage {
        let state = self.state.read();
        let mut page = ExportPage::default();
        let Ok(only) = tenant.map(|tenant| state.find_tenant(tenant).ok_or(())).transpose() else {
            return page;
        };
        let start = after.map_or(0, |cursor| cursor.0);
        let (slots, next) = page_of(&state, only, start);
        page.next = next.map(ExportCursor);
        let mut exemplars = ExemplarsBySlot::new(&state, cuts, &slots);
        for slot in slots {
            let Some(series) = state.slab.get(slot) else { continue };
            let (mut chunks, mut files) = (Vec::with_capacity(1), false);
            let whole = (TimestampMs::MIN, TimestampMs::MAX);
            series.chunks((&self.config, &state.store), cuts, whole, &mut |cut, found| match found {
                Found::File(read) => {
                    files = true;
                    on_file(page.series.len(), cut, read);
                }
                found => chunks.extend(found.in_memory().map(|chunk| (cut, chunk))),
            });
            let exemplars = exemplars.take(series.tenant, SeriesRef { slot, version: series.version });
            if files || !chunks.is_empty() || !exemplars.is_empty() {
                let owner = &state.tenants[series.tenant as usize];
                let labels = owner.index.labels(&series.labels);
                page.series.push(ExportedSeries { tenant: owner.id.clone(), labels, chunks, exemplars });
            }
        }
        page
    }

    /// Everything known of a tenant's metric families, sorted by name: the part of a checkpoint that no generation holds,
    /// for metadata are facts about names, not about times. Adding them again changes nothing.
    #[must_use]
    pub fn export_metadata(&self, tenant: &str) -> Vec<MetricMetadata> {
        self.metadata(tenant, None)
    }

    /// Forgets all generations below `cut`, and series of which nothing is left. Records stamped below are left out from now on.
    ///
    /// The lock is given up regularly, so that writes and reads go on; reads see the whole effect from the start.
    pub fn drop_below(&self, cut: Cut) {
        let mut state = self.state.write();
        if cut <= state.floor {
            return;
        }
        state.floor = cut;
        state.store.drop_below(cut);
        // Nothing was taken from a tenant without generations below: its own floor stays.
        let with_older =
            |tenant: &&mut crate::tenant::Tenant| tenant.generations.first().is_some_and(|one| one.cut < cut);
        state.tenants.iter_mut().filter(with_older).for_each(|tenant| tenant.drop_below(cut));
        state.tenants.iter_mut().for_each(|tenant| tenant.exemplars.drop_below(cut));
        walk(&mut state, |state, slots| state.drop_below(cut, slots));
        state.store.reuse_below(cut);
        state.forget_exemplars();
        state.shrink();
    }

    /// Moves the samples of the generations below `cut` to a local file, and leaves some 24 bytes per chunk in memory. Reads
    /// fetch them from there. For a head that is short of memory and whose generations are safe elsewhere: the file is a
    /// cache of what the bucket's checkpoints hold. What is added to these generations later is in memory until the next call.
    ///
    /// Blocks for the disk, but not while it holds the lock. After an error what was moved is moved, the rest is in memory.
    pub fn spill(&self, below: Cut, file: &Arc<SpillFile>) -> io::Result<Spilled> {
        let pages = {
            let mut state = self.state.write();
            walk(&mut state, |state, slots| state.close_below(&self.config, below, slots));
            state.store.sealed_below(below)
        };
        let mut spilled = Spilled::default();
        for (page, bytes) in pages {
            let base = file.append(&bytes)?;
            spilled.chunks += self.state.write().store.moved(page, &bytes, file, base);
            spilled.bytes += bytes.len() as u64;
        }
        Ok(spilled)
    }

    /// The head's figures; cheap.
    #[must_use]
    pub fn stats(&self) -> HeadStats {
        let state = self.state.read();
        HeadStats {
            tenants: state.tenants.len(),
            series: state.slab.len(),
            bytes: state.memory(),
            spilled: state.store.spilled(),
            floor: state.floor,
        }
    }

    /// What the memory is spent on; walks all series and labels.
    #[must_use]
    pub fn memory_use(&self) -> MemoryUse {
        MemoryUse::of(&self.state.read())
    }

    /// Every tenant's figures; walks all series.
    #[must_use]
    pub fn tenant_stats(&self) -> Vec<TenantStats> {
        let state = self.state.read();
        state.tenants.iter().map(|tenant| state.tenant_stats(tenant)).collect()
    }

    fn read<T: Default>(&self, tenant: &str, answer: impl FnOnce(Reader<'_>) -> T) -> T {
        let state = self.state.read();
        let Some(tenant) = state.tenant(tenant) else { return T::default() };
        answer(Reader { config: &self.config, state: &state, tenant })
    }
}

/// The slots of a page from `start` on, of one tenant or of all, and where the next page starts.
fn page_of(state: &State, tenant: Option<u32>, start: u32) -> (Vec<u32>, Option<u32>) {
    let Some(tenant) = tenant else {
        let end = state.slab.end().min(start.saturating_add(SLOTS_PER_PAGE));
        return ((start..end).collect(), (end < state.slab.end()).then_some(end));
    };
    let mut slots = state.tenants[tenant as usize].index.series().range(start..);
    (slots.by_ref().take(SLOTS_PER_PAGE as usize).collect(), slots.next())
}

/// Does `work` with the slots of all series, some at a time: between two the lock is given up, so that writes and reads go on.
fn walk(state: &mut RwLockWriteGuard<'_, State>, mut work: impl FnMut(&mut State, Range<u32>)) {
    let mut slot = 0;
    while slot < state.slab.end() {
        let end = state.slab.end().min(slot.saturating_add(SLOTS_PER_HOLD));
        work(state, slot..end);
        slot = end;
        RwLockWriteGuard::bump(state);
    }
}
