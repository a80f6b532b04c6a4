//! Pass: lists what has to be fetched, each selector once; uses of equal matchers whose times touch share one fetch.

use mneme_model::{Matcher, TimestampMs};

use super::{Node, RangeSource, SelectorNode, SubqueryNode};
use crate::ast::RangeModifier;
use crate::functions::info_matchers;
use crate::{Hints, QueryParams, Select};

/// The selects of `root`, and how many selectors use each; each selector in it learns the index of its own.
pub(super) fn run(root: &mut Node, params: &QueryParams) -> (Vec<Select>, Vec<usize>) {
    let mut pass = Pass { params, selects: Vec::new(), uses: Vec::new() };
    let times = Times { start: params.start, end: params.end, step_ms: params.step_ms };
    pass.node(root, times, "");
    (pass.selects, pass.uses)
}

/// The evaluation times of a part of the plan.
#[derive(Clone, Copy)]
struct Times {
    start: TimestampMs,
    end: TimestampMs,
    step_ms: i64,
}

struct Pass<'a> {
    params: &'a QueryParams,
    selects: Vec<Select>,
    uses: Vec<usize>,
}

impl Pass<'_> {
    fn node(&mut self, node: &mut Node, times: Times, function: &'static str) {
        match node {
            Node::Selector(selector) => self.selector(selector, times, function),
            Node::StepInvariant(inner) => self.node(inner, Times { end: times.start, ..times }, function),
            Node::RangeCall(call) => {
                for scalar in &mut call.scalars {
                    self.node(scalar, times, call.name);
                }
                self.source(&mut call.source, times, call.name);
            }
            Node::Matrix(source) => self.source(source, times, ""),
            Node::Aggregate(aggregate) => {
                let name = aggregate.op.name();
                for child in aggregate.param.iter_mut().chain([&mut aggregate.input]) {
                    self.node(child, times, name);
                }
            }
            Node::Call(call) if call.name == "info" => self.info(&mut call.args, times),
            Node::Call(call) => {
                for arg in &mut call.args {
                    self.node(arg, times, call.name);
                }
            }
            Node::Binary(_) => {
                for child in node.children_mut() {
                    self.node(child, times, "");
                }
            }
            Node::Negate(inner) => self.node(inner, times, function),
            Node::Number(_) | Node::String(_) => {}
        }
    }

    fn source(&mut self, source: &mut RangeSource, times: Times, function: &'static str) {
        match source {
            RangeSource::Selector(selector) => self.selector(selector, times, function),
            RangeSource::Subquery(subquery) => {
                let inner = subquery_times(subquery, times);
                self.node(&mut subquery.expr, inner, function);
            }
        }
    }

    fn selector(&mut self, selector: &mut SelectorNode, times: Times, function: &'static str) {
        let (start, end) = selector.at.map_or((times.start, times.end), |at| (at, at));
        let back = if selector.range_ms > 0 { selector.range_ms } else { self.params.lookback_ms };
        let (more_back, ahead) = match (selector.modifier, selector.range_ms > 0) {
            (RangeModifier::None, _) | (RangeModifier::Anchored, false) => (0, 0),
            (RangeModifier::Anchored, true) => (self.params.lookback_ms, 0),
            (RangeModifier::Smoothed, true) => (self.params.lookback_ms, self.params.lookback_ms),
            (RangeModifier::Smoothed, false) => (0, self.params.lookback_ms),
        };
        // Every step sees the same sample.
        let newest_only = start == end && selector.range_ms == 0 && selector.modifier == RangeModifier::None;
        let start = start.saturating_sub(selector.offset_ms).saturating_sub(back + more_back - 1);
        let end = end.saturating_sub(selector.offset_ms).saturating_add(ahead);
        let labels = selector.labels.clone();
        let hints =
            Hints { step_ms: times.step_ms, range_ms: selector.range_ms, function, labels, newest_only };
        selector.select = self.want(&selector.matchers, start, end, hints);
    }

    /// `info(v, {..})` reads the info series at the times of the first selector in `v`.
    fn info(&mut self, args: &mut [Node], times: Times) {
        let [base, rest @ ..] = args else { return };
        self.node(base, times, "info");
        let (at, offset_ms) = info_time(base).unwrap_or((None, 0));
        if let Some(Node::Selector(selector)) = rest.first_mut() {
            selector.matchers = info_matchers(&selector.matchers);
            (selector.at, selector.offset_ms) = (at, offset_ms);
            self.selector(selector, times, "info");
        }
    }

    fn want(&mut self, matchers: &[Matcher], start: TimestampMs, end: TimestampMs, hints: Hints) -> usize {
        let touches =
            |select: &Select| select.start <= end.saturating_add(1) && start <= select.end.saturating_add(1);
        let found = self.selects.iter().position(|select| select.matchers == matchers && touches(select));
        let Some(at) = found else {
            self.selects.push(Select { matchers: matchers.to_vec(), start, end, hints });
            self.uses.push(1);
            return self.selects.len() - 1;
        };
        self.uses[at] += 1;
        let select = &mut self.selects[at];
        let same_times = (select.start, select.end) == (start, end);
        (select.start, select.end) = (select.start.min(start), select.end.max(end));
        let labels = both(select.hints.labels.take(), &hints.labels);
        let newest_only = same_times && select.hints.newest_only && hints.newest_only;
        if select.hints != (Hints { labels: None, ..hints }) {
            select.hints = Hints::default();
        }
        (select.hints.labels, select.hints.newest_only) = (labels, newest_only);
        at
    }
}

/// The labels that either of two selectors looks at.
fn both(a: Option<Vec<String>>, b: &Option<Vec<String>>) -> Option<Vec<String>> {
    let (mut all, b) = (a?, b.as_ref()?);
    all.extend(b.iter().cloned());
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// When the inside of a subquery is evaluated.
fn subquery_times(subquery: &SubqueryNode, outer: Times) -> Times {
    let (start, end) = subquery.at.map_or((outer.start, outer.end), |at| (at, at));
    Times {
        start: start.saturating_sub(subquery.offset_ms).saturating_sub(subquery.range_ms),
        end: end.saturating_sub(subquery.offset_ms),
        step_ms: subquery.step_ms,
    }
}

/// The `@` and the offset of the first selector in `node`, together with those of the subqueries around it.
fn info_time(node: &mut Node) -> Option<(Option<TimestampMs>, i64)> {
    match node {
        Node::Selector(selector) => Some((selector.at, selector.offset_ms)),
        Node::Matrix(source) => info_time_of_source(source),
        Node::RangeCall(call) => {
            let first = info_time_of_source(&mut call.source);
            first.or_else(|| call.scalars.iter_mut().find_map(info_time))
        }
        node => node.children_mut().into_iter().find_map(info_time),
    }
}

fn info_time_of_source(source: &mut RangeSource) -> Option<(Option<TimestampMs>, i64)> {
    match source {
        RangeSource::Selector(selector) => Some((selector.at, selector.offset_ms)),
        RangeSource::Subquery(subquery) => {
            let (at, offset_ms) = info_time(&mut subquery.expr)?;
            // The innermost `@` anchors; what is further out no longer matters.
            Some(if at.is_some() { (at, offset_ms) } else { (subquery.at, offset_ms + subquery.offset_ms) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sketch::{built, sketch};
    use super::*;

    #[test]
    fn equal_selectors_share_a_select_where_their_times_touch() {
        for (text, before, after, uses) in [
            ("x + x", "(x#0 + x#0)", "(x#0 + x#0)", &[2][..]),
            ("x + y", "(x#0 + y#0)", "(x#0 + y#1)", &[1, 1]),
            ("rate(x[5m]) / x", "(rate(x#0[300s]) / x#0)", "(rate(x#0[300s]) / x#0)", &[2]),
            ("x - x offset 1d", "(x#0 - x#0)", "(x#0 - x#1)", &[1, 1]),
        ] {
            let (mut node, params) = built(text);
            assert_eq!(sketch(&node), before, "{text}");
            let (selects, used) = run(&mut node, &params);
            assert_eq!((sketch(&node), used.as_slice()), (after.to_owned(), uses), "{text}");
            assert_eq!(selects.len(), uses.len(), "{text}");
        }
    }

    #[test]
    fn a_select_reaches_as_far_back_as_its_widest_use() {
        let (mut node, params) = built("rate(x[5m]) / x offset 10m");
        let (selects, _) = run(&mut node, &params);
        let reach: Vec<_> = selects.iter().map(|select| (select.start, select.end)).collect();
        assert_eq!(reach, [(3_600_000 - 900_000 + 1, 7_200_000)]);
    }
}
