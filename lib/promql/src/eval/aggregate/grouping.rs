//! Which group a series belongs to.

use std::collections::HashMap;

use mneme_model::Labels;
use mneme_model::labels::METRIC_NAME;

use crate::plan::AggregateNode;

/// The groups seen so far, numbered in order of their first series.
pub(super) struct Grouping<'a> {
    node: &'a AggregateNode,
    numbers: HashMap<Labels, usize>,
}

impl<'a> Grouping<'a> {
    pub(super) fn new(node: &'a AggregateNode) -> Self {
        Self { node, numbers: HashMap::new() }
    }

    /// The labels of a series' group.
    pub(super) fn labels(&self, series: &Labels) -> Labels {
        let listed = |name: &str| self.node.grouping.iter().any(|label| label == name);
        if self.node.without {
            series.view().filter(|name| name != METRIC_NAME && !listed(name))
        } else if self.node.grouping.is_empty() {
            Labels::empty()
        } else {
            series.view().filter(listed)
        }
    }

    /// The number of a series' group; also its labels if it is new.
    pub(super) fn number(&mut self, series: &Labels) -> (usize, Option<Labels>) {
        let labels = self.labels(series);
        let next = self.numbers.len();
        match self.numbers.get(&labels) {
            Some(number) => (*number, None),
            None => {
                self.numbers.insert(labels.clone(), next);
                (next, Some(labels))
            }
        }
    }

    /// The group of each series.
    pub(super) fn of<'s>(&mut self, series: impl Iterator<Item = &'s Labels>) -> Vec<usize> {
        series.map(|labels| self.number(labels).0).collect()
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }
}
