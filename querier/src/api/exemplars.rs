//! `/query_exemplars`: exemplars of the series that a query's selectors match.

use std::collections::BTreeMap;

use mneme_model::{Exemplar, Labels, Matcher};
use mneme_promql::ast::Expr;
use mneme_proto::internal::ingester::SeriesExemplars;

use super::dispatch::Call;
use super::form::Form;
use super::reply::Reply;
use super::{Error, params};
use crate::json::ExemplarPieces;
use crate::source::Question;

/// Answers with series in order, each once, its exemplars ascending in time.
pub(super) async fn exemplars(call: &Call, form: &Form) -> Result<Reply, Error> {
    let range = params::range(form)?;
    if range.end < range.start {
        return Err(Error::bad_data("end timestamp must not be before start timestamp"));
    }
    let text = form.get("query");
    call.limits.check_text(text)?;
    let expr = mneme_promql::parse(text, &call.limits.features)
        .map_err(|error| Error::bad_data(error.to_string()))?;
    let mut selectors = Vec::new();
    collect(&expr, &mut selectors);
    if selectors.is_empty() {
        return Ok(Reply::empty());
    }
    let start = range.start.max(call.limits.floor(call.now));
    let mut found = BTreeMap::<Labels, Vec<Exemplar>>::new();
    for matchers in selectors {
        let series = call.source.exemplars(&Question::new(matchers, start, range.end)).await?;
        found.extend(series.into_iter().map(|one| (one.labels, one.exemplars)));
    }
    let series = found.into_iter().filter(|(_, exemplars)| !exemplars.is_empty());
    Ok(Reply::new(ExemplarPieces::new(
        series.map(|(labels, exemplars)| SeriesExemplars { labels, exemplars }).collect(),
    )))
}

/// Every different selector of an expression.
fn collect(expr: &Expr, found: &mut Vec<Vec<Matcher>>) {
    match expr {
        Expr::Number(_) | Expr::String(_) | Expr::Duration(_) => {}
        Expr::Paren(paren) => collect(&paren.expr, found),
        Expr::Unary(unary) => collect(&unary.expr, found),
        Expr::Binary(binary) => {
            collect(&binary.lhs, found);
            collect(&binary.rhs, found);
        }
        Expr::Aggregate(aggregate) => {
            collect(&aggregate.expr, found);
            if let Some(param) = &aggregate.param {
                collect(param, found);
            }
        }
        Expr::Call(call) => call.args.iter().for_each(|arg| collect(arg, found)),
        Expr::Vector(selector) => add(&selector.matchers, found),
        Expr::Matrix(matrix) => add(&matrix.selector.matchers, found),
        Expr::Subquery(subquery) => collect(&subquery.expr, found),
    }
}

fn add(matchers: &[Matcher], found: &mut Vec<Vec<Matcher>>) {
    if !found.iter().any(|have| have == matchers) {
        found.push(matchers.to_vec());
    }
}
