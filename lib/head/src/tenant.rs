//! What a head keeps per tenant.

use mneme_model::{Cut, TenantId, TimestampMs};

use crate::exemplars::Exemplars;
use crate::index::Index;
use crate::metadata::MetadataStore;

/// One tenant's part of a head.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) index: Index,
    pub(crate) exemplars: Exemplars,
    pub(crate) metadata: MetadataStore,
    /// Everything stamped below was dropped; see also the head's own floor.
    pub(crate) floor: Cut,
    /// Ascending by cut; a head holds a dozen at most.
    pub(crate) generations: Vec<TenantGeneration>,
}

/// Figures of one tenant's generation.
#[derive(Clone, Copy)]
pub(crate) struct TenantGeneration {
    pub(crate) cut: Cut,
    pub(crate) samples: u64,
    pub(crate) min_time: TimestampMs,
    pub(crate) max_time: TimestampMs,
}

impl Tenant {
    pub(crate) fn new(id: TenantId) -> Self {
        Self {
            id,
            index: Index::default(),
            exemplars: Exemplars::default(),
            metadata: MetadataStore::default(),
            floor: Cut(0),
            generations: Vec::new(),
        }
    }

    /// Forgets the generations below `cut` and their exemplars; the series are the caller's affair.
    pub(crate) fn drop_below(&mut self, cut: Cut) {
        self.floor = self.floor.max(cut);
        self.generations.retain(|generation| generation.cut >= cut);
        self.exemplars.drop_below(cut);
    }

    /// Counts `samples` between two times into a generation.
    #[inline]
    pub(crate) fn count(&mut self, cut: Cut, first: TimestampMs, last: TimestampMs, samples: u64) {
        let at = match self.generations.last() {
            Some(newest) if newest.cut == cut => self.generations.len() - 1,
            _ => self.generation(cut, first),
        };
        let generation = &mut self.generations[at];
        generation.samples += samples;
        generation.min_time = generation.min_time.min(first);
        generation.max_time = generation.max_time.max(last);
    }

    /// First and last sample time; `None` without samples.
    pub(crate) fn bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        let first = self.generations.iter().map(|generation| generation.min_time).min()?;
        Some((first, self.generations.iter().map(|generation| generation.max_time).max()?))
    }

    #[cold]
    fn generation(&mut self, cut: Cut, t: TimestampMs) -> usize {
        match self.generations.binary_search_by_key(&cut, |generation| generation.cut) {
            Ok(at) => at,
            Err(at) => {
                self.generations.insert(at, TenantGeneration { cut, samples: 0, min_time: t, max_time: t });
                at
            }
        }
    }
}
