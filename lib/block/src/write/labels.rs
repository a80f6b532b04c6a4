//! The labels of a part's series as dictionary columns.

use std::collections::{BTreeMap, HashMap, HashSet};

use mneme_model::Labels;
use parquet::data_type::ByteArray;

/// A label's values over all series of a part.
#[derive(Debug, Default)]
pub(crate) struct LabelColumn {
    /// Each different value, in order of its first series.
    pub(crate) dictionary: Vec<ByteArray>,
    known: HashMap<Box<str>, u32>,
    /// Series and value (an index into the dictionary), ascending by series.
    pub(crate) values: Vec<(u32, u32)>,
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
            if !self.columns.contains_key(name) {
                self.columns.insert(name.into(), LabelColumn::default());
            }
            if let Some(column) = self.columns.get_mut(name) {
                column.push(self.series, value);
            }
        }
        self.series += 1;
    }

    /// Gives the most frequent names a column each, at most `most`. Of names that differ only in case the most frequent one has a
    /// column: SQL engines fold the case of column names.
    pub(crate) fn arrange(self, most: usize) -> Arranged {
        let mut by_use: Vec<(Box<str>, LabelColumn)> = self.columns.into_iter().collect();
        by_use.sort_by(|(a, left), (b, right)| right.values.len().cmp(&left.values.len()).then(a.cmp(b)));
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
    fn push(&mut self, series: u32, value: &str) {
        let id = match self.known.get(value) {
            Some(id) => *id,
            None => {
                let id = self.dictionary.len() as u32;
                self.dictionary.push(ByteArray::from(value));
                self.known.insert(value.into(), id);
                id
            }
        };
        self.values.push((series, id));
    }
}
