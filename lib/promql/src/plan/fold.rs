//! Pass: computes what is made of literals only.

use super::{BinaryNode, Node};
use crate::functions::scalar_binary;

/// Folds the literals of `node` and of everything below it.
pub(super) fn run(mut node: Node) -> Node {
    for child in node.children_mut() {
        let inner = std::mem::replace(child, Node::Number(0.0));
        *child = run(inner);
    }
    match node {
        Node::StepInvariant(inner) if matches!(*inner, Node::Number(_) | Node::String(_)) => *inner,
        Node::Negate(inner) => match *inner {
            Node::Number(value) => Node::Number(-value),
            inner => Node::Negate(Box::new(inner)),
        },
        Node::Binary(binary) => match *binary {
            BinaryNode { op, lhs: Node::Number(lhs), rhs: Node::Number(rhs), .. } => {
                Node::Number(scalar_binary(op, lhs, rhs))
            }
            binary => Node::Binary(Box::new(binary)),
        },
        node => node,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sketch::{built, sketch};
    use super::*;

    #[test]
    fn literals_become_one_number_and_the_rest_stays() {
        for (text, before, after) in [
            ("1 + 2 * 3", "(1 + (2 * 3))", "7"),
            ("x > -(2 ^ 3)", "(x#0 > -((2 ^ 3)))", "(x#0 > -8)"),
            ("clamp(x, 1 - 1, 60 * 60)", "clamp(x#0, (1 - 1), (60 * 60))", "clamp(x#0, 0, 3600)"),
            (
                "sum_over_time((x / (2 + 2))[5m:])",
                "sum_over_time((x#0 / (2 + 2))[300s:])",
                "sum_over_time((x#0 / 4)[300s:])",
            ),
            ("time() + 1", "(time() + 1)", "(time() + 1)"),
            ("2 > bool 1", "(2 > 1)", "1"),
        ] {
            let (node, _) = built(text);
            assert_eq!((sketch(&node), sketch(&run(node))), (before.to_owned(), after.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_literal_is_not_evaluated_once_but_never() {
        let once = Node::StepInvariant(Box::new(built("1 + 1").0));
        assert_eq!(sketch(&run(once)), "2");
    }
}
