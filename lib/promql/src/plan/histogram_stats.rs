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

#[cfg(test)]
mod tests {
    use super::super::sketch::{built, sketch};
    use super::*;

    #[test]
    fn buckets_are_left_out_where_only_counts_and_sums_are_looked_at() {
        for (text, before, after, marked) in [
            ("histogram_count(x)", "histogram_count(x#0)", "histogram_count(stats(x#0))", 1),
            (
                "histogram_avg(sum(rate(x[5m])))",
                "histogram_avg(sum(rate(x#0[300s])))",
                "histogram_avg(sum(rate(stats(x#0)[300s])))",
                1,
            ),
            (
                "histogram_sum(x) / histogram_quantile(0.9, y)",
                "(histogram_sum(x#0) / histogram_quantile(0.9, y#0))",
                "(histogram_sum(stats(x#0)) / histogram_quantile(0.9, y#0))",
                1,
            ),
            ("histogram_sum(x >/ 1)", "histogram_sum((x#0 >/ 1))", "histogram_sum((x#0 >/ 1))", 0),
            (
                "histogram_sum(rate(x[5m:]))",
                "histogram_sum(rate(x#0[300s:]))",
                "histogram_sum(rate(x#0[300s:]))",
                0,
            ),
            ("sum(x)", "sum(x#0)", "sum(x#0)", 0),
        ] {
            let (mut node, _) = built(text);
            assert_eq!(sketch(&node), before, "{text}");
            assert_eq!((run(&mut node), sketch(&node)), (marked, after.to_owned()), "{text}");
        }
    }
}
