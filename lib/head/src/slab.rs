//! Things by slot, in pages: growing never moves one, empty pages are given back, and low slots are used first, so that the
//! high pages empty when things leave.

use std::collections::BTreeSet;

/// A page is as large as a block that allocators have without waste.
const PAGE_BYTES: usize = 128 << 10;

/// Slots of things. A freed slot is used again.
pub(crate) struct Slab<T> {
    pages: Vec<Page<T>>,
    /// Pages with room.
    room: BTreeSet<u32>,
    len: usize,
}

struct Page<T> {
    slots: Vec<Option<T>>,
    /// Slots that are empty.
    free: Vec<u16>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), room: BTreeSet::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    /// Slots of a page.
    const PAGE: usize = PAGE_BYTES / size_of::<Option<T>>();

    /// Puts a thing into a free slot.
    ///
    /// # Panics
    /// At 2^32 things, for which no memory is large enough.
    pub(crate) fn insert(&mut self, thing: T) -> u32 {
        self.len += 1;
        let at = self.room.first().copied().unwrap_or_else(|| {
            self.pages.push(Page { slots: Vec::new(), free: Vec::new() });
            let at = u32::try_from(self.pages.len() - 1).expect("fewer than 2^32 slots fit into memory");
            self.room.insert(at);
            at
        });
        let page = &mut self.pages[at as usize];
        let within = match page.free.pop() {
            Some(slot) => {
                page.slots[usize::from(slot)] = Some(thing);
                usize::from(slot)
            }
            None => {
                // Small heads are many (partitions x tenants): the first page doubles, later ones are made whole.
                let len = page.slots.len();
                if len == page.slots.capacity() {
                    let doubled = if at == 0 { (len * 2).max(4) } else { Self::PAGE };
                    page.slots.reserve_exact(doubled.min(Self::PAGE) - len);
                }
                page.slots.push(Some(thing));
                page.slots.len() - 1
            }
        };
        if page.free.is_empty() && page.slots.len() == Self::PAGE {
            self.room.remove(&at);
        }
        u32::try_from(at as usize * Self::PAGE + within).expect("fewer than 2^32 slots fit into memory")
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&T> {
        self.pages.get(slot as usize / Self::PAGE)?.slots.get(slot as usize % Self::PAGE)?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.pages.get_mut(slot as usize / Self::PAGE)?.slots.get_mut(slot as usize % Self::PAGE)?.as_mut()
    }

    /// Takes a thing out; its slot becomes free.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<T> {
        let at = slot as usize / Self::PAGE;
        let page = self.pages.get_mut(at)?;
        let thing = page.slots.get_mut(slot as usize % Self::PAGE)?.take()?;
        page.free.push((slot as usize % Self::PAGE) as u16);
        self.len -= 1;
        if page.free.len() == page.slots.len() {
            *page = Page { slots: Vec::new(), free: Vec::new() };
        }
        self.room.insert(at as u32);
        while self.pages.last().is_some_and(|page| page.slots.is_empty()) {
            self.pages.pop();
            self.room.remove(&(self.pages.len() as u32));
        }
        Some(thing)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// One past the highest slot in use.
    pub(crate) fn end(&self) -> u32 {
        let full = self.pages.len().saturating_sub(1) * Self::PAGE;
        (full + self.pages.last().map_or(0, |page| page.slots.len())) as u32
    }

    /// Everything, by slot.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.slots.iter().flatten())
    }

    /// Heap bytes of the pages.
    pub(crate) fn memory(&self) -> usize {
        let page = |page: &Page<T>| page.slots.capacity() * size_of::<Option<T>>() + page.free.capacity() * 2;
        self.pages.iter().map(page).sum::<usize>() + self.pages.capacity() * size_of::<Page<T>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_slots_are_used_first_and_empty_pages_go() {
        let mut slab: Slab<[u64; 15]> = Slab::default();
        assert_eq!(Slab::<[u64; 15]>::PAGE, 1024);
        let thing = |slot: u32| [u64::from(slot); 15];
        let slots: Vec<u32> = (0..5000).map(|i| slab.insert(thing(i))).collect();
        assert_eq!(slots, (0..5000).collect::<Vec<u32>>());
        (1000..5000).for_each(|slot| assert_eq!(slab.remove(slot), Some(thing(slot))));
        assert_eq!((slab.len(), slab.end()), (1000, 1024));
        assert!(slab.memory() < PAGE_BYTES + 4096, "{}", slab.memory());
        assert_eq!((slab.get(999), slab.get(1000)), (Some(&thing(999)), None));
        assert_eq!(slab.remove(4000), None);
        assert!(slab.remove(3).is_some());
        let mut again: Vec<u32> = (0..26).map(|i| slab.insert(thing(i))).collect();
        again.sort_unstable();
        assert_eq!(again, [&[3][..], &(1000..1025).collect::<Vec<_>>()].concat());
        assert_eq!(slab.iter().count(), 1025);
        for slot in 0..2000 {
            let _ = slab.remove(slot);
        }
        assert_eq!((slab.len(), slab.end(), slab.room.len()), (0, 0, 0));
    }
}
