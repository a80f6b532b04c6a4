//! Series by slot, in pages: growing never moves a series, and empty pages are given back.

use crate::series::Series;

const PAGE: usize = 1024;

/// Slots of series. A freed slot is used again.
#[derive(Default)]
pub(crate) struct Slab {
    pages: Vec<Vec<Option<Series>>>,
    free: Vec<u32>,
    len: usize,
}

impl Slab {
    /// Puts a series into a free slot.
    ///
    /// # Panics
    /// At 2^32 series, for which no memory is large enough.
    pub(crate) fn insert(&mut self, series: Series) -> u32 {
        self.len += 1;
        if let Some(slot) = self.free.pop() {
            self.pages[slot as usize / PAGE][slot as usize % PAGE] = Some(series);
            return slot;
        }
        if self.pages.last().is_none_or(|page| page.len() == PAGE) {
            // Small heads are many (partitions x processes in tests): the first page grows, later ones are made whole.
            self.pages.push(Vec::with_capacity(if self.pages.is_empty() { 0 } else { PAGE }));
        }
        let at = self.pages.len() - 1;
        let page = &mut self.pages[at];
        page.push(Some(series));
        u32::try_from(at * PAGE + page.len() - 1).expect("fewer than 2^32 series fit into memory")
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&Series> {
        self.pages.get(slot as usize / PAGE)?.get(slot as usize % PAGE)?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Series> {
        self.pages.get_mut(slot as usize / PAGE)?.get_mut(slot as usize % PAGE)?.as_mut()
    }

    /// Takes a series out; its slot becomes free.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Series> {
        let series = self.pages.get_mut(slot as usize / PAGE)?.get_mut(slot as usize % PAGE)?.take()?;
        self.free.push(slot);
        self.len -= 1;
        if self.len == 0 {
            *self = Self::default();
        }
        Some(series)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// One past the highest slot ever used.
    pub(crate) fn end(&self) -> u32 {
        let full = self.pages.len().saturating_sub(1) * PAGE;
        (full + self.pages.last().map_or(0, Vec::len)) as u32
    }
}
