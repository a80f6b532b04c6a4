//! Evaluates a plan: every operator hands its series on one after another, each with its values over all steps, so that an aggregation
//! holds groups and not series. What needs all series at one step (binary operators between vectors, `topk`, `sort`) collects them.
//!
//! `selector -> (range function) -> map, aggregate, match .. -> result`, all in one thread, without waiting.

mod aggregate;
mod binary;
mod call;
mod column;
mod context;
mod extended;
mod histogram_call;
mod histogram_stats;
mod info;
mod label_call;
mod measure;
mod names;
mod range_call;
mod selector;
mod sliding;
mod smoothed;
mod sort_call;
mod steps;
mod subquery;
mod window;

pub(crate) use column::{ABSENT, Column, ValueRef};
pub(crate) use context::Context;
pub(crate) use extended::extended;
pub(crate) use measure::Measurements;
pub(crate) use names::{Merged, duplicate, without_metadata};
pub(crate) use range_call::{Bounds, each_source};
pub(crate) use steps::Steps;

use crate::Error;
use crate::plan::{Node, node_key};

/// Takes one series of an operator's output. Who wants to keep it takes it out ([`Column::take`]); what is left in place is used again for
/// the next series, so that a stream of series needs no memory of its own.
pub(crate) type Sink<'s> = dyn FnMut(&mut Column) -> Result<(), Error> + 's;

/// Evaluates a node that gives an instant vector; hands its series to `sink`. A series without any value may be handed on too.
pub(crate) fn each(cx: &Context<'_>, node: &Node, steps: Steps, sink: &mut Sink<'_>) -> Result<(), Error> {
    cx.cancel.check()?;
    if steps.count == 0 {
        return Ok(());
    }
    let _in_flight = cx.hold_steps(steps)?;
    let Some(measurements) = &cx.measurements else { return operator(cx, node, steps, sink) };
    let mut run = measure::Running::start();
    let done = operator(cx, node, steps, &mut |column| {
        run.hand_on(column.samples(), column.bytes(), || sink(column))
    });
    measurements.add(node_key(node), &run);
    done
}

fn operator(cx: &Context<'_>, node: &Node, steps: Steps, sink: &mut Sink<'_>) -> Result<(), Error> {
    match node {
        Node::StepInvariant(inner) if steps.count > 1 => each(cx, inner, steps.first(), &mut |column| {
            column.repeat(steps.count);
            sink(column)
        }),
        Node::StepInvariant(inner) => each(cx, inner, steps, sink),
        Node::Selector(selector) => selector::each(cx, selector, steps, sink),
        Node::RangeCall(call) => range_call::each(cx, call, steps, sink),
        Node::Negate(inner) => call::negate(cx, inner, steps, sink),
        Node::Binary(binary) => binary::each(cx, binary, steps, sink),
        Node::Aggregate(aggregate) => aggregate::each(cx, aggregate, steps, sink),
        Node::Call(call) => call::each(cx, call, steps, sink),
        Node::Number(_) | Node::String(_) | Node::Matrix(_) => {
            Err(Error::Execution("expected an instant vector".to_owned()))
        }
    }
}

/// Evaluates a node that gives an instant vector, all of it at once. Series without any value are left out.
pub(crate) fn collect<'c>(cx: &'c Context<'_>, node: &Node, steps: Steps) -> Result<Collected<'c>, Error> {
    let mut held = cx.budget.hold();
    let mut columns = Vec::new();
    each(cx, node, steps, &mut |column| {
        if column.any() {
            held.grow(column.samples(), column.bytes())?;
            columns.push(column.take());
        }
        Ok(())
    })?;
    Ok(Collected { columns, _held: held })
}

/// All series of a vector, accounted for until they are dropped.
pub(crate) struct Collected<'c> {
    pub(crate) columns: Vec<Column>,
    _held: crate::budget::Held<'c>,
}

/// Evaluates a node that gives a scalar: one number per step.
pub(crate) fn scalar(cx: &Context<'_>, node: &Node, steps: Steps) -> Result<Vec<f64>, Error> {
    cx.cancel.check()?;
    let _in_flight = cx.hold_steps(steps)?;
    let Some(measurements) = &cx.measurements else { return scalar_operator(cx, node, steps) };
    let mut run = measure::Running::start();
    let done = scalar_operator(cx, node, steps);
    run.hand_on(steps.count, 8 * steps.count, || ());
    measurements.add(node_key(node), &run);
    done
}

fn scalar_operator(cx: &Context<'_>, node: &Node, steps: Steps) -> Result<Vec<f64>, Error> {
    match node {
        Node::Number(value) => Ok(vec![*value; steps.count]),
        Node::StepInvariant(inner) => {
            let value = scalar(cx, inner, steps.first())?.first().copied().unwrap_or(f64::NAN);
            Ok(vec![value; steps.count])
        }
        Node::Negate(inner) => Ok(scalar(cx, inner, steps)?.into_iter().map(|value| -value).collect()),
        Node::Binary(binary) => {
            let (lhs, rhs) = (scalar(cx, &binary.lhs, steps)?, scalar(cx, &binary.rhs, steps)?);
            let pairs = lhs.into_iter().zip(rhs);
            Ok(pairs.map(|(l, r)| crate::functions::scalar_binary(binary.op, l, r)).collect())
        }
        Node::Call(call) => call::scalar(cx, call, steps),
        _ => Err(Error::Execution("expected a scalar".to_owned())),
    }
}
