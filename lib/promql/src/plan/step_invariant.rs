//! Pass: marks the largest parts whose value is the same at every step, so that they are evaluated once.

use super::{Node, RangeSource};
use crate::functions::Function;

/// Marks the step-invariant parts of `root`.
pub(super) fn run(mut root: Node) -> Node {
    let verdict = mark(&mut root);
    wrapped(root, verdict.wrap)
}

struct Verdict {
    /// The whole is step-invariant.
    invariant: bool,
    /// Marking it pays (literals and range vectors are evaluated once anyway).
    wrap: bool,
}

const VARIES: Verdict = Verdict { invariant: false, wrap: false };
const INVARIANT: Verdict = Verdict { invariant: true, wrap: true };
const LITERAL: Verdict = Verdict { invariant: true, wrap: false };

fn mark(node: &mut Node) -> Verdict {
    match node {
        Node::Number(_) | Node::String(_) | Node::StepInvariant(_) => LITERAL,
        Node::Selector(selector) => {
            if selector.at.is_some() {
                INVARIANT
            } else {
                VARIES
            }
        }
        Node::Negate(inner) => mark(inner),
        Node::Aggregate(aggregate) => mark(&mut aggregate.input),
        Node::Binary(binary) => {
            let (lhs, rhs) = (mark(&mut binary.lhs), mark(&mut binary.rhs));
            if lhs.invariant && rhs.invariant {
                return INVARIANT;
            }
            wrap_in_place(&mut binary.lhs, lhs.wrap);
            wrap_in_place(&mut binary.rhs, rhs.wrap);
            VARIES
        }
        Node::Call(call) => {
            // The time of a pinned selector's sample is pinned with it.
            let by_itself = matches!(call.function, Function::TimestampOfSelector)
                || !call.function.uses_evaluation_time();
            mark_arguments(call.args.iter_mut(), by_itself)
        }
        Node::RangeCall(call) => {
            let source = mark_source(&mut call.source);
            mark_arguments(call.scalars.iter_mut(), source && call.name != "predict_linear")
        }
        Node::Matrix(source) => Verdict { invariant: mark_source(source), wrap: false },
    }
}

fn mark_arguments<'a>(args: impl Iterator<Item = &'a mut Node>, invariant_so_far: bool) -> Verdict {
    let verdicts: Vec<(&mut Node, Verdict)> = args
        .map(|arg| {
            let verdict = mark(arg);
            (arg, verdict)
        })
        .collect();
    if invariant_so_far && verdicts.iter().all(|(_, verdict)| verdict.invariant) {
        return INVARIANT;
    }
    for (arg, verdict) in verdicts {
        wrap_in_place(arg, verdict.wrap);
    }
    VARIES
}

/// Whether the range vector is pinned. What is inside a subquery is marked on its own: it is evaluated on the subquery's grid.
fn mark_source(source: &mut RangeSource) -> bool {
    match source {
        RangeSource::Selector(selector) => selector.at.is_some(),
        RangeSource::Subquery(subquery) => {
            let inner = mark(&mut subquery.expr);
            wrap_in_place(&mut subquery.expr, inner.invariant);
            subquery.at.is_some()
        }
    }
}

fn wrap_in_place(node: &mut Node, wrap: bool) {
    if wrap && !matches!(node, Node::StepInvariant(_)) {
        let inner = std::mem::replace(node, Node::Number(0.0));
        *node = wrapped(inner, true);
    }
}

fn wrapped(node: Node, wrap: bool) -> Node {
    if wrap { Node::StepInvariant(Box::new(node)) } else { node }
}

#[cfg(test)]
mod tests {
    use super::super::sketch::{built, sketch};
    use super::*;

    #[test]
    fn what_is_pinned_is_evaluated_once_as_far_up_as_nothing_varies() {
        for (text, before, after) in [
            ("x @ 60", "x@60#0", "once(x@60#0)"),
            (
                "sum(rate(x[1m] @ 60)) / 2",
                "(sum(rate(x@60#0[60s])) / 2)",
                "once((sum(rate(x@60#0[60s])) / 2))",
            ),
            ("x / sum(y @ end())", "(x#0 / sum(y@7200#0))", "(x#0 / once(sum(y@7200#0)))"),
            ("topk(2, x)", "topk(2, x#0)", "topk(2, x#0)"),
            ("vector(time())", "vector(time())", "vector(time())"),
            (
                "predict_linear(x[1m] @ 60, 5)",
                "predict_linear(5, x@60#0[60s])",
                "predict_linear(5, x@60#0[60s])",
            ),
            (
                "max_over_time((x @ 60)[5m:])",
                "max_over_time(x@60#0[300s:])",
                "max_over_time(once(x@60#0)[300s:])",
            ),
        ] {
            let (node, _) = built(text);
            assert_eq!((sketch(&node), sketch(&run(node))), (before.to_owned(), after.to_owned()), "{text}");
        }
    }
}
