//! The types of an expression's parts, and the rules that the grammar cannot say. In Prometheus's order, since the first error is the one told.

use std::collections::HashSet;

use super::error::{Failure, Parsed};
use super::lexer::is_space;
use crate::ast::{
    AggregateExpr, AggregateOp, BinaryExpr, Call, Cardinality, Expr, PosRange, ValueType, VectorSelector,
};
use crate::format::quote;

/// Checks the whole tree, and settles what depends on types: [`BinaryExpr::matching`].
pub(super) fn check<'a>(expr: &mut Expr, text: &str) -> Parsed<'a, ValueType> {
    match expr {
        Expr::Number(_) | Expr::String(_) | Expr::Duration(_) => {}
        Expr::Paren(paren) => {
            check(&mut paren.expr, text)?;
        }
        Expr::Unary(unary) => {
            let operand = check(&mut unary.expr, text)?;
            if !matches!(operand, ValueType::Scalar | ValueType::Vector) {
                let message = format!(
                    "unary expression only allowed on expressions of type scalar or instant vector, got \"{operand}\""
                );
                return Err(Failure::at(unary.pos, message));
            }
        }
        Expr::Binary(binary) => check_binary(binary, text)?,
        Expr::Aggregate(aggregate) => check_aggregate(aggregate, text)?,
        Expr::Call(call) => check_call(call, text)?,
        Expr::Vector(selector) => check_selector(selector, true)?,
        Expr::Matrix(matrix) => check_selector(&matrix.selector, true)?,
        Expr::Subquery(subquery) => {
            let inner = check(&mut subquery.expr, text)?;
            if inner != ValueType::Vector {
                let message =
                    format!("subquery is only allowed on instant vector, got {} instead", inner.api_name());
                return Err(Failure::at(subquery.pos, message));
            }
        }
    }
    Ok(expr.value_type())
}

fn expect_type<'a>(expr: &mut Expr, want: ValueType, context: &str, text: &str) -> Parsed<'a, ()> {
    let got = check(expr, text)?;
    if got != want {
        return Err(Failure::at(expr.pos(), format!("expected type {want} in {context}, got {got}")));
    }
    Ok(())
}

fn check_aggregate<'a>(aggregate: &mut AggregateExpr, text: &str) -> Parsed<'a, ()> {
    expect_type(&mut aggregate.expr, ValueType::Vector, "aggregation expression", text)?;
    if let Some(param) = &mut aggregate.param {
        let want =
            if aggregate.op == AggregateOp::CountValues { ValueType::String } else { ValueType::Scalar };
        expect_type(param, want, "aggregation parameter", text)?;
    }
    Ok(())
}

fn check_binary<'a>(binary: &mut BinaryExpr, text: &str) -> Parsed<'a, ()> {
    let (left, right) = (check(&mut binary.lhs, text)?, check(&mut binary.rhs, text)?);
    let op = binary.op;
    let operator = || operator_pos(binary, text);
    if binary.return_bool && !op.is_comparison() {
        return Err(Failure::at(operator(), "bool modifier can only be used on comparison operators"));
    }
    if op.is_comparison() && !binary.return_bool && (left, right) == (ValueType::Scalar, ValueType::Scalar) {
        return Err(Failure::at(operator(), "comparisons between scalars must use BOOL modifier"));
    }
    if let Some(matching) = binary.matching.as_ref().filter(|matching| matching.on)
        && let Some(label) = in_both(&matching.labels, &matching.include)
    {
        let message = format!("label {} must not occur in ON and GROUP clause at once", quote(label));
        return Err(Failure::at(operator(), message));
    }
    for (side, kind) in [(&binary.lhs, left), (&binary.rhs, right)] {
        if !matches!(kind, ValueType::Scalar | ValueType::Vector) {
            return Err(Failure::at(
                side.pos(),
                "binary expression must contain only scalar and instant vector types",
            ));
        }
    }
    check_matching(binary, left, right)
}

/// The first of `labels` that is in `others`, too.
fn in_both<'l>(labels: &'l [String], others: &[String]) -> Option<&'l String> {
    let others: HashSet<&String> = others.iter().collect();
    labels.iter().find(|label| others.contains(label))
}

fn check_matching<'a>(binary: &mut BinaryExpr, left: ValueType, right: ValueType) -> Parsed<'a, ()> {
    let fail = |message: String| Err(Failure::at(binary.pos, message));
    let op = binary.op;
    let Some(matching) = &mut binary.matching else { return Ok(()) };
    let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
    if (left, right) != (ValueType::Vector, ValueType::Vector) {
        if !matching.labels.is_empty() {
            return fail("vector matching only allowed between instant vectors".to_owned());
        }
        if fills {
            return fail("filling in missing series only allowed between instant vectors".to_owned());
        }
        if op.is_set() {
            return fail(format!("set operator \"{op}\" not allowed in binary scalar expression"));
        }
        binary.matching = None;
    } else if op.is_set() {
        if matching.card != Cardinality::OneToOne {
            return fail(format!("no grouping allowed for \"{op}\" operation"));
        }
        if fills {
            return fail("filling in missing series not allowed for set operators".to_owned());
        }
        matching.card = Cardinality::ManyToMany;
    }
    Ok(())
}

/// From the operator to the right side, without the spaces around.
fn operator_pos(binary: &BinaryExpr, text: &str) -> PosRange {
    let (start, end) = (binary.lhs.pos().end, binary.rhs.pos().start);
    let between = text.get(start..end).unwrap_or("");
    let from = start + (between.len() - between.trim_start_matches(is_space).len());
    PosRange { start: from, end: (start + between.trim_end_matches(is_space).len()).max(from) }
}

fn check_call<'a>(call: &mut Call, text: &str) -> Parsed<'a, ()> {
    check_arity(call)?;
    if call.function.name == "info"
        && let Some(labels) = call.args.get(1)
    {
        check_info_labels(labels, call.pos)?;
    }
    let name = call.function.name;
    for (at, argument) in call.args.iter_mut().enumerate() {
        let Some(want) = call.function.args.get(at).or(call.function.args.last()) else { break };
        match argument {
            // The selector of info() names labels to join, and may match everything.
            Expr::Vector(selector) if name == "info" && at == 1 => check_selector(selector, false)?,
            _ => expect_type(argument, *want, &format!("call to function \"{name}\""), text)?,
        }
    }
    Ok(())
}

fn check_arity<'a>(call: &Call) -> Parsed<'a, ()> {
    let (declared, got, name) = (call.function.args.len(), call.args.len(), call.function.name);
    let variadic = usize::try_from(call.function.variadic);
    let message = match variadic {
        Ok(0) if got != declared => {
            format!("expected {declared} argument(s) in call to \"{name}\", got {got}")
        }
        Ok(0) => return Ok(()),
        _ if got + 1 < declared => {
            format!("expected at least {} argument(s) in call to \"{name}\", got {got}", declared - 1)
        }
        Ok(more) if got + 1 > declared + more => {
            format!("expected at most {} argument(s) in call to \"{name}\", got {got}", declared + more - 1)
        }
        _ => return Ok(()),
    };
    Err(Failure::at(call.pos, message))
}

fn check_info_labels<'a>(labels: &Expr, call: PosRange) -> Parsed<'a, ()> {
    let got = labels.value_type();
    if got != ValueType::Vector {
        let message = format!("expected type {} in call to function \"info\", got {got}", ValueType::Vector);
        return Err(Failure::at(call, message));
    }
    match labels {
        Expr::Vector(selector) if selector.name.is_empty() => Ok(()),
        Expr::Vector(selector) => {
            Err(Failure::at(selector.pos, "expected label selectors only, got vector selector instead"))
        }
        other => Err(Failure::at(other.pos(), "expected label selectors only")),
    }
}

fn check_selector<'a>(selector: &VectorSelector, must_select: bool) -> Parsed<'a, ()> {
    if !selector.name.is_empty() {
        // The last one is the name's own.
        let others = selector.matchers.split_last().map_or(&[][..], |(_, others)| others);
        return match others.iter().find(|matcher| matcher.name() == "__name__") {
            None => Ok(()),
            Some(second) => {
                let message = format!(
                    "metric name must not be set twice: {} or {}",
                    quote(&selector.name),
                    quote(second.value())
                );
                Err(Failure::at(selector.pos, message))
            }
        };
    }
    // A selector of everything is most likely a mistake.
    if must_select && selector.matchers.iter().all(mneme_model::Matcher::matches_empty) {
        return Err(Failure::at(selector.pos, "vector selector must contain at least one non-empty matcher"));
    }
    Ok(())
}
