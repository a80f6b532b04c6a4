//! Selectors and what stands behind them.

use std::fmt;

use mneme_model::{MatchOp, Matcher};

use crate::ast::{At, Duration, DurationExpr, DurationOp, MatrixSelector, RangeModifier, VectorSelector};

impl fmt::Display for VectorSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_series(f, self)?;
        write_at(f, self.at)?;
        write_modifier(f, self.modifier)?;
        write_offset(f, &self.offset)
    }
}

impl fmt::Display for MatrixSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_series(f, &self.selector)?;
        write!(f, "[{}]", self.range)?;
        write_modifier(f, self.selector.modifier)?;
        write_at(f, self.selector.at)?;
        write_offset(f, &self.selector.offset)
    }
}

fn write_series(f: &mut fmt::Formatter<'_>, selector: &VectorSelector) -> fmt::Result {
    let is_name = |matcher: &&Matcher| {
        matcher.name() == "__name__"
            && matcher.op() == MatchOp::Equal
            && !matcher.value().is_empty()
            && matcher.value() == selector.name
    };
    let mut conditions: Vec<String> =
        selector.matchers.iter().filter(|matcher| !is_name(matcher)).map(ToString::to_string).collect();
    conditions.sort_unstable();
    f.write_str(&selector.name)?;
    if conditions.is_empty() { Ok(()) } else { write!(f, "{{{}}}", conditions.join(",")) }
}

pub(super) fn write_at(f: &mut fmt::Formatter<'_>, at: Option<At>) -> fmt::Result {
    match at {
        None => Ok(()),
        #[expect(clippy::cast_precision_loss, reason = "as Prometheus prints it")]
        Some(At::Timestamp(ms)) => write!(f, " @ {:.3}", ms as f64 / 1000.0),
        Some(At::Start) => f.write_str(" @ start()"),
        Some(At::End) => f.write_str(" @ end()"),
    }
}

pub(super) fn write_offset(f: &mut fmt::Formatter<'_>, offset: &Duration) -> fmt::Result {
    match offset {
        offset if *offset == Duration::default() => Ok(()),
        Duration::Expr(expr) if would_end_early(expr) => write!(f, " offset ({expr})"),
        offset => write!(f, " offset {offset}"),
    }
}

/// Whether the expression, behind `offset`, would be read back only up to its first operator: arithmetic belongs to an offset
/// only behind a parenthesis or two signs, of which one may be gone. Prometheus prints it all the same: another query.
fn would_end_early(expr: &DurationExpr) -> bool {
    match expr {
        DurationExpr::Op { op: DurationOp::Neg, lhs: Some(operand), wrapped: false, .. } => {
            is_arithmetic(operand)
        }
        expr => is_arithmetic(expr) && !begins_with_parenthesis(expr),
    }
}

/// Two operands with an operator between them, without parentheses around.
fn is_arithmetic(expr: &DurationExpr) -> bool {
    let DurationExpr::Op { op, rhs: Some(_), wrapped: false, .. } = expr else { return false };
    !matches!(op, DurationOp::MinOf | DurationOp::MaxOf)
}

fn begins_with_parenthesis(expr: &DurationExpr) -> bool {
    match expr {
        DurationExpr::Op { wrapped: true, .. } => true,
        DurationExpr::Op { lhs: Some(first), .. } if is_arithmetic(expr) => begins_with_parenthesis(first),
        _ => false,
    }
}

fn write_modifier(f: &mut fmt::Formatter<'_>, modifier: RangeModifier) -> fmt::Result {
    f.write_str(match modifier {
        RangeModifier::None => "",
        RangeModifier::Anchored => " anchored",
        RangeModifier::Smoothed => " smoothed",
    })
}
