//! Durations as numbers of milliseconds, once the query's start, end and step are known.

use crate::ast::{Duration, DurationExpr, DurationOp, PosRange};
use crate::functions::{go_max, go_min};
use crate::{Error, QueryParams};

/// The most seconds that Go's `time.Duration` holds.
const MAX_SECONDS: f64 = 9_223_372_036.854_775;

/// The milliseconds of `duration`; not positive ones only where `negative_too`.
pub(super) fn resolve(duration: &Duration, negative_too: bool, params: &QueryParams) -> Result<i64, Error> {
    let expr = match duration {
        Duration::Literal(ms) => return Ok(*ms),
        Duration::Expr(expr) => expr,
    };
    let seconds = seconds(expr, params)?;
    let refuse = |what: &str| Err(bad(expr.pos(), what));
    if !seconds.is_finite() {
        return refuse("duration is NaN or infinite");
    }
    if seconds <= 0.0 && !negative_too {
        return refuse("duration must be greater than 0");
    }
    if seconds.abs() > MAX_SECONDS {
        return refuse("duration is out of range");
    }
    Ok((seconds * 1000.0) as i64)
}

/// The value of a duration expression in seconds.
pub(super) fn seconds(expr: &DurationExpr, params: &QueryParams) -> Result<f64, Error> {
    let (op, lhs, rhs) = match expr {
        DurationExpr::Number(number) => return Ok(number.value),
        DurationExpr::Op { op, lhs, rhs, .. } => (*op, lhs, rhs),
    };
    let side =
        |side: &Option<Box<DurationExpr>>| side.as_deref().map_or(Ok(0.0), |side| seconds(side, params));
    let (lhs, rhs) = (side(lhs)?, side(rhs)?);
    Ok(match op {
        DurationOp::Add => lhs + rhs,
        DurationOp::Sub => lhs - rhs,
        DurationOp::Mul => lhs * rhs,
        DurationOp::Div if rhs == 0.0 => return Err(bad(expr.pos(), "division by zero")),
        DurationOp::Div => lhs / rhs,
        DurationOp::Mod if rhs == 0.0 => return Err(bad(expr.pos(), "modulo by zero")),
        DurationOp::Mod => lhs % rhs,
        DurationOp::Pow => lhs.powf(rhs),
        DurationOp::Neg => -(lhs + rhs),
        DurationOp::Pos => lhs + rhs,
        DurationOp::MinOf => go_min(lhs, rhs),
        DurationOp::MaxOf => go_max(lhs, rhs),
        DurationOp::Step => params.step_ms as f64 / 1000.0,
        DurationOp::Range => (params.end - params.start) as f64 / 1000.0,
    })
}

fn bad(pos: PosRange, what: &str) -> Error {
    Error::BadQuery(format!("{}:{}: {what}", pos.start, pos.end))
}
