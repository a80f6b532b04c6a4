//! One tenant's inverted index: label -> value -> series.

mod cutter;
mod postings;
mod select;

use hashbrown::{HashMap, HashTable};
use mneme_model::{Labels, LabelsRef};
use roaring::RoaringBitmap;

pub(crate) use cutter::Cutter;
pub(crate) use postings::Postings;

use crate::slab::Slab;

/// Heap bytes of a pair beside its text: its slot, the text's header, its entries in tables and lists.
const PAIR_OVERHEAD: usize = size_of::<Option<Pair>>() + 16 + 8 + 4;

/// The labels of a tenant's series, each kept once, with the series that have it.
#[derive(Default)]
pub(crate) struct Index {
    pairs: Slab<Pair>,
    /// Pairs by the hash of their label.
    by_label: HashTable<u32>,
    names: Vec<Name>,
    free_names: Vec<u32>,
    by_name: HashMap<Box<str>, u32>,
    series: RoaringBitmap,
    /// How many: to ask a bitmap in runs takes a walk.
    held: u32,
    /// Heap bytes of pairs and their texts.
    bytes: usize,
}

/// One name and value.
struct Pair {
    /// A set of just this label.
    label: Labels,
    name: u32,
    /// Where it stands in its name's list.
    at: u32,
    postings: Postings,
}

/// One label name.
#[derive(Default)]
struct Name {
    /// Its values, in no order.
    pairs: Vec<u32>,
    /// How many series have it.
    series: u32,
}

impl Pair {
    fn value(&self) -> &str {
        self.label.iter().next().map_or("", |(_, value)| value)
    }
}

impl Index {
    /// The pairs of `labels`, in their order; new ones are made. Every pair must then be given a series by [`Self::add`].
    pub(crate) fn intern(&mut self, labels: LabelsRef<'_>) -> Box<[u32]> {
        labels.singles().map(|single| self.intern_pair(single)).collect()
    }

    fn intern_pair(&mut self, label: LabelsRef<'_>) -> u32 {
        let hash = label.hash(0);
        let same = |&id: &u32| self.at(id).label.as_bytes() == label.as_bytes();
        if let Some(&pair) = self.by_label.find(hash, same) {
            return pair;
        }
        let name = self.intern_name(label.iter().next().map_or("", |(name, _)| name));
        let list = &mut self.names[name as usize].pairs;
        let pair =
            Pair { label: label.to_owned(), name, at: list.len() as u32, postings: Postings::default() };
        self.bytes += PAIR_OVERHEAD + pair.label.as_bytes().len();
        let id = self.pairs.insert(pair);
        list.push(id);
        let pairs = &self.pairs;
        let hash_of = |&id: &u32| pairs.get(id).map_or(0, |pair| pair.label.view().hash(0));
        self.by_label.insert_unique(hash, id, hash_of);
        id
    }

    fn intern_name(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.by_name.get(name) {
            return id;
        }
        let id = self.free_names.pop().unwrap_or_else(|| {
            self.names.push(Name::default());
            self.names.len() as u32 - 1
        });
        self.by_name.insert(name.into(), id);
        id
    }

    /// The pair of an id that a series or a table holds.
    #[inline]
    fn at(&self, id: u32) -> &Pair {
        self.pairs.get(id).expect("pairs outlive the series that have them")
    }

    /// Registers a series under its pairs.
    pub(crate) fn add(&mut self, slot: u32, pairs: &[u32]) {
        self.held += u32::from(self.series.insert(slot));
        for &id in pairs {
            let pair = self.pairs.get_mut(id).expect("the pair was just interned");
            self.bytes += pair.postings.insert(slot);
            self.names[pair.name as usize].series += 1;
        }
    }

    /// Takes a series out; labels that nobody has any more go too.
    pub(crate) fn remove(&mut self, slot: u32, pairs: &[u32]) {
        self.held -= u32::from(self.series.remove(slot));
        for &id in pairs {
            let pair = self.pairs.get_mut(id).expect("pairs outlive the series that have them");
            self.bytes -= pair.postings.remove(slot);
            self.names[pair.name as usize].series -= 1;
            if pair.postings.is_empty() {
                self.remove_pair(id);
            }
        }
        if self.held == 0 {
            *self = Self::default();
        }
    }

    fn remove_pair(&mut self, id: u32) {
        let Some(pair) = self.pairs.remove(id) else { return };
        self.bytes -= PAIR_OVERHEAD + pair.label.as_bytes().len() + pair.postings.memory();
        if let Ok(entry) = self.by_label.find_entry(pair.label.view().hash(0), |&other| other == id) {
            entry.remove();
        }
        let list = &mut self.names[pair.name as usize].pairs;
        list.swap_remove(pair.at as usize);
        if let Some(moved) = list.get(pair.at as usize).and_then(|&moved| self.pairs.get_mut(moved)) {
            moved.at = pair.at;
        }
        if list.is_empty() {
            let name = pair.label.iter().next().map_or("", |(name, _)| name);
            self.by_name.remove(name);
            self.names[pair.name as usize] = Name::default();
            self.free_names.push(pair.name);
        }
    }

    /// Gives spare room back, and packs the postings: series of one target are neighbours, and runs of them take 4 bytes.
    pub(crate) fn shrink(&mut self) {
        if self.by_label.len() * 4 < self.by_label.capacity() {
            let pairs = &self.pairs;
            let hash_of = |&id: &u32| pairs.get(id).map_or(0, |pair| pair.label.view().hash(0));
            self.by_label.shrink_to(self.by_label.len() * 2, hash_of);
        }
        for name in &mut self.names {
            if name.pairs.len() * 4 < name.pairs.capacity() {
                name.pairs.shrink_to(name.pairs.len() * 2);
            }
            for &id in &name.pairs {
                self.pairs.get_mut(id).into_iter().for_each(|pair| pair.postings.shrink());
            }
        }
        self.series.optimize();
    }

    /// Heap bytes of the labels' texts and tables, and of the postings; walks all labels.
    pub(crate) fn memory_use(&self) -> (usize, usize) {
        let text = |pair: &Pair| pair.label.as_bytes().len() + 16;
        let lists = |name: &Name| name.pairs.capacity() * 4 + size_of::<Name>();
        let symbols = self.pairs.memory()
            + self.pairs.iter().map(text).sum::<usize>()
            + self.names.iter().map(lists).sum::<usize>()
            + self.by_label.allocation_size()
            + self.by_name.allocation_size();
        let postings = self.pairs.iter().map(|pair| pair.postings.allocated()).sum::<usize>();
        (symbols, postings + postings::allocated(&self.series))
    }

    /// Whether `pairs` are the labels `labels`.
    #[inline]
    pub(crate) fn equals(&self, pairs: &[u32], labels: LabelsRef<'_>) -> bool {
        let mut rest = labels.as_bytes();
        for &id in pairs {
            match rest.strip_prefix(self.at(id).label.as_bytes()) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// The labels that `pairs` stand for.
    pub(crate) fn labels(&self, pairs: &[u32]) -> Labels {
        Labels::concat(pairs.iter().map(|&id| self.at(id).label.view()))
    }

    /// The place of each pair among all in order of name and value, by the pair's number.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut pairs: Vec<u32> = self.by_label.iter().copied().collect();
        pairs.sort_unstable_by(|&a, &b| self.at(a).label.cmp(&self.at(b).label));
        let mut ranks = vec![0; pairs.iter().max().map_or(0, |&last| last as usize + 1)];
        pairs.iter().enumerate().for_each(|(rank, &pair)| ranks[pair as usize] = rank as u32);
        ranks
    }

    /// The pair among `pairs` whose label is called `name`.
    pub(crate) fn pair_of_name(&self, pairs: &[u32], name: &str) -> Option<u32> {
        let name = *self.by_name.get(name)?;
        pairs.iter().copied().find(|&id| self.at(id).name == name)
    }

    /// How many series.
    pub(crate) fn len(&self) -> usize {
        self.held as usize
    }

    /// Every series.
    pub(crate) fn series(&self) -> &RoaringBitmap {
        &self.series
    }

    /// Names and their numbers of values and series.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.by_name.iter().map(|(name, &id)| {
            let entry = &self.names[id as usize];
            (&**name, entry.pairs.len(), entry.series as usize)
        })
    }

    /// Names and their labels' ids.
    pub(crate) fn pairs_by_name(&self) -> impl Iterator<Item = (&str, &[u32])> {
        self.by_name.iter().map(|(name, &id)| (&**name, &*self.names[id as usize].pairs))
    }

    /// Values of `name` and their numbers of series, in no order.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = (&str, usize)> {
        self.pairs_of_name(name).iter().map(|&id| {
            let pair = &self.at(id);
            (pair.value(), pair.postings.len())
        })
    }

    /// Name and value of a pair.
    pub(crate) fn label(&self, pair: u32) -> Option<(&str, &str)> {
        self.pairs.get(pair)?.label.iter().next()
    }

    /// The value of label `name` among `pairs`.
    pub(crate) fn value<'a>(&'a self, pairs: &[u32], name: &str) -> Option<&'a str> {
        let name = *self.by_name.get(name)?;
        let id = pairs.iter().find(|&&id| self.at(id).name == name)?;
        Some(self.at(*id).value())
    }

    /// The pairs of a name, in no order.
    pub(crate) fn pairs_of_name(&self, name: &str) -> &[u32] {
        self.by_name.get(name).map_or(&[][..], |&id| &self.names[id as usize].pairs)
    }

    /// The series that have a label.
    pub(crate) fn postings(&self, pair: u32) -> Option<&Postings> {
        self.pairs.get(pair).map(|pair| &pair.postings)
    }

    /// How many different labels (name and value).
    pub(crate) fn pair_count(&self) -> usize {
        self.by_label.len()
    }

    /// Heap bytes, about.
    pub(crate) fn memory(&self) -> usize {
        self.bytes + self.names.capacity() * size_of::<Name>() + self.by_name.capacity() * 48
    }
}
