//! Which series `info()` joins with.

use mneme_model::labels::METRIC_NAME;
use mneme_model::{MatchOp, Matcher};

/// The matchers of the info series for a second argument with `matchers`: without a positive condition on the name, names end in `_info`;
/// without any, the name is `target_info`.
pub(crate) fn info_matchers(matchers: &[Matcher]) -> Vec<Matcher> {
    let mut all = matchers.to_vec();
    let names = || matchers.iter().filter(|matcher| matcher.name() == METRIC_NAME);
    if names().any(|matcher| matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex)) {
        return all;
    }
    let added = if names().next().is_some() {
        Matcher::new(MatchOp::Regex, METRIC_NAME, ".+_info").expect("the literal pattern compiles")
    } else {
        Matcher::equal(METRIC_NAME, "target_info")
    };
    all.push(added);
    all
}
