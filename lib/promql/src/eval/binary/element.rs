//! A binary operator on two samples.

use std::sync::Arc;

use mneme_model::FloatHistogram;
use mneme_model::histogram::CounterResetHint;

use crate::annotations::{HistogramOperation, Note};
use crate::ast::BinaryOp;
use crate::eval::ValueRef;
use crate::functions::contract::Value;
use crate::functions::{compare, scalar_binary};

/// What comes out of two samples.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The value; of a comparison the left one.
    pub(super) value: Value,
    /// Whether the comparison holds; true for what is no comparison.
    pub(super) keep: bool,
    /// A warning about a value that stands nevertheless.
    pub(super) warning: Option<Note>,
    /// An info about a value that stands nevertheless.
    pub(super) info: Option<Note>,
}

impl Outcome {
    fn of(value: Value, keep: bool) -> Self {
        Self { value, keep, warning: None, info: None }
    }

    fn histogram(mut h: FloatHistogram) -> Self {
        h.compact(0);
        Self::of(Value::Histogram(Arc::new(h)), true)
    }
}

/// `lhs op rhs`; where there is no result, what to say about it.
pub(super) fn combine(op: BinaryOp, lhs: ValueRef<'_>, rhs: ValueRef<'_>) -> Result<Outcome, Note> {
    use ValueRef::{Float, Histogram};
    let trims = matches!(op, BinaryOp::TrimLower | BinaryOp::TrimUpper);
    match (lhs, rhs) {
        (Float(l), Float(r)) if op.is_comparison() => Ok(Outcome::of(Value::Float(l), compare(op, l, r))),
        (Float(l), Float(r)) if !trims => Ok(Outcome::of(Value::Float(scalar_binary(op, l, r)), true)),
        (Float(l), Histogram(r)) if op == BinaryOp::Mul => Ok(scaled(r, |h| h.mul(l))),
        (Histogram(l), Float(r)) => match op {
            BinaryOp::Mul => Ok(scaled(l, |h| h.mul(r))),
            BinaryOp::Div => Ok(scaled(l, |h| h.div(r))),
            BinaryOp::TrimUpper => Ok(trimmed(l, |h| h.trim_upper(r))),
            BinaryOp::TrimLower => Ok(trimmed(l, |h| h.trim_lower(r))),
            _ => Err(incompatible(op, "histogram", "float")),
        },
        (Histogram(l), Histogram(r)) => two_histograms(op, l, r),
        (Float(_), Float(_)) => Err(incompatible(op, "float", "float")),
        (Float(_), Histogram(_)) => Err(incompatible(op, "float", "histogram")),
    }
}

fn two_histograms(op: BinaryOp, l: &Arc<FloatHistogram>, r: &FloatHistogram) -> Result<Outcome, Note> {
    let operation = match op {
        BinaryOp::Eq => return Ok(Outcome::of(Value::Histogram(Arc::clone(l)), l.equals(r))),
        BinaryOp::NotEq => return Ok(Outcome::of(Value::Histogram(Arc::clone(l)), !l.equals(r))),
        BinaryOp::Add => HistogramOperation::Addition,
        BinaryOp::Sub => HistogramOperation::Subtraction,
        _ => return Err(incompatible(op, "histogram", "histogram")),
    };
    let mut result = FloatHistogram::clone(l);
    let added = if op == BinaryOp::Add { result.add(r) } else { result.sub(r) };
    let added = added.map_err(|_| Note::IncompatibleBucketLayoutInBinaryOperator { operator: op.name() })?;
    if op == BinaryOp::Sub {
        result.counter_reset_hint = CounterResetHint::Gauge;
    }
    let mut outcome = Outcome::histogram(result);
    outcome.warning =
        added.counter_reset_collision.then_some(Note::HistogramCounterResetCollision { operation });
    outcome.info = added.bounds_reconciled.then_some(Note::MismatchedCustomBuckets { operation });
    Ok(outcome)
}

fn scaled(h: &FloatHistogram, change: impl FnOnce(&mut FloatHistogram)) -> Outcome {
    let mut result = h.clone();
    change(&mut result);
    Outcome::histogram(result)
}

fn trimmed(h: &FloatHistogram, change: impl FnOnce(&mut FloatHistogram)) -> Outcome {
    let mut result = h.clone();
    change(&mut result);
    Outcome::of(Value::Histogram(Arc::new(result)), true)
}

fn incompatible(op: BinaryOp, lhs: &'static str, rhs: &'static str) -> Note {
    Note::IncompatibleTypesInBinaryOperator { lhs, operator: op.name(), rhs }
}
