//! Durations: literals in Prometheus's units, expressions as they were written.

use std::fmt;

use mneme_model::duration;

use crate::ast::{Duration, DurationExpr, DurationOp};

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(ms) => f.write_str(&duration::format_ms(*ms)),
            Self::Expr(expr) => expr.fmt(f),
        }
    }
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Op { op, lhs, rhs, wrapped, .. } => {
                if *wrapped {
                    f.write_str("(")?;
                }
                write_operation(f, *op, lhs.as_deref(), rhs.as_deref())?;
                if *wrapped {
                    f.write_str(")")?;
                }
                Ok(())
            }
        }
    }
}

fn write_operation(
    f: &mut fmt::Formatter<'_>,
    op: DurationOp,
    left: Option<&DurationExpr>,
    right: Option<&DurationExpr>,
) -> fmt::Result {
    let name = op.name();
    match (op, left, right) {
        (DurationOp::MinOf | DurationOp::MaxOf, Some(left), Some(right)) => {
            write!(f, "{name}({left}, {right})")
        }
        (_, Some(left), Some(right)) => write!(f, "{left} {name} {right}"),
        (DurationOp::Pos, Some(operand), None) => write!(f, "{operand}"),
        (_, Some(operand), None) => write!(f, "{name}{operand}"),
        (_, None, _) => write!(f, "{name}()"),
    }
}
