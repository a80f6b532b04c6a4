//! An operator between an instant vector and a scalar: series by series.

use super::changes_metric;
use super::element::combine;
use crate::Error;
use crate::annotations::Severity;
use crate::eval::{Context, Sink, Steps, ValueRef, names};
use crate::functions::contract::Value;
use crate::plan::{BinaryNode, unique_without_name};

/// Hands the results to `sink`. `swapped`: the scalar is on the left.
pub(super) fn each(
    cx: &Context<'_>,
    binary: &BinaryNode,
    swapped: bool,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let (vector, scalar) = if swapped { (&binary.rhs, &binary.lhs) } else { (&binary.lhs, &binary.rhs) };
    let scalars = super::super::scalar(cx, scalar, steps)?;
    let drops = changes_metric(binary.op) || binary.return_bool;
    let safe = !drops || unique_without_name(cx.features, vector);
    names::after_drop(cx, safe, sink, |sink| {
        super::super::each(cx, vector, steps, &mut |column| {
            column.map(|step, value| one(cx, binary, swapped, value, scalars[step]));
            if drops {
                names::drop_name(cx, column);
            }
            sink(column)
        })
    })
}

fn one(
    cx: &Context<'_>,
    binary: &BinaryNode,
    swapped: bool,
    value: ValueRef<'_>,
    scalar: f64,
) -> Option<Value> {
    let scalar = ValueRef::Float(scalar);
    let (lhs, rhs) = if swapped { (scalar, value) } else { (value, scalar) };
    let outcome = match combine(binary.op, lhs, rhs) {
        Ok(outcome) => outcome,
        Err(note) => {
            debug_assert!(note.severity() == Severity::Info, "only types can be incompatible with a scalar");
            cx.note(note, binary.pos);
            return None;
        }
    };
    if binary.return_bool {
        return Some(Value::Float(f64::from(u8::from(outcome.keep))));
    }
    // A filter keeps the vector's value, on whichever side it stands.
    let kept = if binary.op.is_comparison() { value.to_value() } else { outcome.value };
    outcome.keep.then_some(kept)
}
