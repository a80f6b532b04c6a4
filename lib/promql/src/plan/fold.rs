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
