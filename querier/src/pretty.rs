//! Queries on several lines, as Prometheus's `/format_query` writes those that are too long for one (3.14 `promql/parser/prettier.go`).

use mneme_promql::ast::{Expr, SubqueryExpr};

/// Longer texts (in bytes) are broken.
const MAX_LINE: usize = 100;

/// The query, broken where a part is too long for a line.
pub(crate) fn pretty(expr: &Expr) -> String {
    let mut out = String::new();
    write(&mut out, expr, 0);
    out
}

fn write(out: &mut String, expr: &Expr, level: usize) {
    let line = expr.to_string();
    match expr {
        Expr::Subquery(subquery) if line.len() > MAX_LINE => {
            write(out, &subquery.expr, level);
            out.push_str(&suffix(subquery));
        }
        // The reference forgets to indent a subquery that fits.
        Expr::Subquery(_) => out.push_str(&line),
        Expr::Unary(unary) => {
            let mut operand = String::new();
            write(&mut operand, &unary.expr, level);
            indent(out, level);
            out.push(if unary.negative { '-' } else { '+' });
            out.push_str(operand.trim());
        }
        Expr::Duration(_) => out.push_str(&line),
        _ if line.len() <= MAX_LINE => {
            indent(out, level);
            out.push_str(&line);
        }
        Expr::Binary(binary) => {
            write(out, &binary.lhs, level + 1);
            out.push('\n');
            indent(out, level);
            out.push_str(&operator(&line, &binary.lhs, &binary.rhs));
            out.push('\n');
            write(out, &binary.rhs, level + 1);
        }
        Expr::Aggregate(aggregate) => {
            let inner = match &aggregate.param {
                Some(param) => format!("({param}, {})", aggregate.expr),
                None => format!("({})", aggregate.expr),
            };
            let head = line.strip_suffix(&inner).unwrap_or(&line);
            let arguments = aggregate.param.iter().chain([&aggregate.expr]);
            write_enclosed(out, head, arguments, level);
        }
        Expr::Call(call) => write_enclosed(out, call.function.name, &call.args, level),
        Expr::Paren(paren) => write_enclosed(out, "", [&*paren.expr], level),
        Expr::Number(_) | Expr::String(_) | Expr::Vector(_) | Expr::Matrix(_) => {
            indent(out, level);
            out.push_str(&line);
        }
    }
}

/// `head(`, each argument on lines of its own, `)`.
fn write_enclosed<'e>(
    out: &mut String,
    head: &str,
    arguments: impl IntoIterator<Item = &'e Expr>,
    level: usize,
) {
    indent(out, level);
    out.push_str(head);
    out.push_str("(\n");
    for (at, argument) in arguments.into_iter().enumerate() {
        if at > 0 {
            out.push_str(",\n");
        }
        write(out, argument, level + 1);
    }
    out.push('\n');
    indent(out, level);
    out.push(')');
}

/// What stands between the two sides: operator, `bool`, matching.
fn operator(line: &str, left: &Expr, right: &Expr) -> String {
    let (left, right) = (left.to_string(), right.to_string());
    line.get(left.len()..line.len().saturating_sub(right.len())).unwrap_or("").trim().to_owned()
}

/// `[range:step] @ .. offset ..`.
fn suffix(subquery: &SubqueryExpr) -> String {
    let whole = Expr::Subquery(Box::new(subquery.clone())).to_string();
    whole.get(subquery.expr.to_string().len()..).unwrap_or("").to_owned()
}

fn indent(out: &mut String, level: usize) {
    out.extend(std::iter::repeat_n("  ", level));
}

#[cfg(test)]
mod tests {
    use mneme_promql::{Features, parse};

    use super::*;

    fn formatted(query: &str) -> String {
        pretty(&parse(query, &Features::default()).unwrap())
    }

    #[test]
    fn short_queries_stay_on_one_line() {
        assert_eq!(formatted("sum(rate(up[5m]))by(job)"), "sum by (job) (rate(up[5m]))");
        assert_eq!(formatted("-up"), "-up");
    }

    #[test]
    fn long_queries_are_broken_from_the_outside_in() {
        let long = "a".repeat(50);
        let query = format!(
            "sum by (job, instance) (rate({long}{{job=\"x\"}}[5m])) / on (job) group_left () topk(5, {long})"
        );
        let expected = format!(
            "  sum by (job, instance) (rate({long}{{job=\"x\"}}[5m]))\n/ on (job) group_left ()\n  topk(5, {long})"
        );
        assert_eq!(formatted(&query), expected);
        let longer = "b".repeat(101);
        assert_eq!(formatted(&format!("topk(5, {longer})")), format!("topk(\n  5,\n  {longer}\n)"));
        assert_eq!(formatted(&format!("-(({longer}))")), format!("-(\n  (\n    {longer}\n  )\n)"));
        assert_eq!(
            formatted(&format!("max_over_time(rate({longer}[5m])[1h:] offset 1m)")),
            format!("max_over_time(\n  rate(\n    {longer}[5m]\n  )[1h:] offset 1m\n)")
        );
    }
}
