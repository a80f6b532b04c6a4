//! The labels of a part's series as dictionary columns.

use std::collections::{HashMap, HashSet};
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
    /// In order of their first series.
    columns: Vec<(Box<str>, LabelColumn)>,
    /// Which column has a name.
    by_name: HashMap<Box<str>, usize>,
    /// The columns of the last series, in the order of its labels: the next one mostly has the same.
    last: Vec<usize>,
    /// To be filled with the next one's.
    next: Vec<usize>,
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
        self.next.clear();
        let mut place = 0;
        for (name, value) in labels.iter() {
            let is_it = |column: &usize| self.columns.get(*column).is_some_and(|(own, _)| **own == *name);
            // A label more or less than before shifts the others by one.
            let near = (place..place + 2).find(|at| self.last.get(*at).is_some_and(is_it));
            let column = match near {
                Some(at) => {
                    place = at + 1;
                    self.last[at]
                }
                None => self.column(name),
            };
            self.next.push(column);
            self.columns[column].1.push(self.series, value);
        }
        std::mem::swap(&mut self.last, &mut self.next);
        self.series += 1;
    }

    fn column(&mut self, name: &str) -> usize {
        if let Some(column) = self.by_name.get(name) {
            return *column;
        }
        let column = self.columns.len();
        self.columns.push((name.into(), LabelColumn::default()));
        self.by_name.insert(name.into(), column);
        column
    }

    /// Gives the most frequent names a column each, at most `most`. Of names that differ only in case the most frequent one has a
    /// column: SQL engines fold the case of column names.
    pub(crate) fn arrange(self, most: usize) -> Arranged {
        let mut by_use = self.columns;
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
