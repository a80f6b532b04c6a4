//! A parsed query as `/parse_query` shows it (Prometheus 3.14 `web/api/v1/translate_ast.go`): members sorted by name.

use mneme_model::{MatchOp, Matcher};
use mneme_promql::ast::{
    AggregateExpr, At, BinaryExpr, Call, Cardinality, Duration, DurationExpr, Expr, MatrixSelector,
    NumberLiteral, RangeModifier, SubqueryExpr, VectorMatching, VectorSelector,
};
use mneme_promql::format::go_f;

use super::{Object, push_text};

/// Appends one node with all below it.
pub(crate) fn push_ast(out: &mut Vec<u8>, expr: &Expr) {
    match expr {
        Expr::Number(number) => push_number(out, number),
        Expr::String(string) => push_literal(out, "stringLiteral", &string.value),
        Expr::Paren(paren) => {
            let mut object = Object::begin(out);
            object.member("expr", |out| push_ast(out, &paren.expr)).text("type", "parenExpr");
            object.end();
        }
        Expr::Unary(unary) => {
            let mut object = Object::begin(out);
            object
                .member("expr", |out| push_ast(out, &unary.expr))
                .text("op", if unary.negative { "-" } else { "+" })
                .text("type", "unaryExpr");
            object.end();
        }
        Expr::Binary(binary) => push_binary(out, binary),
        Expr::Aggregate(aggregate) => push_aggregate(out, aggregate),
        Expr::Call(call) => push_call(out, call),
        Expr::Vector(selector) => push_vector(out, selector),
        Expr::Matrix(matrix) => push_matrix(out, matrix),
        Expr::Subquery(subquery) => push_subquery(out, subquery),
        Expr::Duration(duration) => push_duration(out, duration),
    }
}

fn push_literal(out: &mut Vec<u8>, kind: &str, value: &str) {
    let mut object = Object::begin(out);
    object.text("type", kind).text("val", value);
    object.end();
}

fn push_number(out: &mut Vec<u8>, number: &NumberLiteral) {
    push_literal(out, "numberLiteral", &go_f(number.value));
}

fn push_binary(out: &mut Vec<u8>, binary: &BinaryExpr) {
    let mut object = Object::begin(out);
    object
        .bool("bool", binary.return_bool)
        .member("lhs", |out| push_ast(out, &binary.lhs))
        .member("matching", |out| push_or_null(out, binary.matching.as_ref(), push_matching))
        .text("op", binary.op.name())
        .member("rhs", |out| push_ast(out, &binary.rhs))
        .text("type", "binaryExpr");
    object.end();
}

fn push_matching(out: &mut Vec<u8>, matching: &VectorMatching) {
    let card = match matching.card {
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::ManyToMany => "many-to-many",
    };
    let fill = |out: &mut Vec<u8>| {
        let mut object = Object::begin(out);
        for (name, value) in [("lhs", matching.fill_left), ("rhs", matching.fill_right)] {
            object.raw(name, &value.map_or_else(|| "null".to_owned(), go_f));
        }
        object.end();
    };
    let mut object = Object::begin(out);
    object
        .text("card", card)
        .member("fillValues", fill)
        .array("include", &matching.include, |out, label| push_text(out, label))
        .array("labels", &matching.labels, |out, label| push_text(out, label))
        .bool("on", matching.on);
    object.end();
}

fn push_aggregate(out: &mut Vec<u8>, aggregate: &AggregateExpr) {
    let mut object = Object::begin(out);
    object
        .member("expr", |out| push_ast(out, &aggregate.expr))
        .array("grouping", &aggregate.grouping, |out, label| push_text(out, label))
        .text("op", aggregate.op.name())
        .member("param", |out| push_or_null(out, aggregate.param.as_ref(), push_ast))
        .text("type", "aggregation")
        .bool("without", aggregate.without);
    object.end();
}

fn push_call(out: &mut Vec<u8>, call: &Call) {
    let function = |out: &mut Vec<u8>| {
        let mut object = Object::begin(out);
        object
            .array("argTypes", call.function.args, |out, kind| push_text(out, kind.api_name()))
            .text("name", call.function.name)
            .text("returnType", call.function.returns.api_name())
            .integer("variadic", call.function.variadic);
        object.end();
    };
    let mut object = Object::begin(out);
    object.array("args", &call.args, push_ast).member("func", function).text("type", "call");
    object.end();
}

fn push_vector(out: &mut Vec<u8>, selector: &VectorSelector) {
    let mut object = Object::begin(out);
    selector_head(&mut object, selector);
    selector_tail(&mut object, selector).text("type", "vectorSelector");
    object.end();
}

fn push_matrix(out: &mut Vec<u8>, matrix: &MatrixSelector) {
    let mut object = Object::begin(out);
    selector_head(&mut object, &matrix.selector);
    duration(&mut object, "range", Some(&matrix.range));
    selector_tail(&mut object, &matrix.selector).text("type", "matrixSelector");
    object.end();
}

/// The members before `range`.
fn selector_head(object: &mut Object<'_>, selector: &VectorSelector) {
    object
        .bool("anchored", selector.modifier == RangeModifier::Anchored)
        .array("matchers", &selector.matchers, push_matcher)
        .text("name", &selector.name);
    duration(object, "offset", Some(&selector.offset));
}

/// The members behind `range`.
fn selector_tail<'o, 'a>(object: &'o mut Object<'a>, selector: &VectorSelector) -> &'o mut Object<'a> {
    object.bool("smoothed", selector.modifier == RangeModifier::Smoothed);
    at(object, selector.at, |_| {})
}

fn push_subquery(out: &mut Vec<u8>, subquery: &SubqueryExpr) {
    let mut object = Object::begin(out);
    object.member("expr", |out| push_ast(out, &subquery.expr));
    duration(&mut object, "offset", Some(&subquery.offset));
    duration(&mut object, "range", Some(&subquery.range));
    at(&mut object, subquery.at, |object| duration(object, "step", subquery.step.as_ref()))
        .text("type", "subquery");
    object.end();
}

fn push_matcher(out: &mut Vec<u8>, matcher: &Matcher) {
    let op = match matcher.op() {
        MatchOp::Equal => "=",
        MatchOp::NotEqual => "!=",
        MatchOp::Regex => "=~",
        MatchOp::NotRegex => "!~",
    };
    let mut object = Object::begin(out);
    object.text("name", matcher.name()).text("type", op).text("value", matcher.value());
    object.end();
}

/// `name` in milliseconds (0 for an expression) and `nameExpr`.
fn duration(object: &mut Object<'_>, name: &str, value: Option<&Duration>) {
    let (ms, expr) = match value {
        None => (0, None),
        Some(Duration::Literal(ms)) => (*ms, None),
        Some(Duration::Expr(expr)) => (0, Some(&**expr)),
    };
    object.integer(name, ms).member(&format!("{name}Expr"), |out| push_or_null(out, expr, push_duration));
}

/// `startOrEnd` and `timestamp`, with what stands between them by name.
fn at<'o, 'a>(
    object: &'o mut Object<'a>,
    at: Option<At>,
    between: impl FnOnce(&mut Object<'a>),
) -> &'o mut Object<'a> {
    let edge = match at {
        Some(At::Start) => "\"start\"",
        Some(At::End) => "\"end\"",
        Some(At::Timestamp(_)) | None => "null",
    };
    object.raw("startOrEnd", edge);
    between(object);
    match at {
        Some(At::Timestamp(ms)) => object.integer("timestamp", ms),
        _ => object.raw("timestamp", "null"),
    }
}

/// A sign is an operator without a left side, as in the reference.
fn push_duration(out: &mut Vec<u8>, expr: &DurationExpr) {
    use mneme_promql::ast::DurationOp::{Neg, Pos};
    let mut object = Object::begin(out);
    match expr {
        DurationExpr::Number(number) => {
            object
                .bool("duration", number.is_duration)
                .text("type", "numberLiteral")
                .text("val", &go_f(number.value));
        }
        DurationExpr::Op { op, lhs, rhs, wrapped, .. } => {
            let (left, right) = match op {
                Neg | Pos => (rhs, lhs),
                _ => (lhs, rhs),
            };
            object
                .member("lhs", |out| push_or_null(out, left.as_deref(), push_duration))
                .text("op", op.name())
                .member("rhs", |out| push_or_null(out, right.as_deref(), push_duration))
                .text("type", "durationExpr")
                .bool("wrapped", *wrapped);
        }
    }
    object.end();
}

fn push_or_null<T>(out: &mut Vec<u8>, value: Option<&T>, push: impl FnOnce(&mut Vec<u8>, &T)) {
    match value {
        Some(value) => push(out, value),
        None => out.extend_from_slice(b"null"),
    }
}
