//! The labels of the series that a question is about, found without a look at every series where that can be.

use hashbrown::HashSet;
use mneme_model::{Cut, Matcher};
use roaring::RoaringBitmap;

use crate::query::Reader;
use crate::series::Series;
use crate::state::State;
use crate::{TextSet, Window};

/// Series that fulfil matchers and have a chunk in a window.
pub(crate) struct Candidates<'a> {
    reader: &'a Reader<'a>,
    window: Window,
    from: Cut,
    /// Those that fulfil the matchers; `None` = all.
    set: Option<RoaringBitmap>,
    /// Every series is one of them.
    all: bool,
    /// Looks at labels and series that it may still take; 0 = it has given up, and what it has added may not be all.
    pub(crate) steps: u64,
    /// Series that were found to have no chunk in the window, by slots: a bit each. A target that has ended is met at every one of its labels.
    hidden: Vec<u64>,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(reader: &'a Reader<'a>, matchers: &[Matcher], window: Window) -> Self {
        let narrowed = !matchers.is_empty() || !reader.meets(window);
        let set = narrowed.then(|| reader.matching(matchers, window));
        let all = reader.covers_all(matchers, window);
        let from = window.from.max(reader.floor());
        Self { reader, window, from, set, all, steps: u64::MAX, hidden: Vec::new() }
    }

    /// Adds the names of their labels.
    pub(crate) fn names(&mut self, out: &mut TextSet) {
        let index = &self.reader.tenant.index;
        let Some(set) = &self.set else {
            for (name, pairs) in index.pairs_by_name() {
                out.insert_if(name, || pairs.iter().any(|&pair| self.has(pair)));
            }
            return;
        };
        let total = index.names().count();
        let (mut pairs, mut names) = (HashSet::new(), HashSet::new());
        for series in self.reader.found(set, self.window) {
            let new = series.labels.iter().filter(|&&pair| pairs.insert(pair));
            names.extend(new.filter_map(|&pair| index.label(pair).map(|(name, _)| name)));
            if names.len() == total {
                break;
            }
        }
        names.into_iter().for_each(|name| out.insert_if(name, || true));
    }

    /// Adds the values of their label `name`.
    pub(crate) fn values(&mut self, name: &str, out: &mut TextSet) {
        let index = &self.reader.tenant.index;
        let values = index.pairs_of_name(name);
        if values.len() as u64 >= self.steps {
            self.steps = 0;
            return;
        }
        match &self.set {
            // Few series: looking at each is cheaper than at all values of the label.
            Some(set) if set.len() < 4 * values.len() as u64 => {
                let series = self.reader.found(set, self.window);
                let found = series.filter_map(|series| index.value(&series.labels, name));
                found.for_each(|value| out.insert_if(value, || true));
            }
            _ => {
                let labels = values.iter().filter_map(|&pair| Some((pair, index.label(pair)?.1)));
                labels.for_each(|(pair, value)| out.insert_if(value, || self.has(pair)));
            }
        }
    }

    /// Whether one of them has this label: the first that is looked at nearly always has.
    fn has(&mut self, pair: u32) -> bool {
        self.steps = self.steps.saturating_sub(1);
        if self.all || self.steps == 0 {
            return self.steps > 0;
        }
        let Some(postings) = self.reader.tenant.index.postings(pair) else { return false };
        let Self { reader, window, from, set, hidden, steps, .. } = self;
        let mut shown = |slot: u32| {
            *steps = steps.saturating_sub(1);
            *steps > 0 && is_shown(reader.state, *window, *from, hidden, slot)
        };
        match set {
            None => postings.any(shown),
            Some(set) if set.len() < postings.len() as u64 => {
                set.iter().any(|slot| postings.contains(slot) && shown(slot))
            }
            Some(set) => postings.any(|slot| set.contains(slot) && shown(slot)),
        }
    }
}

/// Whether a series has a chunk in the window; remembers that it has none.
fn is_shown(state: &State, window: Window, from: Cut, hidden: &mut Vec<u64>, slot: u32) -> bool {
    let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
    if hidden.get(word).is_some_and(|word| word & bit != 0) {
        return false;
    }
    let overlaps = |series: &Series| series.overlaps(&state.store, from, window.start, window.end);
    let shown = state.slab.get(slot).is_some_and(overlaps);
    if !shown {
        if hidden.is_empty() {
            hidden.resize(state.slab.end() as usize / 64 + 1, 0);
        }
        if let Some(word) = hidden.get_mut(word) {
            *word |= bit;
        }
    }
    shown
}
