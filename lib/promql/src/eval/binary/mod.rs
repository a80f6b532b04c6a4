//! Binary operators with at least one instant vector.

mod element;
mod matching;
mod pairs;
mod result_table;
mod set;
mod signature;
mod with_scalar;

pub(super) use result_table::ResultTable;

use super::{Context, Sink, Steps};
use crate::Error;
use crate::ast::BinaryOp;
use crate::plan::BinaryNode;

/// Hands the series of `lhs op rhs` to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    binary: &BinaryNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    match (binary.lhs.is_scalar(), binary.rhs.is_scalar()) {
        (false, true) => with_scalar::each(cx, binary, false, steps, sink),
        (true, false) => with_scalar::each(cx, binary, true, steps, sink),
        (true, true) => Err(Error::Execution("expected an instant vector".to_owned())),
        (false, false) => match binary.op {
            BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => set::each(cx, binary, steps, sink),
            _ => matching::each(cx, binary, steps, sink),
        },
    }
}

/// Whether the result is something else than the metric was, so that it cannot have its name.
pub(super) fn changes_metric(op: BinaryOp) -> bool {
    use BinaryOp::{Add, Atan2, Div, Mod, Mul, Pow, Sub};
    matches!(op, Add | Sub | Div | Mul | Pow | Mod | Atan2)
}
