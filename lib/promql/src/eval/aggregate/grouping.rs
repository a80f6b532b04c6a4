//! Which group a series belongs to.

use hashbrown::HashMap;
use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, LabelsRef};

use crate::plan::AggregateNode;

/// The groups seen so far, numbered in order of their first series.
pub(super) struct Grouping<'a> {
    node: &'a AggregateNode,
    numbers: HashMap<Labels, usize>,
    /// The labels of the group that was asked for last, in their canonical layout.
    key: String,
}

impl<'a> Grouping<'a> {
    pub(super) fn new(node: &'a AggregateNode) -> Self {
        Self { node, numbers: HashMap::new(), key: String::new() }
    }

    /// The labels of a series' group.
    pub(super) fn labels(&self, series: &Labels) -> Labels {
        series.view().filter(|name| is_kept(self.node, name))
    }

    /// The number of a series' group; also its labels if it is new.
    pub(super) fn number(&mut self, series: &Labels) -> (usize, Option<Labels>) {
        let node = self.node;
        let kept = || series.iter().filter(|(name, _)| is_kept(node, name));
        let view = if node.grouping.is_empty() && !node.without {
            LabelsRef::default()
        } else {
            LabelsRef::write_sorted(&mut self.key, kept()).unwrap_or_default()
        };
        let next = self.numbers.len();
        if let Some(number) = self.numbers.get(view.as_bytes()) {
            return (*number, None);
        }
        let labels = view.to_owned();
        self.numbers.insert(labels.clone(), next);
        (next, Some(labels))
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

/// Whether a label of a series is one of its group, too.
fn is_kept(node: &AggregateNode, name: &str) -> bool {
    let listed = node.grouping.iter().any(|label| label == name);
    if node.without { !listed && name != METRIC_NAME } else { listed }
}
