//! The labels of a part's series as dictionary columns.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use mneme_model::Labels;

use super::texts::Texts;

/// A label's values over all series of a part: four bytes for each, and each different one once.
#[derive(Debug, Default)]
pub(crate) struct LabelColumn {
    /// Each different value, in order of its first series.
    pub(crate) dictionary: Texts,
    /// The series that have the label, ascending.
    pub(crate) runs: Vec<Range<u32>>,
    /// Which value each of them has.
    pub(crate) ids: Vec<u32>,
}

/// All labels of a part's series.
#[derive(Debug, Default)]
pub(crate) struct LabelColumns {
    columns: BTreeMap<Box<str>, LabelColumn>,
    series: u32,
}

/// The columns as they are written: one per label name but the rarest, and those.
pub(crate) struct Arranged {
    /// Name and values, ascending by name.
    pub(crate) columns: Vec<(Box<str>, LabelColumn)>,
    /// The labels without a column of their own, ascending by name.
    pub(crate) rest: Vec<(Box<str>, LabelColumn)>,
    /// How many series there are.
    pub(crate) series: u32,
}

impl LabelColumns {
    /// Adds the next series.
    pub(crate) fn push(&mut self, labels: &Labels) {
        for (name, value) in labels.iter() {
            match self.columns.get_mut(name) {
                Some(column) => column.push(self.series, value),
                None => self.columns.entry(name.into()).or_default().push(self.series, value),
            }
        }
        self.series += 1;
    }

    /// Gives the most frequent names a column each, at most `most`. Of names that differ only in case the most frequent one has a
    /// column: SQL engines fold the case of column names.
    pub(crate) fn arrange(self, most: usize) -> Arranged {
        let mut by_use: Vec<(Box<str>, LabelColumn)> = self.columns.into_iter().collect();
        by_use.sort_by(|(a, left), (b, right)| right.ids.len().cmp(&left.ids.len()).then(a.cmp(b)));
        let mut folded = HashSet::new();
        let (mut columns, mut rest) = (Vec::new(), Vec::new());
        for (name, column) in by_use {
            let own = columns.len() < most && folded.insert(name.to_lowercase());
            if own { columns.push((name, column)) } else { rest.push((name, column)) }
        }
        columns.sort_by(|(a, _), (b, _)| a.cmp(b));
        rest.sort_by(|(a, _), (b, _)| a.cmp(b));
        Arranged { columns, rest, series: self.series }
    }
}

impl LabelColumn {
    /// Series with their values, ascending by series.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.runs.iter().cloned().flatten().zip(self.ids.iter().copied())
    }

    fn push(&mut self, series: u32, value: &str) {
        // Sorted series mostly have what the one before has.
        let same = self.ids.last().copied().filter(|id| self.dictionary.get(*id) == value);
        self.ids.push(same.unwrap_or_else(|| self.dictionary.id(value)));
        match self.runs.last_mut() {
            Some(run) if run.end == series => run.end += 1,
            _ => self.runs.push(series..series + 1),
        }
    }
}
