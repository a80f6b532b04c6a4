//! Another way to ask the same: with every selector pinned by `@` to the evaluation time, a query has one answer at any time.

use mneme_promql::ast::{At, Expr};
use mneme_promql::{Features, parse};

/// Functions whose result depends on the evaluation time itself.
const TIME_DEPENDENT: [&str; 15] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "end",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
];

/// The pinned query and the times to ask it at; nothing where the answer depends on the evaluation time all the same.
pub(crate) fn cases(query: &str, t: i64) -> Option<(String, Vec<i64>)> {
    let mut expr = parse(query, &Features::all()).ok()?;
    if !pin(&mut expr, t) {
        return None;
    }
    let times = if t == 0 { vec![-1000, 0, 1000] } else { vec![-10 * t, 0, t / 5, t, 10 * t] };
    Some((expr.to_string(), times))
}

/// Pins what is not pinned; false if a function depends on the evaluation time.
fn pin(expr: &mut Expr, t: i64) -> bool {
    let now = Some(At::Timestamp(t));
    match expr {
        Expr::Number(_) | Expr::String(_) | Expr::Duration(_) => true,
        Expr::Paren(paren) => pin(&mut paren.expr, t),
        Expr::Unary(unary) => pin(&mut unary.expr, t),
        Expr::Binary(binary) => pin(&mut binary.lhs, t) & pin(&mut binary.rhs, t),
        Expr::Aggregate(aggregate) => {
            aggregate.param.as_mut().is_none_or(|param| pin(param, t)) & pin(&mut aggregate.expr, t)
        }
        Expr::Call(call) => {
            let inside = call.args.iter_mut().fold(true, |all, arg| pin(arg, t) & all);
            inside && !TIME_DEPENDENT.contains(&call.function.name)
        }
        Expr::Vector(selector) => {
            selector.at = selector.at.or(now);
            true
        }
        Expr::Matrix(matrix) => {
            matrix.selector.at = matrix.selector.at.or(now);
            true
        }
        // What is inside a subquery moves with the subquery.
        Expr::Subquery(subquery) => {
            subquery.at = subquery.at.or(now);
            !depends_on_time(&subquery.expr)
        }
    }
}

fn depends_on_time(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| {
        found |= matches!(expr, Expr::Call(call) if TIME_DEPENDENT.contains(&call.function.name));
    });
    found
}
