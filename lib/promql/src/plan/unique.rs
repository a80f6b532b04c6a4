//! Which operators' series stay different from one another without their names.

use mneme_model::MatchOp;
use mneme_model::labels::METRIC_NAME;

use super::Node;
use crate::Features;
use crate::ast::AggregateOp;

/// Whether all series of `node` differ even without their metric names: then a name may be dropped from each without looking at the others.
pub(crate) fn unique_without_name(features: Features, node: &Node) -> bool {
    match node {
        Node::Selector(selector) => selector.has_one_name(features),
        Node::StepInvariant(inner) | Node::Negate(inner) => unique_without_name(features, inner),
        Node::Aggregate(aggregate) => match aggregate.op {
            AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio => {
                unique_without_name(features, &aggregate.input)
            }
            _ => aggregate.without || !aggregate.grouping.iter().any(|label| label == METRIC_NAME),
        },
        _ => false,
    }
}

impl super::SelectorNode {
    /// Whether all series have the same name, type and unit.
    pub(crate) fn has_one_name(&self, features: Features) -> bool {
        let named = self.matchers.iter().any(|m| m.name() == METRIC_NAME && m.op() == MatchOp::Equal);
        named && !features.type_and_unit_labels
    }
}
