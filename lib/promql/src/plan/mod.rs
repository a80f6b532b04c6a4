//! From what a query says to what has to be done: a typed tree of operators, with durations, `@` and `offset` resolved, step-invariant
//! parts marked and every selector listed once.
//!
//! `ast::Expr -> build (one node per operator) -> step_invariant, fold (passes over the tree) -> selects (what to fetch)`.

mod build;
mod duration;
mod explain;
mod fold;
mod histogram_stats;
mod node;
mod projection;
mod selects;
#[cfg(test)]
mod sketch;
mod step_invariant;
mod unique;

pub(crate) use explain::{node_key, selector_key};
pub(crate) use node::{
    AggregateNode, BinaryNode, CallNode, Node, RangeCallNode, RangeSource, SelectorNode, SubqueryNode,
};

pub(crate) use unique::unique_without_name;

use crate::ast::{Expr, ValueType};
use crate::explain::Pass;
use crate::{Error, QueryParams, Select};

/// A small plan has at most so many operators.
const MOST_OF_SMALL: usize = 16;

/// A query, ready to be evaluated as often as wanted.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) root: Node,
    pub(crate) value_type: ValueType,
    pub(crate) params: QueryParams,
    selects: Vec<Select>,
    uses: Vec<usize>,
    passes: Vec<Pass>,
}

impl Plan {
    /// Plans `expr`, which was parsed from `params.text`.
    ///
    /// # Errors
    /// [`Error::BadQuery`]: durations that resolve to nonsense, a step that is not positive, a range query of a matrix or string.
    pub fn new(expr: &Expr, params: &QueryParams) -> Result<Self, Error> {
        let value_type = expr.value_type();
        if params.step_ms < 0
            || params.end < params.start
            || params.step_ms == 0 && params.end != params.start
        {
            return Err(Error::BadQuery("invalid parameter \"step\": zero or negative".to_owned()));
        }
        if !params.is_instant() && !matches!(value_type, ValueType::Vector | ValueType::Scalar) {
            return Err(Error::BadQuery(format!(
                "invalid expression type \"{value_type}\" for range query, must be Scalar or instant Vector"
            )));
        }
        let root = build::Builder::new(params).expr(expr)?;
        let root = step_invariant::run(root);
        let (marked, before) =
            (root.count(&|node| matches!(node, Node::StepInvariant(_))), root.count(&|_| true));
        let mut root = fold::run(root);
        let folded = before - root.count(&|_| true);
        let stripped = histogram_stats::run(&mut root);
        let projected = projection::run(&mut root, params.features);
        let (selects, uses) = selects::run(&mut root, params);
        let shared = uses.iter().sum::<usize>() - selects.len();
        let pass = |name, changes| Pass { name, changes };
        let passes = vec![
            pass("step_invariant", marked),
            pass("constant_folding", folded),
            pass("histogram_stats", stripped),
            pass("projection", projected),
            pass("common_selectors", shared),
        ];
        Ok(Self { root, value_type, params: params.clone(), selects, uses, passes })
    }

    /// What the evaluation will ask of the store, each selector and time range once. Whoever fetches ahead fetches these.
    #[must_use]
    pub fn selects(&self) -> &[Select] {
        &self.selects
    }

    /// How many selectors use each of [`Self::selects`]: so often the evaluation asks for it, at most.
    #[must_use]
    pub fn uses(&self) -> &[usize] {
        &self.uses
    }

    /// Whether the work is that of a few operators on what the selects have at one moment: no ranges, no subqueries, no texts, which may
    /// be regular expressions. Of a handful of series it takes some microseconds.
    #[must_use]
    pub fn is_small(&self) -> bool {
        let costly = |node: &Node| matches!(node, Node::RangeCall(_) | Node::Matrix(_) | Node::String(_));
        self.params.is_instant()
            && !self.selects.is_empty()
            && self.root.count(&|_| true) <= MOST_OF_SMALL
            && self.root.count(&costly) == 0
    }

    /// The type of the answer; a range query's answer is a matrix all the same.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// What it was planned for.
    #[must_use]
    pub fn params(&self) -> &QueryParams {
        &self.params
    }
}
