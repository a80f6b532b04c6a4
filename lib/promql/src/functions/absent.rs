//! The labels of what is absent.

use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, LabelsBuilder, MatchOp, Matcher};

/// The labels that a series fulfilling `matchers` would surely have: one `=` matcher for a label, and no other matcher for it.
pub(crate) fn labels_of_absent(matchers: &[Matcher]) -> Labels {
    let mut builder = LabelsBuilder::new();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|matcher| matcher.name() != METRIC_NAME) {
        if matcher.op() == MatchOp::Equal && !seen.contains(&matcher.name()) {
            builder.set(matcher.name(), matcher.value());
            seen.push(matcher.name());
        } else {
            builder.remove(matcher.name());
        }
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_two_matchers_is_left_out() {
        let matchers = ["a=1", "b=1", "b=2"].map(|m| Matcher::equal(&m[..1], &m[2..]));
        assert_eq!(labels_of_absent(&matchers), Labels::from_pairs([("a", "1")]));
    }
}
