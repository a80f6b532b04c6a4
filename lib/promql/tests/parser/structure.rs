//! Which operator owns what, and what the type check settles.

use mneme_promql::ast::{At, BinaryOp, Cardinality, Duration, Expr, PosRange, ValueType};
use mneme_promql::{Features, LineColumn, parse};

fn parsed(text: &str) -> Expr {
    parse(text, &Features::all()).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The expression with parentheses around every operation.
fn grouped(expr: &Expr) -> String {
    match expr {
        Expr::Binary(binary) => format!("({} {} {})", grouped(&binary.lhs), binary.op, grouped(&binary.rhs)),
        Expr::Unary(unary) => format!("({}{})", if unary.negative { "-" } else { "+" }, grouped(&unary.expr)),
        other => other.to_string(),
    }
}

#[test]
fn precedence_is_upstreams() {
    for (text, expected) in [
        ("-1^2", "(-(1 ^ 2))"),
        ("-1*2", "(-1 * 2)"),
        ("2^3^2", "(2 ^ (3 ^ 2))"),
        ("2 ^ -3 * 4", "((2 ^ -3) * 4)"),
        ("-a ^ -b + c", "((-(a ^ (-b))) + c)"),
        ("a + b * c == d and e unless f or g", "(((((a + (b * c)) == d) and e) unless f) or g)"),
        ("a or b and c", "(a or (b and c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a atan2 b * c", "((a atan2 b) * c)"),
        ("a > b </ 1", "((a > b) </ 1)"),
        ("-a offset 5m + b @ 3", "((-a offset 5m) + b @ 3.000)"),
        ("a offset -2^2", "(a offset -2s ^ 2)"),
    ] {
        assert_eq!(grouped(&parsed(text)), expected, "{text}");
    }
}

#[test]
fn matching_stays_only_between_vectors() {
    let matching = |text: &str| match parsed(text) {
        Expr::Binary(binary) => binary.matching.map(|matching| matching.card),
        other => panic!("{other}"),
    };
    assert_eq!(matching("a + 1"), None);
    assert_eq!(matching("1 + 1"), None);
    assert_eq!(matching("a + b"), Some(Cardinality::OneToOne));
    assert_eq!(matching("a and b"), Some(Cardinality::ManyToMany));
    assert_eq!(matching("a * on (x) group_right (y) b"), Some(Cardinality::OneToMany));
}

#[test]
fn types_and_places_are_known() {
    assert_eq!(parsed("1 + 2").value_type(), ValueType::Scalar);
    assert_eq!(parsed("(1 + a)").value_type(), ValueType::Vector);
    assert_eq!(parsed("a[5m:]").value_type(), ValueType::Matrix);
    assert_eq!(parsed("'x'").value_type(), ValueType::String);
    let text = " sum(rate(a[5m] offset 1m)) by (x) ";
    let Expr::Aggregate(sum) = parsed(text) else { panic!() };
    assert_eq!(sum.pos, PosRange { start: 1, end: text.len() - 1 });
    let Expr::Call(rate) = &sum.expr else { panic!() };
    assert_eq!(&text[rate.args[0].pos().start..rate.args[0].pos().end], "a[5m] offset 1m");
    assert_eq!(LineColumn::of("a\nbc", 3), Some(LineColumn { line: 2, column: 2 }));
}

#[test]
fn times_are_milliseconds() {
    let Expr::Matrix(matrix) = parsed("a[1h30m] @ -1.5 offset -3600") else { panic!() };
    assert_eq!(matrix.range, Duration::Literal(5_400_000));
    assert_eq!(matrix.selector.offset, Duration::Literal(-3_600_000));
    assert_eq!(matrix.selector.at, Some(At::Timestamp(-1500)));
}

#[test]
fn walking_sees_every_node() {
    let mut operators = Vec::new();
    parsed("sum(a + b) * topk(2, -c - (d / e))").walk(&mut |expr| {
        if let Expr::Binary(binary) = expr {
            operators.push(binary.op);
        }
    });
    assert_eq!(operators, [BinaryOp::Mul, BinaryOp::Add, BinaryOp::Sub, BinaryOp::Div]);
}

#[test]
fn a_value_that_is_no_utf8_is_never_equal_to_any() {
    let matches = |text: &str, value: &str| {
        let Expr::Vector(selector) = parsed(text) else { panic!("a selector") };
        selector.matchers.iter().find(|matcher| matcher.name() == "f").expect("the matcher").matches(value)
    };
    for value in ["", "a", "\u{fffd}", "\n"] {
        assert!(!matches(r#"x{f="\333"}"#, value), "{value:?}");
        assert!(matches(r#"x{f!="\333"}"#, value), "{value:?}");
    }
    assert!(matches("x{f=\"\u{e9}\"}", "\u{e9}"));
}
