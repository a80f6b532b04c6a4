//! `quantile`: needs all values of a group at a step.

use super::grouping::Grouping;
use super::parameter::Parameter;
use crate::Error;
use crate::annotations::Note;
use crate::eval::{Column, Context, Sink, Steps, ValueRef, collect};
use crate::functions::quantile;
use crate::plan::AggregateNode;

/// Hands each group's quantiles to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    node: &AggregateNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let parameter = Parameter::of(cx, node, steps)?;
    let input = collect(cx, &node.input, steps)?;
    note_invalid(cx, node, &parameter);
    let mut grouping = Grouping::new(node);
    let mut groups: Vec<(Column, Vec<usize>)> = Vec::new();
    for (series, column) in input.columns.iter().enumerate() {
        let (group, new) = grouping.number(&column.labels);
        if let Some(labels) = new {
            groups.push((Column::absent(labels, false, steps.count), Vec::new()));
        }
        groups[group].0.drop_name |= column.drop_name;
        groups[group].1.push(series);
    }
    let mut values = Vec::new();
    for (mut result, members) in groups {
        cx.cancel.check()?;
        for (step, q) in parameter.values.iter().enumerate() {
            cx.cancel.check()?;
            values.clear();
            for series in &members {
                match input.columns[*series].get(step) {
                    Some(ValueRef::Float(value)) => values.push(value),
                    Some(ValueRef::Histogram(_)) => {
                        cx.note(
                            Note::HistogramIgnoredInAggregation { aggregation: "quantile" },
                            node.input_pos,
                        );
                    }
                    None => {}
                }
            }
            if !values.is_empty() {
                result.set_float(step, quantile(*q, &mut values));
            }
        }
        if result.any() {
            sink(&mut result)?;
        }
    }
    Ok(())
}

fn note_invalid(cx: &Context<'_>, node: &AggregateNode, parameter: &Parameter) {
    let note = |q: f64| cx.note(Note::InvalidQuantile { q }, node.param_pos);
    if parameter.any_nan() {
        note(f64::NAN);
    }
    if parameter.max() > 1.0 {
        note(parameter.max());
    }
    if parameter.min() < 0.0 {
        note(parameter.min());
    }
}
