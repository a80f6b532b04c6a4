//! Matching series by series, where each series has at most one partner at all steps: no step needs a look at all series then.

use std::collections::HashSet;

use mneme_model::Labels;

use super::matching::{Side, result_labels};
use crate::Error;
use crate::ast::{BinaryOp, Cardinality, VectorMatching};
use crate::eval::{ABSENT, Column, Context, Sink, Steps};
use crate::functions::{compare, scalar_binary};
use crate::plan::BinaryNode;

/// Series that belong together, and the labels of what comes out of them.
pub(super) struct Pairs<'a> {
    pairs: Vec<(&'a Column, &'a Column, Labels)>,
}

impl<'a> Pairs<'a> {
    /// `None` where that is not enough: partners change from step to step, fills, histograms, results with equal labels. What is
    /// refused is refused by who looks at every step.
    pub(super) fn new(
        cx: &Context<'_>,
        (binary, matching): (&BinaryNode, &VectorMatching),
        groups: usize,
        (many, one): (&Side<'a>, &Side<'a>),
    ) -> Option<Self> {
        let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
        let trims = matches!(binary.op, BinaryOp::TrimLower | BinaryOp::TrimUpper);
        let histograms = many.columns.iter().chain(one.columns).any(Column::has_histograms);
        if fills || trims || histograms {
            return None;
        }
        let mut partners: Vec<Option<&Column>> = vec![None; groups];
        for (column, group) in one.columns.iter().zip(&one.groups) {
            if partners[*group].replace(column).is_some() {
                return None;
            }
        }
        let (mut taken, mut labels) = (vec![false; groups], HashSet::new());
        let mut pairs = Vec::with_capacity(many.columns.len());
        for (column, group) in many.columns.iter().zip(&many.groups) {
            let again = std::mem::replace(&mut taken[*group], true);
            if again && matching.card == Cardinality::OneToOne {
                return None;
            }
            let Some(partner) = partners[*group] else { continue };
            let result = result_labels(cx, (binary, matching), (&column.labels, &partner.labels));
            if !labels.insert(result.clone()) {
                return None;
            }
            pairs.push((column, partner, result));
        }
        Some(Self { pairs })
    }

    /// Hands the results to `sink`; `swapped`: what is on the left of the operator comes second.
    pub(super) fn each(
        self,
        cx: &Context<'_>,
        binary: &BinaryNode,
        swapped: bool,
        steps: Steps,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let mut held = cx.budget.hold();
        held.grow(0, self.pairs.iter().map(|(_, _, labels)| 2 * labels.as_bytes().len()).sum())?;
        let mut result = Column::absent(Labels::empty(), false, 0);
        for (many, one, labels) in &self.pairs {
            cx.cancel.check()?;
            result.reset(labels, binary.return_bool, steps.count);
            let (lhs, rhs) = if swapped { (one, many) } else { (many, one) };
            combine(binary, lhs.floats(), rhs.floats(), result.floats_mut());
            if result.any() {
                sink(&mut result)?;
            }
        }
        Ok(())
    }
}

/// The operator at each step.
fn combine(binary: &BinaryNode, lhs: &[f64], rhs: &[f64], out: &mut [f64]) {
    let op = binary.op;
    match (op, binary.return_bool) {
        (BinaryOp::Add, _) => at_each(lhs, rhs, out, |l, r| l + r),
        (BinaryOp::Sub, _) => at_each(lhs, rhs, out, |l, r| l - r),
        (BinaryOp::Mul, _) => at_each(lhs, rhs, out, |l, r| l * r),
        (BinaryOp::Div, _) => at_each(lhs, rhs, out, |l, r| l / r),
        (op, true) if op.is_comparison() => {
            at_each(lhs, rhs, out, |l, r| f64::from(u8::from(compare(op, l, r))));
        }
        (op, false) if op.is_comparison() => {
            at_each(lhs, rhs, out, |l, r| if compare(op, l, r) { l } else { ABSENT });
        }
        _ => at_each(lhs, rhs, out, |l, r| scalar_binary(op, l, r)),
    }
}

fn at_each(lhs: &[f64], rhs: &[f64], out: &mut [f64], value: impl Fn(f64, f64) -> f64) {
    for ((out, &l), &r) in out.iter_mut().zip(lhs).zip(rhs) {
        let both = l.to_bits() != ABSENT.to_bits() && r.to_bits() != ABSENT.to_bits();
        *out = if both { value(l, r) } else { ABSENT };
    }
}
