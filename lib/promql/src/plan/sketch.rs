//! A tree of operators in one line, for tests of passes.

use super::build::Builder;
use super::{Node, RangeSource, SelectorNode};
use crate::{Features, QueryParams, parse};

/// The tree of a range query before any pass.
pub(super) fn built(text: &str) -> (Node, QueryParams) {
    let params = QueryParams::range(text, 3_600_000, 7_200_000, 60_000);
    let expr = parse(text, &Features::all()).expect("parses");
    (Builder::new(&params).expr(&expr).expect("can be planned"), params)
}

/// `once(..)` is evaluated at the first step only, `stats(..)` is without buckets, `x#1` is answered by the select number 1.
pub(super) fn sketch(node: &Node) -> String {
    let all = |nodes: Vec<&Node>| nodes.into_iter().map(sketch).collect::<Vec<_>>().join(", ");
    match node {
        Node::Number(value) => value.to_string(),
        Node::String(text) => format!("{text:?}"),
        Node::StepInvariant(inner) => format!("once({})", sketch(inner)),
        Node::Negate(inner) => format!("-({})", sketch(inner)),
        Node::Binary(binary) => {
            format!("({} {} {})", sketch(&binary.lhs), binary.op.name(), sketch(&binary.rhs))
        }
        Node::Aggregate(aggregate) => format!("{}({})", aggregate.op.name(), all(node.children())),
        Node::Call(call) => format!("{}({})", call.name, all(node.children())),
        Node::RangeCall(call) => {
            let scalars: Vec<String> = call.scalars.iter().map(sketch).collect();
            let inputs = scalars.into_iter().chain([source(&call.source)]).collect::<Vec<_>>();
            format!("{}({})", call.name, inputs.join(", "))
        }
        Node::Selector(one) => selector(one),
        Node::Matrix(of) => source(of),
    }
}

fn source(source: &RangeSource) -> String {
    match source {
        RangeSource::Selector(one) => format!("{}[{}s]", selector(one), one.range_ms / 1000),
        RangeSource::Subquery(inner) => format!("{}[{}s:]", sketch(&inner.expr), inner.range_ms / 1000),
    }
}

fn selector(one: &SelectorNode) -> String {
    let name = one.matchers.iter().find(|m| m.name() == "__name__").map_or("", |m| m.value());
    let at = one.at.map_or_else(String::new, |at| format!("@{}", at / 1000));
    let text = format!("{name}{at}#{}", one.select);
    if one.stats_only { format!("stats({text})") } else { text }
}
