//! How many series each label has: what cardinality reports are made of.

use hashbrown::HashMap;
use mneme_model::Matcher;

use crate::query::{Reader, Window};

/// A tenant's size, by its index. Sums over partitions are exact: a series lives in one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Series held.
    pub series: u64,
    /// Chunks held; 0 where only some series were asked for.
    pub chunks: u64,
}

impl Reader<'_> {
    /// Calls `each` with every label (name, value) that `wanted` and the number of series that have it; labels of one name
    /// come together. With matchers, only series that fulfil them and have a chunk in the window count.
    pub(crate) fn label_counts(
        &self,
        matchers: &[Matcher],
        window: Window,
        wanted: &dyn Fn(&str) -> bool,
        each: &mut dyn FnMut(&str, &str, u64),
    ) -> Size {
        let index = &self.tenant.index;
        if self.covers_all(matchers, window) {
            for (name, _, _) in index.names().filter(|(name, _, _)| wanted(name)) {
                index.values(name).for_each(|(value, series)| each(name, value, series as u64));
            }
            return Size {
                series: index.len() as u64,
                chunks: self.state.tenant_stats(self.tenant).chunks as u64,
            };
        }
        let set = self.matching(matchers, window);
        let mut counts: HashMap<u32, u64> = HashMap::new();
        let mut size = Size::default();
        for series in self.found(&set, window) {
            size.series += 1;
            series.labels.iter().for_each(|&pair| *counts.entry(pair).or_default() += 1);
        }
        let mut labels: Vec<(&str, &str, u64)> = counts
            .iter()
            .filter_map(|(&pair, &series)| index.label(pair).map(|(name, value)| (name, value, series)))
            .filter(|(name, _, _)| wanted(name))
            .collect();
        labels.sort_unstable();
        labels.into_iter().for_each(|(name, value, series)| each(name, value, series));
        size
    }
}
