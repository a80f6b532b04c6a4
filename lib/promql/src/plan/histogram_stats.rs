//! Pass: finds the selectors whose histograms only matter by count and sum, so that their buckets need not be carried around.

use super::{Node, RangeSource};
use crate::ast::BinaryOp;

/// Marks the selectors of `root`; tells how many.
pub(super) fn run(root: &mut Node) -> usize {
    mark(root, Around { stats: false, buckets: false });
    root.count(&|node| match node {
        Node::Selector(selector) => selector.stats_only,
        Node::RangeCall(call) => is_marked(&call.source),
        Node::Matrix(source) => is_marked(source),
        _ => false,
    })
}

fn is_marked(source: &RangeSource) -> bool {
    matches!(source, RangeSource::Selector(selector) if selector.stats_only)
}

/// What stands around a part of the plan.
#[derive(Clone, Copy)]
struct Around {
    /// A function of count and sum.
    stats: bool,
    /// Something that needs buckets: quantiles, trimming, or the reset detection of a subquery's result.
    buckets: bool,
}

fn mark(node: &mut Node, around: Around) {
    let with_buckets = Around { buckets: true, ..around };
    let inside = match node {
        Node::Selector(selector) => {
            selector.stats_only = around.stats && !around.buckets;
            return;
        }
        Node::Call(call) => match call.name {
            "histogram_count" | "histogram_sum" | "histogram_avg" => Around { stats: true, ..around },
            "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => with_buckets,
            _ => around,
        },
        Node::Binary(binary) if matches!(binary.op, BinaryOp::TrimLower | BinaryOp::TrimUpper) => {
            with_buckets
        }
        Node::RangeCall(call) => {
            mark_source(&mut call.source, around);
            call.scalars.iter_mut().for_each(|scalar| mark(scalar, around));
            return;
        }
        Node::Matrix(source) => {
            mark_source(source, around);
            return;
        }
        _ => around,
    };
    node.children_mut().into_iter().for_each(|child| mark(child, inside));
}

fn mark_source(source: &mut RangeSource, around: Around) {
    match source {
        RangeSource::Selector(selector) => selector.stats_only = around.stats && !around.buckets,
        RangeSource::Subquery(subquery) => mark(&mut subquery.expr, Around { buckets: true, ..around }),
    }
}
