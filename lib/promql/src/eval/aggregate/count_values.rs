//! `count_values`: a series per value and group, in the order in which they are met.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use mneme_model::Labels;

use super::grouping::Grouping;
use crate::Error;
use crate::eval::binary::ResultTable;
use crate::eval::{Context, Sink, Steps, ValueRef, collect};
use crate::format::go_f;
use crate::functions::contract::Value;
use crate::plan::{AggregateNode, Node};

/// Hands the counts to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    node: &AggregateNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let Some(Node::String(label)) = &node.param else {
        return Err(Error::Execution("count_values needs a label name".to_owned()));
    };
    let mut with_label = node.clone();
    if !node.without && !node.grouping.contains(label) {
        with_label.grouping.push(label.clone());
    }
    let grouping = Grouping::new(&with_label);
    let input = collect(cx, &node.input, steps)?;
    let mut table = ResultTable::new(cx, steps);
    let (mut places, mut counts): (HashMap<Labels, usize>, Vec<(Labels, f64)>) = Default::default();
    let mut held = cx.budget.hold();
    for step in 0..steps.count {
        cx.cancel.check()?;
        for column in &input.columns {
            cx.cancel.check()?;
            let Some(value) = column.get(step) else { continue };
            let text = match value {
                ValueRef::Float(value) => go_f(value),
                ValueRef::Histogram(h) => h.to_string(),
            };
            let mut builder = column.labels.to_builder();
            builder.set(label, &text);
            match places.entry(grouping.labels(&builder.build())) {
                Entry::Occupied(place) => counts[*place.get()].1 += 1.0,
                Entry::Vacant(place) => {
                    counts.push((place.key().clone(), 1.0));
                    place.insert(counts.len() - 1);
                }
            }
        }
        held.grow(counts.len(), 0)?;
        places.clear();
        for (labels, count) in counts.drain(..) {
            let row = table.row(labels, false)?;
            table.set(row, step, Value::Float(count))?;
        }
    }
    drop(input);
    table.emit(sink)
}
