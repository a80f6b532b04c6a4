//! A list column that is being filled: all rows' values one after the other, and each row's length.

/// Values of many rows.
#[derive(Debug)]
pub(crate) struct List<T> {
    pub(crate) values: Vec<T>,
    pub(crate) lens: Vec<u32>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { values: Vec::new(), lens: Vec::new() }
    }
}

impl<T> List<T> {
    /// Ends a row whose values were pushed since `from` values were there.
    pub(crate) fn end_row(&mut self, from: usize) {
        self.lens.push((self.values.len() - from) as u32);
    }

    /// Appends a whole row.
    pub(crate) fn push_row(&mut self, row: impl IntoIterator<Item = T>) {
        let from = self.values.len();
        self.values.extend(row);
        self.end_row(from);
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.lens.clear();
    }
}
