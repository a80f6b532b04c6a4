//! The series that an operator over vectors produces, by their labels.

use hashbrown::HashMap;
use mneme_model::Labels;

use crate::Error;
use crate::budget::Held;
use crate::eval::names::duplicate;
use crate::eval::{Column, Context, Sink, Steps};
use crate::functions::contract::Value;

/// Output series; a label set has one value per step.
pub(crate) struct ResultTable<'c> {
    held: Held<'c>,
    steps: usize,
    columns: Vec<Column>,
    by_labels: HashMap<Labels, usize>,
}

impl<'c> ResultTable<'c> {
    pub(crate) fn new(cx: &'c Context<'_>, steps: Steps) -> Self {
        Self { held: cx.budget.hold(), steps: steps.count, columns: Vec::new(), by_labels: HashMap::new() }
    }

    /// The row of a label set; a new one counts against the budget.
    pub(crate) fn row(&mut self, labels: Labels, drop_name: bool) -> Result<usize, Error> {
        if let Some(row) = self.by_labels.get(&labels) {
            return Ok(*row);
        }
        let row = self.columns.len();
        self.held.grow(0, labels.as_bytes().len() + size_of::<Column>() + 8 * self.steps)?;
        self.columns.push(Column::absent(labels.clone(), drop_name, self.steps));
        self.by_labels.insert(labels, row);
        Ok(row)
    }

    /// Sets a row's value at a step; a second one is an error.
    pub(crate) fn set(&mut self, row: usize, step: usize, value: Value) -> Result<(), Error> {
        let column = &mut self.columns[row];
        if column.has(step) {
            return Err(duplicate());
        }
        column.set(step, value);
        Ok(())
    }

    /// Hands on the rows that have a value.
    pub(crate) fn emit(self, sink: &mut Sink<'_>) -> Result<(), Error> {
        self.columns.into_iter().filter(Column::any).try_for_each(|mut column| sink(&mut column))
    }
}
