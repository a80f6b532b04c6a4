//! `limitk` and `limit_ratio`: some series of each group, whatever their values.

use super::grouping::Grouping;
use super::parameter::Parameter;
use crate::Error;
use crate::annotations::Note;
use crate::ast::AggregateOp;
use crate::eval::binary::ResultTable;
use crate::eval::{Collected, Context, Sink, Steps, collect};
use crate::go_labels;
use crate::plan::AggregateNode;

/// Hands the picked samples to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    node: &AggregateNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let parameter = Parameter::of(cx, node, steps)?;
    let input = collect(cx, &node.input, steps)?;
    let mut table = ResultTable::new(cx, steps);
    if node.op == AggregateOp::LimitK {
        if parameter.max() < 1.0 {
            return Ok(());
        }
        parameter.check_count()?;
        limit_count(cx, node, &parameter, &input, steps, &mut table)?;
    } else {
        if parameter.max() == 0.0 && parameter.min() == 0.0 {
            return Ok(());
        }
        check_ratio(cx, node, &parameter)?;
        limit_ratio(cx, &parameter, &input, steps, &mut table)?;
    }
    drop(input);
    table.emit(sink)
}

fn limit_count(
    cx: &Context<'_>,
    node: &AggregateNode,
    parameter: &Parameter,
    input: &Collected<'_>,
    steps: Steps,
    table: &mut ResultTable<'_>,
) -> Result<(), Error> {
    let mut grouping = Grouping::new(node);
    let groups = grouping.of(input.columns.iter().map(|column| &column.labels));
    let mut taken = vec![0; grouping.count()];
    for step in 0..steps.count {
        cx.cancel.check()?;
        taken.fill(0);
        let k = parameter.values[step] as i64;
        for (series, column) in input.columns.iter().enumerate() {
            let Some(value) = column.get(step) else { continue };
            if taken[groups[series]] < k {
                taken[groups[series]] += 1;
                let row = table.row(column.labels.clone(), column.drop_name)?;
                table.set(row, step, value.to_value())?;
            }
        }
    }
    Ok(())
}

fn check_ratio(cx: &Context<'_>, node: &AggregateNode, parameter: &Parameter) -> Result<(), Error> {
    if parameter.any_nan() {
        return Err(Error::Execution("Ratio value is NaN".to_owned()));
    }
    if parameter.max() > 1.0 {
        cx.note(Note::InvalidRatio { ratio: parameter.max(), capped_to: 1.0 }, node.param_pos);
    }
    if parameter.min() < -1.0 {
        cx.note(Note::InvalidRatio { ratio: parameter.min(), capped_to: -1.0 }, node.param_pos);
    }
    Ok(())
}

/// A series is in by where its labels' hash lies between 0 and 1: below the ratio, or for a negative ratio in the rest.
fn limit_ratio(
    cx: &Context<'_>,
    parameter: &Parameter,
    input: &Collected<'_>,
    steps: Steps,
    table: &mut ResultTable<'_>,
) -> Result<(), Error> {
    for column in &input.columns {
        cx.cancel.check()?;
        let offset = go_labels::hash(column.labels.view()) as f64 / u64::MAX as f64;
        for step in 0..steps.count {
            let ratio = parameter.values[step].clamp(-1.0, 1.0);
            let inside = ratio > 0.0 && offset < ratio || ratio < 0.0 && offset >= 1.0 + ratio;
            let Some(value) = column.get(step).filter(|_| inside) else { continue };
            let row = table.row(column.labels.clone(), column.drop_name)?;
            table.set(row, step, value.to_value())?;
        }
    }
    Ok(())
}
