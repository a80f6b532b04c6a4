//! Removal of metric names, and what to do with series that are the same afterwards.

use hashbrown::HashMap;
use mneme_model::Labels;
use mneme_model::labels::METRIC_NAME;

use super::{Column, Context, Sink};
use crate::Error;

/// The error of two samples of one label set at one step.
pub(crate) fn duplicate() -> Error {
    Error::Execution("vector cannot contain metrics with the same labelset".to_owned())
}

/// The labels without the metric's name, type and unit.
pub(crate) fn without_metadata(labels: &Labels) -> Labels {
    if !labels.iter().any(|(name, _)| is_metadata(name)) {
        return labels.clone();
    }
    labels.view().filter(|name| !is_metadata(name))
}

/// Whether a label goes with the metric's name.
pub(super) fn is_metadata(name: &str) -> bool {
    matches!(name, METRIC_NAME | "__type__" | "__unit__")
}

/// Removes the name of a column now, or marks it for the end if removal is delayed.
pub(crate) fn drop_name(cx: &Context<'_>, column: &mut Column) {
    column.drop_name = true;
    if !cx.features.delayed_name_removal {
        column.labels = without_metadata(&column.labels);
    }
}

/// Series by their labels; values of equal label sets at different steps become one series.
#[derive(Default)]
pub(crate) struct Merged {
    columns: Vec<Column>,
    by_labels: HashMap<Labels, usize>,
}

impl Merged {
    /// Adds a column. A step at which both have a value is an error.
    pub(crate) fn add(&mut self, column: &mut Column) -> Result<(), Error> {
        if !column.any() {
            return Ok(());
        }
        let Some(at) = self.by_labels.get(&column.labels) else {
            self.by_labels.insert(column.labels.clone(), self.columns.len());
            self.columns.push(column.take());
            return Ok(());
        };
        let into = &mut self.columns[*at];
        for (step, value) in column.values() {
            if into.has(step) {
                return Err(duplicate());
            }
            into.set(step, value.to_value());
        }
        Ok(())
    }

    /// The series, in the order of their first column.
    pub(crate) fn columns(self) -> Vec<Column> {
        self.columns
    }

    /// Hands everything on.
    pub(crate) fn emit(self, sink: &mut Sink<'_>) -> Result<(), Error> {
        self.columns.into_iter().try_for_each(|mut column| sink(&mut column))
    }
}

/// Runs `produce`, whose columns have just lost their names. Where that can have made label sets equal, everything is collected and
/// merged first; where it cannot (`safe`, or removal is delayed), columns go straight on.
pub(crate) fn after_drop(
    cx: &Context<'_>,
    safe: bool,
    sink: &mut Sink<'_>,
    produce: impl FnOnce(&mut Sink<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if safe || cx.features.delayed_name_removal {
        return produce(sink);
    }
    let mut held = cx.budget.hold();
    let mut merged = Merged::default();
    produce(&mut |column| {
        held.grow(column.samples(), column.bytes())?;
        merged.add(column)
    })?;
    merged.emit(sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::contract::Value;

    fn column(name: &str, step: usize) -> Column {
        let mut column = Column::absent(Labels::from_pairs([("__name__", name), ("a", "1")]), false, 2);
        column.set(step, Value::Float(1.0));
        column
    }

    #[test]
    fn equal_label_sets_merge_unless_they_meet_at_a_step() {
        let mut merged = Merged::default();
        merged.add(&mut column("x", 0)).unwrap();
        merged.add(&mut column("x", 1)).unwrap();
        assert_eq!(merged.add(&mut column("x", 1)), Err(duplicate()));
        merged.add(&mut column("y", 0)).unwrap();
        assert_eq!(merged.columns().len(), 2);
    }

    #[test]
    fn metadata_labels_go_with_the_name() {
        let labels = Labels::from_pairs([("__name__", "x"), ("__type__", "counter"), ("a", "1")]);
        assert_eq!(without_metadata(&labels), Labels::from_pairs([("a", "1")]));
    }
}
