//! From matchers to series.
//!
//! Prometheus' rule: an absent label has the value `""`. So a matcher that does not match `""` picks series that have one of
//! the values it matches; a matcher that matches `""` takes away series that have one of the values it does not match.

use mneme_model::{MatchOp, Matcher};
use roaring::RoaringBitmap;

use super::{Index, Name};

impl Index {
    /// The series that fulfil all matchers. `pairs_of` gives a series' pairs.
    pub(crate) fn select<'s>(
        &self,
        matchers: &[Matcher],
        pairs_of: impl Fn(u32) -> &'s [u32],
    ) -> RoaringBitmap {
        let mut order: Vec<(&Matcher, usize)> =
            matchers.iter().map(|matcher| (matcher, self.cost(matcher))).collect();
        order.sort_by_key(|&(_, cost)| cost);
        let mut found: Option<RoaringBitmap> = None;
        for (matcher, cost) in order {
            let next = match found {
                // Few series left: looking at each is cheaper than at all values of the label.
                Some(set) if (set.len() as usize).saturating_mul(4) < cost => {
                    self.filter(matcher, set, &pairs_of)
                }
                Some(set) if matcher.matches_empty() => self.subtract(matcher, set),
                Some(set) => self.pick(matcher, Some(&set)),
                None if matcher.matches_empty() => self.subtract(matcher, self.series.clone()),
                None => self.pick(matcher, None),
            };
            if next.is_empty() {
                return next;
            }
            found = Some(next);
        }
        found.unwrap_or_else(|| self.series.clone())
    }

    /// About how many values and series have to be touched for a matcher.
    fn cost(&self, matcher: &Matcher) -> usize {
        let Some(name) = self.name(matcher) else { return 0 };
        match values(matcher) {
            Some(values) => values
                .iter()
                .filter_map(|value| self.pair(matcher.name(), value))
                .map(|p| self.pairs[p as usize].postings.len())
                .sum(),
            None => name.series as usize + name.pairs.len() * 8 + 1,
        }
    }

    fn name(&self, matcher: &Matcher) -> Option<&Name> {
        self.by_name.get(matcher.name()).map(|&id| &self.names[id as usize])
    }

    fn pair(&self, name: &str, value: &str) -> Option<u32> {
        if value.is_empty() {
            return None;
        }
        let label = mneme_model::Labels::from_pairs([(name, value)]);
        let same = |&id: &u32| self.pairs[id as usize].label == label;
        self.by_label.find(label.view().hash(0), same).copied()
    }

    /// Series (of `within`) with a value that matches.
    fn pick(&self, matcher: &Matcher, within: Option<&RoaringBitmap>) -> RoaringBitmap {
        let mut out = RoaringBitmap::new();
        let add = |id: u32, out: &mut RoaringBitmap| {
            let postings = &self.pairs[id as usize].postings;
            match within {
                Some(set) => *out |= postings.intersect(set),
                None if out.is_empty() => *out = postings.to_bitmap(),
                None => postings.union_into(out),
            }
        };
        let Some(name) = self.name(matcher) else { return out };
        if let Some(values) = values(matcher) {
            values
                .iter()
                .filter_map(|value| self.pair(matcher.name(), value))
                .for_each(|id| add(id, &mut out));
            return out;
        }
        let matching: Vec<u32> = name
            .pairs
            .iter()
            .copied()
            .filter(|&id| matcher.matches(self.pairs[id as usize].value()))
            .collect();
        if matching.len() == name.pairs.len() && u64::from(name.series) == self.series.len() {
            return within.unwrap_or(&self.series).clone();
        }
        matching.into_iter().for_each(|id| add(id, &mut out));
        out
    }

    /// `set` without the series with a value that does not match.
    fn subtract(&self, matcher: &Matcher, mut set: RoaringBitmap) -> RoaringBitmap {
        let Some(name) = self.name(matcher) else { return set };
        if let Some(values) = excluded(matcher) {
            for id in values.iter().filter_map(|value| self.pair(matcher.name(), value)) {
                self.pairs[id as usize].postings.subtract_from(&mut set);
            }
            return set;
        }
        for pair in name.pairs.iter().map(|&id| &self.pairs[id as usize]) {
            if !matcher.matches(pair.value()) {
                pair.postings.subtract_from(&mut set);
            }
        }
        set
    }

    /// The series of `set` that match, one by one.
    fn filter<'s>(
        &self,
        matcher: &Matcher,
        set: RoaringBitmap,
        pairs_of: &impl Fn(u32) -> &'s [u32],
    ) -> RoaringBitmap {
        let Some(&name) = self.by_name.get(matcher.name()) else {
            return if matcher.matches_empty() { set } else { RoaringBitmap::new() };
        };
        // Neighbours often share the value.
        let mut last = None;
        let matches = |slot: &u32| {
            let pair = pairs_of(*slot).iter().copied().find(|&id| self.pairs[id as usize].name == name);
            match last {
                Some((known, verdict)) if known == pair => verdict,
                _ => {
                    let verdict = matcher.matches(pair.map_or("", |id| self.pairs[id as usize].value()));
                    last = Some((pair, verdict));
                    verdict
                }
            }
        };
        set.iter().filter(matches).collect()
    }
}

/// The only values that a positive matcher matches, where they can be listed.
fn values(matcher: &Matcher) -> Option<Vec<&str>> {
    match matcher.op() {
        MatchOp::Equal => Some(vec![matcher.value()]),
        MatchOp::Regex => matcher.set_values().map(|values| values.iter().map(|value| &**value).collect()),
        MatchOp::NotEqual | MatchOp::NotRegex => None,
    }
}

/// The only values that a negative matcher refuses, where they can be listed.
fn excluded(matcher: &Matcher) -> Option<Vec<&str>> {
    match matcher.op() {
        MatchOp::NotEqual => Some(vec![matcher.value()]),
        MatchOp::NotRegex => matcher.set_values().map(|values| values.iter().map(|value| &**value).collect()),
        MatchOp::Equal | MatchOp::Regex => None,
    }
}
