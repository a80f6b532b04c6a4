//! Aggregations over series. What folds values (`sum`, `avg`, `count` ..) holds groups only; what picks series or needs all values at a
//! step (`topk`, `quantile`, `count_values` ..) collects its input.

mod average;
mod cell;
mod count_values;
mod floats;
mod fold;
mod grouping;
mod limit;
mod parameter;
mod quantile;
mod top;

use super::{Context, Sink, Steps};
use crate::Error;
use crate::ast::AggregateOp;
use crate::plan::AggregateNode;

/// Hands the groups' (or picked series') results to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    node: &AggregateNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    match node.op {
        AggregateOp::TopK | AggregateOp::BottomK => top::each(cx, node, steps, sink),
        AggregateOp::LimitK | AggregateOp::LimitRatio => limit::each(cx, node, steps, sink),
        AggregateOp::Quantile => quantile::each(cx, node, steps, sink),
        AggregateOp::CountValues => count_values::each(cx, node, steps, sink),
        _ => fold::each(cx, node, steps, sink),
    }
}
