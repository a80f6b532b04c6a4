//! What a head's memory is spent on.

use crate::series::Series;
use crate::state::State;

/// Heap bytes by what they hold, as requested from the allocator, whose own slack comes on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Slots of series.
    pub series: usize,
    /// Each series' list of its labels' numbers.
    pub label_lists: usize,
    /// The table that finds series by the hash of their labels.
    pub table: usize,
    /// Labels (name and value, each once), and the tables that find them.
    pub symbols: usize,
    /// Which series have a label.
    pub postings: usize,
    /// Samples of open chunks.
    pub open_chunks: usize,
    /// Places of closed chunks.
    pub places: usize,
    /// Closed chunks, with the spare room of the pages being filled.
    pub closed_chunks: usize,
    /// Open histograms and out-of-order samples.
    pub rest: usize,
    /// Exemplars and metadata.
    pub exemplars_and_metadata: usize,
}

impl MemoryUse {
    pub(crate) fn of(state: &State) -> Self {
        let all = || state.slab.iter();
        let mut memory = Self {
            series: state.slab.memory(),
            label_lists: all().map(|series| series.labels.len() * 4).sum(),
            table: state.table_memory(),
            open_chunks: all().map(Series::open_memory).sum(),
            places: all().map(Series::places_memory).sum(),
            closed_chunks: state.store.memory(),
            rest: all().map(Series::rest_memory).sum(),
            ..Self::default()
        };
        for tenant in &state.tenants {
            let (symbols, postings) = tenant.index.memory_use();
            memory.symbols += symbols;
            memory.postings += postings;
            memory.exemplars_and_metadata += tenant.exemplars.memory() + tenant.metadata.memory();
        }
        memory
    }

    /// Every part with its name.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        [
            ("series slots", self.series),
            ("label lists", self.label_lists),
            ("series table", self.table),
            ("symbols", self.symbols),
            ("postings", self.postings),
            ("open chunks", self.open_chunks),
            ("places of closed chunks", self.places),
            ("closed chunks", self.closed_chunks),
            ("histograms and late samples", self.rest),
            ("exemplars and metadata", self.exemplars_and_metadata),
        ]
        .into_iter()
    }
}
