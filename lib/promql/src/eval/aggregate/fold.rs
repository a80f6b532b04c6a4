//! Aggregations that fold series into groups as they come.

use super::cell::Cell;
use super::grouping::Grouping;
use crate::Error;
use crate::annotations::Note;
use crate::eval::{Column, Context, Sink, Steps};
use crate::plan::AggregateNode;

/// Hands each group to `sink`, once all series are folded.
pub(super) fn each(
    cx: &Context<'_>,
    node: &AggregateNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let mut grouping = Grouping::new(node);
    let mut groups: Vec<(Column, Vec<Cell>)> = Vec::new();
    let mut held = cx.budget.hold();
    let mut note = |note: Note| cx.note(note, node.input_pos);
    super::super::each(cx, &node.input, steps, &mut |column| {
        if !column.any() {
            return Ok(());
        }
        let (group, new) = grouping.number(&column.labels);
        if let Some(labels) = new {
            held.grow(
                steps.count,
                labels.as_bytes().len() + steps.count * (size_of::<Cell>() + size_of::<f64>()),
            )?;
            let cells = (0..steps.count).map(|_| Cell::default()).collect();
            groups.push((Column::absent(labels, false, steps.count), cells));
        }
        let (result, cells) = &mut groups[group];
        result.drop_name |= column.drop_name;
        let metric = column.labels.metric_name();
        for (step, value) in column.values() {
            cells[step].add(node.op, value, metric, &mut note);
        }
        Ok(())
    })?;
    for (mut result, cells) in groups {
        for (step, cell) in cells.into_iter().enumerate() {
            if let Some(value) = cell.finish(node.op, &mut note) {
                result.set(step, value);
            }
        }
        if result.any() {
            sink(result)?;
        }
    }
    Ok(())
}
