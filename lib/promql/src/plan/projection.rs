//! Pass: finds out which labels a selector's consumers look at, so that the others need be neither fetched nor built.

use mneme_model::labels::METRIC_NAME;

use super::{Node, RangeSource, SelectorNode, unique_without_name};
use crate::Features;
use crate::ast::AggregateOp;
use crate::functions::Function;

/// Marks the selectors and range functions of `root`; tells how many selectors need only some labels.
pub(super) fn run(root: &mut Node, features: Features) -> usize {
    let mut pass = Pass { features, projected: 0 };
    pass.node(root, None);
    pass.projected
}

struct Pass {
    features: Features,
    projected: usize,
}

impl Pass {
    /// `needed`: the only labels of the node's output that are looked at, sorted; `None` = all.
    fn node(&mut self, node: &mut Node, needed: Option<&[String]>) {
        match node {
            Node::Selector(selector) => self.selector(selector, needed),
            Node::StepInvariant(inner) => self.node(inner, needed),
            Node::Aggregate(aggregate) => {
                if let Some(param) = &mut aggregate.param {
                    self.node(param, None);
                }
                let picks_series = matches!(
                    aggregate.op,
                    AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio
                );
                let grouping = aggregate.grouping.as_slice();
                let inside = (!picks_series && !aggregate.without).then_some(grouping);
                self.node(&mut aggregate.input, inside);
            }
            Node::Negate(inner) => {
                let needed = needed.filter(|_| unique_without_name(self.features, inner));
                self.node(inner, needed);
            }
            Node::Call(call) if matches!(call.function, Function::Float(_) | Function::OfHistogram(_)) => {
                let mut args = call.args.iter_mut();
                if let Some(vector) = args.next() {
                    let needed = needed.filter(|_| unique_without_name(self.features, vector));
                    self.node(vector, needed);
                }
                args.for_each(|arg| self.node(arg, None));
            }
            Node::RangeCall(call) => {
                call.scalars.iter_mut().for_each(|scalar| self.node(scalar, None));
                let is_metadata =
                    |label: &String| matches!(label.as_str(), METRIC_NAME | "__type__" | "__unit__");
                let ignores_name = needed.is_some_and(|needed| !needed.iter().any(is_metadata));
                call.name_is_ignored = ignores_name && !self.features.delayed_name_removal;
                match &mut call.source {
                    RangeSource::Selector(selector) => {
                        // Series of several names may be the same without them, which is found out by all their labels.
                        let needed = needed.filter(|_| selector.has_one_name(self.features));
                        self.selector(selector, needed.filter(|_| call.function.is_some()));
                    }
                    RangeSource::Subquery(subquery) => self.node(&mut subquery.expr, None),
                }
            }
            node => node.children_mut().into_iter().for_each(|child| self.node(child, None)),
        }
    }

    fn selector(&mut self, selector: &mut SelectorNode, needed: Option<&[String]>) {
        let Some(needed) = needed else { return };
        // Annotations tell the name.
        let mut labels = needed.to_vec();
        labels.push(METRIC_NAME.to_owned());
        labels.sort_unstable();
        labels.dedup();
        selector.labels = Some(labels);
        self.projected += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, QueryParams, parse};

    fn labels(text: &str) -> Vec<Option<Vec<String>>> {
        let params = QueryParams::instant(text, 0);
        let plan = Plan::new(
            &parse(text, &Features::all()).unwrap(),
            &QueryParams { features: Features { type_and_unit_labels: false, ..Features::all() }, ..params },
        );
        plan.unwrap().selects().iter().map(|select| select.hints.labels.clone()).collect()
    }

    fn some(names: &[&str]) -> Vec<Option<Vec<String>>> {
        vec![Some(names.iter().map(|name| (*name).to_owned()).collect())]
    }

    #[test]
    fn an_aggregation_needs_the_labels_that_it_groups_by() {
        assert_eq!(labels("sum by (job, le) (rate(x[5m]))"), some(&["__name__", "job", "le"]));
        assert_eq!(labels(r#"count({__name__=~".+"})"#), some(&["__name__"]));
        assert_eq!(labels("histogram_quantile(0.9, sum by (le) (abs(x)))"), some(&["__name__", "le"]));
        assert_eq!(labels("sum by (a) (x) / sum by (b) (x)"), some(&["__name__", "a", "b"]));
    }

    #[test]
    fn what_picks_or_compares_series_needs_all_labels() {
        for text in [
            "x",
            "rate(x[5m])",
            "sum without (job) (x)",
            "sum by (job) (topk(1, x))",
            "sum by (job) (x * on (a) y)",
            r#"sum by (job) (rate({__name__=~"x|y"}[5m]))"#,
            r#"sum by (job) (-{__name__=~"x|y"})"#,
            "sum by (job) (x) + x",
        ] {
            assert!(labels(text).iter().all(Option::is_none), "{text}");
        }
    }
}
