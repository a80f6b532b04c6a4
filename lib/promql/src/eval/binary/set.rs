//! `and`, `or`, `unless`.

use super::result_table::ResultTable;
use super::signature::Groups;
use crate::Error;
use crate::ast::{BinaryOp, Cardinality, VectorMatching};
use crate::eval::{Column, Context, Sink, Steps, collect};
use crate::plan::BinaryNode;

/// Hands on the samples that the operator lets through.
pub(super) fn each(
    cx: &Context<'_>,
    binary: &BinaryNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let all_labels = VectorMatching {
        card: Cardinality::ManyToMany,
        labels: Vec::new(),
        on: false,
        include: Vec::new(),
        fill_left: None,
        fill_right: None,
    };
    let matching = binary.matching.as_ref().unwrap_or(&all_labels);
    let lhs = collect(cx, &binary.lhs, steps)?;
    let rhs = collect(cx, &binary.rhs, steps)?;
    let mut groups = Groups::new(matching);
    let (lhs_groups, rhs_groups) = (groups.of(&lhs.columns), groups.of(&rhs.columns));
    let present = |columns: &[Column], of: &[usize]| presence(columns, of, groups.count(), steps);
    let mut table = ResultTable::new(cx, steps);
    match binary.op {
        BinaryOp::Or => {
            let left = present(&lhs.columns, &lhs_groups);
            pass(cx, &mut table, &lhs.columns, |_, _| true)?;
            pass(cx, &mut table, &rhs.columns, |series, step| !left.at(rhs_groups[series], step))?;
        }
        op => {
            let wanted = op == BinaryOp::And;
            let right = present(&rhs.columns, &rhs_groups);
            pass(cx, &mut table, &lhs.columns, |series, step| right.at(lhs_groups[series], step) == wanted)?;
        }
    }
    drop((lhs, rhs));
    table.emit(sink)
}

/// At which steps a group has any sample.
struct Presence {
    steps: usize,
    bits: Vec<bool>,
}

impl Presence {
    fn at(&self, group: usize, step: usize) -> bool {
        self.bits[group * self.steps + step]
    }
}

fn presence(columns: &[Column], groups: &[usize], count: usize, steps: Steps) -> Presence {
    let mut bits = vec![false; count * steps.count];
    for (column, group) in columns.iter().zip(groups) {
        for (step, _) in column.values() {
            bits[group * steps.count + step] = true;
        }
    }
    Presence { steps: steps.count, bits }
}

fn pass(
    cx: &Context<'_>,
    table: &mut ResultTable<'_>,
    columns: &[Column],
    keep: impl Fn(usize, usize) -> bool,
) -> Result<(), Error> {
    for (series, column) in columns.iter().enumerate() {
        cx.cancel.check()?;
        let mut row = None;
        for (step, value) in column.values().filter(|(step, _)| keep(series, *step)) {
            let row = match row {
                Some(row) => row,
                None => *row.insert(table.row(column.labels.clone(), column.drop_name)?),
            };
            table.set(row, step, value.to_value())?;
        }
    }
    Ok(())
}
