//! One plan node per operator of the expression.

use mneme_model::Matcher;
use mneme_model::labels::METRIC_NAME;

use super::duration::{self, resolve};
use super::{
    AggregateNode, BinaryNode, CallNode, Node, RangeCallNode, RangeSource, SelectorNode, SubqueryNode,
};
use crate::ast::{
    AggregateExpr, AggregateOp, At, BinaryExpr, Call, Expr, MatrixSelector, PosRange, RangeModifier,
    SubqueryExpr, VectorSelector,
};
use crate::functions::{self, Function};
use crate::{Error, QueryParams};

/// The functions that take `anchored` ranges, and those that take `smoothed` ones, sorted.
const ANCHORED: [&str; 5] = ["changes", "delta", "increase", "rate", "resets"];
const SMOOTHED: [&str; 3] = ["delta", "increase", "rate"];

pub(super) struct Builder<'a> {
    params: &'a QueryParams,
}

impl<'a> Builder<'a> {
    pub(super) fn new(params: &'a QueryParams) -> Self {
        Self { params }
    }

    pub(super) fn expr(&self, expr: &Expr) -> Result<Node, Error> {
        Ok(match expr {
            Expr::Number(number) => Node::Number(number.value),
            Expr::String(string) => Node::String(string.value.clone()),
            Expr::Paren(paren) => self.expr(&paren.expr)?,
            Expr::Unary(unary) if unary.negative => Node::Negate(Box::new(self.expr(&unary.expr)?)),
            Expr::Unary(unary) => self.expr(&unary.expr)?,
            Expr::Binary(binary) => self.binary(binary)?,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate)?,
            Expr::Call(call) => self.call(call)?,
            Expr::Vector(selector) => Node::Selector(Box::new(self.selector(selector, 0)?)),
            Expr::Matrix(matrix) => Node::Matrix(Box::new(RangeSource::Selector(self.matrix(matrix)?))),
            Expr::Subquery(subquery) => Node::Matrix(Box::new(self.subquery(subquery)?)),
            Expr::Duration(expr) => Node::Number(duration::seconds(expr, self.params)?),
        })
    }

    fn binary(&self, binary: &BinaryExpr) -> Result<Node, Error> {
        Ok(Node::Binary(Box::new(BinaryNode {
            op: binary.op,
            lhs: self.expr(&binary.lhs)?,
            rhs: self.expr(&binary.rhs)?,
            matching: binary.matching.clone(),
            return_bool: binary.return_bool,
            pos: binary.pos,
        })))
    }

    fn aggregate(&self, aggregate: &AggregateExpr) -> Result<Node, Error> {
        if let (AggregateOp::CountValues, Some(param)) = (aggregate.op, &aggregate.param) {
            check_label_name(param, "invalid label name ", true)?;
        }
        let mut grouping = aggregate.grouping.clone();
        grouping.sort_unstable();
        grouping.dedup();
        Ok(Node::Aggregate(Box::new(AggregateNode {
            op: aggregate.op,
            input: self.expr(&aggregate.expr)?,
            param: aggregate.param.as_ref().map(|param| self.expr(param)).transpose()?,
            grouping,
            without: aggregate.without,
            pos: aggregate.pos,
            input_pos: aggregate.expr.unparen().pos(),
            param_pos: aggregate.param.as_ref().map(|param| param.unparen().pos()).unwrap_or_default(),
        })))
    }

    fn call(&self, call: &Call) -> Result<Node, Error> {
        let name = call.function.name;
        let seconds = |ms: i64| Ok(Node::Number(ms as f64 / 1000.0));
        match name {
            "start" => return seconds(self.params.start),
            "end" => return seconds(self.params.end),
            "range" => return seconds(self.params.end - self.params.start),
            "step" => {
                return seconds(if self.params.start == self.params.end { 0 } else { self.params.step_ms });
            }
            _ => {}
        }
        let arg_pos: Vec<PosRange> = call.args.iter().map(|arg| arg.unparen().pos()).collect();
        let is_range = |arg: &Expr| matches!(arg.unparen(), Expr::Matrix(_) | Expr::Subquery(_));
        if let Some(range_arg) = call.args.iter().position(is_range) {
            return self.range_call(call, range_arg, arg_pos);
        }
        check_label_arguments(call)?;
        let function = functions::function(name)
            .ok_or_else(|| Error::BadQuery(format!("unknown function with name {name:?}")))?;
        let mut args = call.args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>, _>>()?;
        if matches!(function, Function::Info) && args.len() == 1 {
            args.push(target_info(call.pos));
        }
        // Only a selector itself knows its samples' times.
        let function = match (function, args.first()) {
            (Function::Timestamp, Some(Node::Selector(_))) => Function::TimestampOfSelector,
            (Function::StartTimestamp, Some(Node::Selector(_))) => Function::StartTimestampOfSelector,
            (function, _) => function,
        };
        Ok(Node::Call(Box::new(CallNode { name, function, args, arg_pos, pos: call.pos })))
    }

    fn range_call(&self, call: &Call, range_arg: usize, arg_pos: Vec<PosRange>) -> Result<Node, Error> {
        let name = call.function.name;
        // The engine answers `absent_over_time` itself: it is about all series together.
        let function = functions::range_function(name).filter(|_| name != "absent_over_time");
        if function.is_none() && name != "absent_over_time" {
            return Err(Error::BadQuery(format!("unknown function with name {name:?}")));
        }
        let source = match call.args[range_arg].unparen() {
            Expr::Subquery(subquery) => self.subquery(subquery)?,
            Expr::Matrix(matrix) => RangeSource::Selector(self.matrix(matrix)?),
            _ => {
                return Err(Error::BadQuery(format!(
                    "expected type range vector in call to function {name:?}"
                )));
            }
        };
        if let RangeSource::Selector(selector) = &source {
            check_modifier(selector.modifier, name)?;
        }
        let others = call.args.iter().enumerate().filter(|(i, _)| *i != range_arg);
        let scalars = others.map(|(_, arg)| self.expr(arg)).collect::<Result<Vec<_>, _>>()?;
        Ok(Node::RangeCall(Box::new(RangeCallNode {
            name,
            function,
            source,
            scalars,
            arg_pos,
            name_is_ignored: false,
        })))
    }

    fn selector(&self, selector: &VectorSelector, range_ms: i64) -> Result<SelectorNode, Error> {
        Ok(SelectorNode {
            select: 0,
            matchers: selector.matchers.clone(),
            at: self.at(selector.at),
            offset_ms: resolve(&selector.offset, true, self.params)?,
            range_ms,
            modifier: selector.modifier,
            labels: None,
            stats_only: false,
            pos: selector.pos,
        })
    }

    fn matrix(&self, matrix: &MatrixSelector) -> Result<SelectorNode, Error> {
        self.selector(&matrix.selector, resolve(&matrix.range, false, self.params)?)
    }

    fn subquery(&self, subquery: &SubqueryExpr) -> Result<RangeSource, Error> {
        let step_ms = subquery.step.as_ref().map_or(Ok(0), |step| resolve(step, false, self.params))?;
        Ok(RangeSource::Subquery(Box::new(SubqueryNode {
            expr: self.expr(&subquery.expr)?,
            range_ms: resolve(&subquery.range, false, self.params)?,
            step_ms: if step_ms > 0 { step_ms } else { self.params.default_subquery_step_ms.max(1) },
            at: self.at(subquery.at),
            offset_ms: resolve(&subquery.offset, true, self.params)?,
        })))
    }

    fn at(&self, at: Option<At>) -> Option<i64> {
        at.map(|at| match at {
            At::Timestamp(t) => t,
            At::Start => self.params.start,
            At::End => self.params.end,
        })
    }
}

/// The texts that name labels must be able to.
fn check_label_arguments(call: &Call) -> Result<(), Error> {
    let name = call.function.name;
    if name == "label_join" {
        let what = format!("invalid source label name in {name}(): ");
        call.args.iter().skip(3).try_for_each(|arg| check_label_name(arg, &what, false))?;
    }
    match call.args.get(1) {
        Some(target) if matches!(name, "label_replace" | "label_join") => {
            check_label_name(target, &format!("invalid destination label name in {name}(): "), false)
        }
        _ => Ok(()),
    }
}

/// Refuses a text that is empty or no UTF-8; `quoted`: the error quotes it.
fn check_label_name(expr: &Expr, what: &str, quoted: bool) -> Result<(), Error> {
    match expr.unparen() {
        Expr::String(text) if text.value.is_empty() || text.invalid_utf8.is_some() => {
            let shown = if quoted { expr.to_string() } else { text.value.clone() };
            Err(Error::Execution(format!("{what}{shown}")))
        }
        _ => Ok(()),
    }
}

/// What `info(v)` without a second argument joins with.
fn target_info(pos: PosRange) -> Node {
    Node::Selector(Box::new(SelectorNode {
        select: 0,
        matchers: vec![Matcher::equal(METRIC_NAME, "target_info")],
        at: None,
        offset_ms: 0,
        range_ms: 0,
        modifier: RangeModifier::None,
        labels: None,
        stats_only: false,
        pos,
    }))
}

fn check_modifier(modifier: RangeModifier, name: &str) -> Result<(), Error> {
    let (word, allowed): (_, &[&str]) = match modifier {
        RangeModifier::None => return Ok(()),
        RangeModifier::Anchored => ("anchored", &ANCHORED),
        RangeModifier::Smoothed => ("smoothed", &SMOOTHED),
    };
    if allowed.contains(&name) {
        return Ok(());
    }
    Err(Error::Execution(format!(
        "{word} modifier can only be used with: {} - not with {name}",
        allowed.join(", ")
    )))
}
