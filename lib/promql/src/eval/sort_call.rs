//! `sort`, `sort_desc`, `sort_by_label`, `sort_by_label_desc`: meaningful for instant queries only.

use std::cmp::Ordering;

use super::call::arg;
use super::{Column, Context, Sink, Steps, collect};
use crate::Error;
use crate::annotations::Note;
use crate::functions::{Function, natural_less};
use crate::plan::{CallNode, Node};

/// Hands the series to `sink` in order.
pub(super) fn each(
    cx: &Context<'_>,
    call: &CallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    if steps.count > 1 {
        cx.note(Note::SortInRangeQuery, call.pos);
    }
    let mut input = collect(cx, arg(call, 0)?, steps)?;
    let columns = std::mem::take(&mut input.columns);
    drop(input);
    match call.function {
        Function::SortByLabel { descending } => by_labels(columns, &call.args[1..], descending),
        Function::Sort { descending } => by_value(columns, descending),
        _ => columns,
    }
    .into_iter()
    .try_for_each(|mut column| sink(&mut column))
}

/// By the first step's value; NaN last. Histograms drop out.
fn by_value(mut columns: Vec<Column>, descending: bool) -> Vec<Column> {
    for column in &mut columns {
        if column.has_histograms() {
            column.map_floats(|_, value| value);
        }
    }
    columns.retain(Column::any);
    let key = |column: &Column| column.float(0).unwrap_or(f64::NAN);
    columns.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        match (a.is_nan(), b.is_nan()) {
            (false, false) if descending => b.partial_cmp(&a).unwrap_or(Ordering::Equal),
            (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (a, b) => a.cmp(&b),
        }
    });
    columns
}

/// By the named labels in natural order, then by all labels.
fn by_labels(mut columns: Vec<Column>, names: &[Node], descending: bool) -> Vec<Column> {
    columns.sort_by(|a, b| {
        let order = compare(a, b, names);
        if descending { order.reverse() } else { order }
    });
    columns
}

fn compare(a: &Column, b: &Column, names: &[Node]) -> Ordering {
    for name in names {
        let Node::String(name) = name else { continue };
        let (x, y) = (a.labels.get(name).unwrap_or(""), b.labels.get(name).unwrap_or(""));
        if x != y {
            return if natural_less(x, y) { Ordering::Less } else { Ordering::Greater };
        }
    }
    a.labels.cmp(&b.labels)
}
