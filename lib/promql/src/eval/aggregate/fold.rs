//! Aggregations that fold series into groups as they come.

use mneme_model::Labels;

use super::cell::Cell;
use super::floats::Floats;
use super::grouping::Grouping;
use crate::Error;
use crate::annotations::Note;
use crate::eval::{Column, Context, Sink, Steps};
use crate::plan::AggregateNode;

/// One group so far.
struct Group {
    labels: Labels,
    drop_name: bool,
    state: State,
}

enum State {
    Floats(Floats),
    /// Has seen histograms, or an aggregation that needs more.
    Cells(Vec<Cell>),
}

/// Hands each group to `sink`, once all series are folded.
pub(super) fn each(
    cx: &Context<'_>,
    node: &AggregateNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let mut grouping = Grouping::new(node);
    let mut groups: Vec<Group> = Vec::new();
    let mut held = cx.budget.hold();
    let mut note = |note: Note| cx.note(note, node.input_pos);
    super::super::each(cx, &node.input, steps, &mut |column| {
        if !column.any() {
            return Ok(());
        }
        let (number, new) = grouping.number(&column.labels);
        if let Some(labels) = new {
            let bytes = steps.count.saturating_mul(Floats::bytes_per_step(node.op));
            held.grow(steps.count, size_of::<Group>() + 2 * labels.as_bytes().len() + bytes)?;
            let state = match Floats::new(node.op, steps.count) {
                Some(floats) => State::Floats(floats),
                None => {
                    held.grow(0, cells_bytes(steps))?;
                    State::Cells((0..steps.count).map(|_| Cell::default()).collect())
                }
            };
            groups.push(Group { labels, drop_name: false, state });
        }
        let group = &mut groups[number];
        group.drop_name |= column.drop_name;
        if let State::Floats(floats) = &mut group.state {
            if !column.has_histograms() && floats.add(column.floats()) {
                return Ok(());
            }
            held.grow(0, cells_bytes(steps))?;
            group.state = State::Cells(floats.to_cells());
        }
        if let State::Cells(cells) = &mut group.state {
            let metric = if column.name_is_gone(cx) { "" } else { column.labels.metric_name() };
            for (step, value) in column.values() {
                cells[step].add(node.op, value, metric, &mut note);
            }
        }
        Ok(())
    })?;
    let mut result = Column::absent(Labels::empty(), false, 0);
    for group in groups {
        cx.cancel.check()?;
        result.reset(&group.labels, group.drop_name, steps.count);
        match group.state {
            State::Floats(floats) => floats.finish(result.floats_mut()),
            State::Cells(cells) => {
                for (step, cell) in cells.into_iter().enumerate() {
                    if let Some(value) = cell.finish(node.op, &mut note) {
                        result.set(step, value);
                    }
                }
            }
        }
        if result.any() {
            sink(&mut result)?;
        }
    }
    Ok(())
}

fn cells_bytes(steps: Steps) -> usize {
    steps.count.saturating_mul(size_of::<Cell>())
}
