//! Which series of both sides belong together.

use hashbrown::HashMap;
use mneme_model::Labels;
use mneme_model::labels::METRIC_NAME;

use crate::ast::VectorMatching;
use crate::eval::Column;

/// Numbers for the match groups that series fall into.
pub(super) struct Groups<'a> {
    matching: &'a VectorMatching,
    numbers: HashMap<Labels, usize>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(matching: &'a VectorMatching) -> Self {
        Self { matching, numbers: HashMap::new() }
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
        let next = self.numbers.len();
        *self.numbers.entry(group_labels(self.matching, labels)).or_insert(next)
    }
}

/// The labels by which a series is matched.
pub(super) fn group_labels(matching: &VectorMatching, labels: &Labels) -> Labels {
    let listed = |name: &str| matching.labels.iter().any(|label| label == name);
    if matching.on {
        labels.view().filter(listed)
    } else {
        labels.view().filter(|name| name != METRIC_NAME && !listed(name))
    }
}
