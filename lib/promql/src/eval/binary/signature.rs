//! Which series of both sides belong together.

use hashbrown::HashMap;
use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, LabelsRef};

use crate::ast::VectorMatching;
use crate::eval::Column;

/// Numbers for the match groups that series fall into.
pub(super) struct Groups<'a> {
    matching: &'a VectorMatching,
    numbers: HashMap<Labels, usize>,
    /// The labels of the group that was asked for last, in their canonical layout.
    key: String,
}

impl<'a> Groups<'a> {
    pub(super) fn new(matching: &'a VectorMatching) -> Self {
        Self { matching, numbers: HashMap::new(), key: String::new() }
    }

    /// The group of each column.
    pub(super) fn of(&mut self, columns: &[Column]) -> Vec<usize> {
        columns.iter().map(|column| self.number(&column.labels)).collect()
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    fn number(&mut self, labels: &Labels) -> usize {
        let matching = self.matching;
        let matched = labels.iter().filter(|(name, _)| is_matched(matching, name));
        let view = LabelsRef::write_sorted(&mut self.key, matched).unwrap_or_default();
        if let Some(number) = self.numbers.get(view.as_bytes()) {
            return *number;
        }
        let next = self.numbers.len();
        self.numbers.insert(view.to_owned(), next);
        next
    }
}

/// The labels by which a series is matched.
pub(super) fn group_labels(matching: &VectorMatching, labels: &Labels) -> Labels {
    labels.view().filter(|name| is_matched(matching, name))
}

fn is_matched(matching: &VectorMatching, name: &str) -> bool {
    let listed = matching.labels.iter().any(|label| label == name);
    if matching.on { listed } else { name != METRIC_NAME && !listed }
}
