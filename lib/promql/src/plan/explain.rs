//! A plan as a tree for people.

use std::collections::BTreeMap;

use mneme_model::{Matcher, duration};

use super::{
    AggregateNode, BinaryNode, CallNode, Node, Plan, RangeCallNode, RangeSource, SelectorNode, SubqueryNode,
};
use crate::ast::RangeModifier;
use crate::explain::{Explain, ExplainedSelect, Measured, Operator};

/// What was measured of an operator, by its address in the plan (see [`node_key`]).
type Lookup<'a> = &'a dyn Fn(usize) -> Option<Measured>;

/// A node's identity while its plan is borrowed.
pub(crate) fn node_key(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

/// A range selector's identity while its plan is borrowed: another one than that of any [`Node`].
pub(crate) fn selector_key(selector: &SelectorNode) -> usize {
    std::ptr::from_ref(&selector.matchers).addr()
}

impl Plan {
    /// The plan for people: operators, their arguments, what is read, and which passes did something.
    #[must_use]
    pub fn explain(&self) -> Explain {
        self.explain_with(&|_| None)
    }

    /// The plan with what was measured of its operators.
    pub(crate) fn explain_with(&self, measured: Lookup<'_>) -> Explain {
        let selects = self.selects.iter().zip(&self.uses);
        Explain {
            passes: self.passes.clone(),
            selects: selects
                .map(|(select, uses)| ExplainedSelect {
                    selector: braces(&select.matchers),
                    start: select.start,
                    end: select.end,
                    uses: *uses,
                    labels: select.hints.labels.clone(),
                })
                .collect(),
            plan: node(&self.root, measured),
        }
    }
}

fn node(node: &Node, measured: Lookup<'_>) -> Operator {
    let mut operator = match node {
        Node::Number(value) => leaf("number", [("value", value.to_string())]),
        Node::String(text) => leaf("string", [("value", text.clone())]),
        Node::StepInvariant(inner) => with_inputs("step_invariant", [], [self::node(inner, measured)]),
        Node::Negate(inner) => with_inputs("negate", [], [self::node(inner, measured)]),
        Node::Binary(binary) => self::binary(binary, measured),
        Node::Aggregate(aggregate) => self::aggregate(aggregate, measured),
        Node::Call(call) => self::call(call, measured),
        Node::RangeCall(call) => range_call(call, measured),
        Node::Selector(selector) => self::selector("selector", selector),
        Node::Matrix(source) => self::source(source, measured),
    };
    operator.measured = operator.measured.or_else(|| measured(node_key(node)));
    if let Some(own) = &mut operator.measured {
        let inputs = operator.inputs.iter().filter_map(|input| input.measured);
        own.self_seconds = (own.seconds - inputs.map(|input| input.seconds).sum::<f64>()).max(0.0);
    }
    operator
}

fn leaf<const N: usize>(operator: &'static str, arguments: [(&'static str, String); N]) -> Operator {
    with_inputs(operator, arguments, [])
}

fn with_inputs<const N: usize, const M: usize>(
    operator: &'static str,
    arguments: [(&'static str, String); N],
    inputs: [Operator; M],
) -> Operator {
    Operator {
        operator,
        arguments: BTreeMap::from(arguments),
        select: None,
        measured: None,
        inputs: Vec::from(inputs),
    }
}

fn binary(binary: &BinaryNode, measured: Lookup<'_>) -> Operator {
    let inputs = [node(&binary.lhs, measured), node(&binary.rhs, measured)];
    let mut operator = with_inputs("binary", [("operator", binary.op.name().to_owned())], inputs);
    if binary.return_bool {
        operator.arguments.insert("bool", "true".to_owned());
    }
    if let Some(matching) = &binary.matching {
        operator.arguments.insert("matching", matching.to_string().trim().to_owned());
    }
    operator
}

fn aggregate(aggregate: &AggregateNode, measured: Lookup<'_>) -> Operator {
    let mut operator = leaf("aggregate", [("function", aggregate.op.name().to_owned())]);
    if aggregate.without || !aggregate.grouping.is_empty() {
        let key = if aggregate.without { "without" } else { "by" };
        operator.arguments.insert(key, aggregate.grouping.join(", "));
    }
    operator.inputs.extend(aggregate.param.iter().map(|param| node(param, measured)));
    operator.inputs.push(node(&aggregate.input, measured));
    operator
}

fn call(call: &CallNode, measured: Lookup<'_>) -> Operator {
    let mut operator = leaf("function", [("function", call.name.to_owned())]);
    operator.inputs.extend(call.args.iter().map(|arg| node(arg, measured)));
    operator
}

fn range_call(call: &RangeCallNode, measured: Lookup<'_>) -> Operator {
    let mut operator = leaf("range_function", [("function", call.name.to_owned())]);
    operator.inputs.extend(call.scalars.iter().map(|scalar| node(scalar, measured)));
    operator.inputs.push(source(&call.source, measured));
    operator
}

fn source(source: &RangeSource, measured: Lookup<'_>) -> Operator {
    match source {
        RangeSource::Selector(selector) => {
            let mut operator = self::selector("range_selector", selector);
            operator.measured = measured(selector_key(selector));
            if let Some(own) = &mut operator.measured {
                own.self_seconds = own.seconds;
            }
            operator
        }
        RangeSource::Subquery(subquery) => self::subquery(subquery, measured),
    }
}

fn subquery(subquery: &SubqueryNode, measured: Lookup<'_>) -> Operator {
    let arguments =
        [("range", duration::format_ms(subquery.range_ms)), ("step", duration::format_ms(subquery.step_ms))];
    let mut operator = with_inputs("subquery", arguments, [node(&subquery.expr, measured)]);
    when(&mut operator, subquery.at, subquery.offset_ms);
    operator
}

fn selector(kind: &'static str, selector: &SelectorNode) -> Operator {
    let mut operator = leaf(kind, [("matchers", braces(&selector.matchers))]);
    operator.select = Some(selector.select);
    if selector.range_ms != 0 {
        operator.arguments.insert("range", duration::format_ms(selector.range_ms));
    }
    match selector.modifier {
        RangeModifier::None => {}
        RangeModifier::Anchored => drop(operator.arguments.insert("modifier", "anchored".to_owned())),
        RangeModifier::Smoothed => drop(operator.arguments.insert("modifier", "smoothed".to_owned())),
    }
    if selector.stats_only {
        operator.arguments.insert("histograms", "count and sum only".to_owned());
    }
    when(&mut operator, selector.at, selector.offset_ms);
    operator
}

fn when(operator: &mut Operator, at: Option<i64>, offset_ms: i64) {
    if let Some(at) = at {
        operator.arguments.insert("at_ms", at.to_string());
    }
    if offset_ms != 0 {
        operator.arguments.insert("offset_ms", offset_ms.to_string());
    }
}

fn braces(matchers: &[Matcher]) -> String {
    let conditions: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", conditions.join(","))
}
