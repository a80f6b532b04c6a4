//! The simplest store: a map from labels to samples.

use std::collections::BTreeMap;

use mneme_model::chunk::set_counter_resets;
use mneme_model::{Labels, Samples};
use mneme_promql::{Error, Plan, Queryable, Select, SeriesSink};

use super::store::Store;

/// Series in memory.
#[derive(Default)]
pub(crate) struct MemoryStore {
    series: BTreeMap<Labels, Samples>,
}

impl Store for MemoryStore {
    fn clear(&mut self) {
        self.series.clear();
    }

    fn load(&mut self, labels: &Labels, new: Samples) {
        let all = self.series.entry(labels.clone()).or_default();
        merge(all, new);
        set_counter_resets(all);
    }

    fn queryable(&self, _plan: &Plan) -> Box<dyn Queryable + '_> {
        Box::new(View(self))
    }
}

/// Adds what is not there yet, in order of time.
fn merge(all: &mut Samples, new: Samples) {
    let known = |all: &Samples, t: i64| {
        all.t.binary_search(&t).is_ok() || all.histograms.binary_search_by_key(&t, |point| point.t).is_ok()
    };
    let mut floats: Vec<(i64, f64, i64)> = Vec::new();
    for (i, t) in all.t.iter().enumerate() {
        floats.push((*t, all.v[i], all.st.get(i).copied().unwrap_or(0)));
    }
    for (i, t) in new.t.iter().enumerate() {
        if !known(all, *t) {
            floats.push((*t, new.v[i], new.st.get(i).copied().unwrap_or(0)));
        }
    }
    floats.sort_by_key(|(t, _, _)| *t);
    let mut histograms = all.histograms.clone();
    histograms.extend(new.histograms.into_iter().filter(|point| !known(all, point.t)));
    histograms.sort_by_key(|point| point.t);
    *all = Samples { histograms, ..Samples::default() };
    for (t, v, st) in floats {
        all.push_float(t, v, st);
    }
}

struct View<'a>(&'a MemoryStore);

impl Queryable for View<'_> {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let matchers = select.matchers.clone();
        let range = select.start..=select.end;
        let mut found = self.0.series.iter().filter(move |(labels, samples)| {
            let matches = matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or("")));
            let inside = samples.t.iter().chain(samples.histograms.iter().map(|point| &point.t));
            matches && { inside }.any(|t| range.contains(t))
        });
        found.try_for_each(|(labels, samples)| sink(labels, samples))
    }
}
