//! From matchers to series.
//!
//! Prometheus' rule: an absent label has the value `""`. So a matcher that does not match `""` picks series that have one of
//! the values it matches; a matcher that matches `""` takes away series that have one of the values it does not match.

use hashbrown::HashMap;
use mneme_model::{LabelsRef, MatchOp, Matcher};
use roaring::{MultiOps, RoaringBitmap};

use super::{Index, Name, Postings};

/// A matcher and what the index knows of it.
struct Condition<'m> {
    matcher: &'m Matcher,
    /// The only values that it picks (or refuses, where it is negative), where they can be listed.
    listed: Option<Listed>,
    /// About how many values and series have to be touched.
    cost: usize,
}

/// Pairs; mostly one, which takes no memory of its own.
enum Listed {
    One(u32),
    Many(Vec<u32>),
}

impl Listed {
    fn ids(&self) -> &[u32] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

impl Index {
    /// The series that fulfil all matchers. `pairs_of` gives a series' pairs.
    ///
    /// A regular expression is run once per value of its label at most, never per series, and not at all where its shape
    /// says enough (`.*`, `.+`, alternations); literal prefixes and suffixes are compared before.
    pub(crate) fn select<'s>(
        &self,
        matchers: &[Matcher],
        pairs_of: impl Fn(u32) -> &'s [u32],
    ) -> RoaringBitmap {
        let says_something =
            |matcher: &&Matcher| !(matcher.matches_empty() && verdict(matcher) == Some(true));
        let mut order: Vec<Condition<'_>> = Vec::with_capacity(matchers.len());
        let mut buffer = String::new();
        order.extend(
            matchers.iter().filter(says_something).map(|matcher| self.condition(matcher, &mut buffer)),
        );
        order.sort_by_key(|condition| condition.cost);
        if let Some((first, rest)) = order.split_first()
            && let Some(few) = self.few(first)
        {
            let found = few.iter().copied().filter(|slot| {
                let pairs = pairs_of(*slot);
                rest.iter().all(|condition| self.holds(condition, pairs))
            });
            return RoaringBitmap::from_sorted_iter(found).unwrap_or_default();
        }
        let mut found: Option<RoaringBitmap> = None;
        for condition in order {
            let matcher = condition.matcher;
            let next = match found {
                // Few series left: looking at each is cheaper than at all values of the label.
                Some(set) if (set.len() as usize).saturating_mul(4) < condition.cost => {
                    self.filter(matcher, set, &pairs_of)
                }
                Some(set) if matcher.matches_empty() => self.subtract(&condition, set),
                Some(set) => self.pick(&condition) & set,
                None if matcher.matches_empty() => self.subtract(&condition, self.series.clone()),
                None => self.pick(&condition),
            };
            if next.is_empty() {
                return next;
            }
            found = Some(next);
        }
        found.unwrap_or_else(|| self.series.clone())
    }

    fn condition<'m>(&self, matcher: &'m Matcher, buffer: &mut String) -> Condition<'m> {
        let mut pair = |value: &str| self.pair(matcher.name(), value, buffer);
        let listed = match matcher.op() {
            MatchOp::Equal | MatchOp::NotEqual => {
                Some(pair(matcher.value()).map_or(Listed::Many(Vec::new()), Listed::One))
            }
            MatchOp::Regex | MatchOp::NotRegex => matcher
                .set_values()
                .map(|values| Listed::Many(values.iter().filter_map(|value| pair(value)).collect())),
        };
        let cost = match (&listed, self.name(matcher)) {
            (Some(listed), _) => listed.ids().iter().map(|&id| self.at(id).postings.len()).sum(),
            (None, None) => 0,
            (None, Some(name)) => name.series as usize + name.pairs.len() * 8 + 1,
        };
        Condition { matcher, listed, cost }
    }

    fn name(&self, matcher: &Matcher) -> Option<&Name> {
        self.by_name.get(matcher.name()).map(|&id| &self.names[id as usize])
    }

    fn pair(&self, name: &str, value: &str, buffer: &mut String) -> Option<u32> {
        if value.is_empty() {
            return None;
        }
        let label = LabelsRef::single(buffer, name, value);
        let same = |&id: &u32| self.at(id).label.view() == label;
        self.by_label.find(label.hash(0), same).copied()
    }

    /// The series that a condition picks, where they are so few that they are looked at one by one for the other conditions.
    fn few(&self, condition: &Condition<'_>) -> Option<&[u32]> {
        if condition.matcher.matches_empty() {
            return None;
        }
        match condition.listed.as_ref().filter(|_| !is_negative(condition.matcher))?.ids() {
            [] => Some(&[]),
            [only] => match &self.at(*only).postings {
                Postings::Few(list) => Some(list),
                Postings::Many(..) => None,
            },
            _ => None,
        }
    }

    /// Whether a series with these pairs fulfils a condition.
    fn holds(&self, condition: &Condition<'_>, pairs: &[u32]) -> bool {
        let matcher = condition.matcher;
        let negative = is_negative(matcher);
        match &condition.listed {
            // What is listed says it all, unless the absence of the label counts otherwise.
            Some(listed) if negative == matcher.matches_empty() => {
                pairs.iter().any(|id| listed.ids().contains(id)) != negative
            }
            _ => {
                let name = self.by_name.get(matcher.name());
                let of_name = |id: &&u32| name.is_some_and(|name| self.at(**id).name == *name);
                matcher.matches(pairs.iter().find(of_name).map_or("", |id| self.at(*id).value()))
            }
        }
    }

    /// Series with a value that matches; the matcher does not match `""`.
    fn pick(&self, condition: &Condition<'_>) -> RoaringBitmap {
        let matcher = condition.matcher;
        let Some(name) = self.name(matcher) else { return RoaringBitmap::new() };
        if let (Some(listed), false) = (&condition.listed, is_negative(matcher)) {
            return self.union(listed.ids());
        }
        let on_all = name.series == self.held;
        match verdict(matcher) {
            Some(false) => RoaringBitmap::new(),
            Some(true) if on_all => self.series.clone(),
            Some(true) => self.union(&name.pairs),
            None => {
                let (yes, no) = self.judge(matcher, name);
                // The smaller side is put together.
                if on_all && yes.len() > no.len() { &self.series - self.union(&no) } else { self.union(&yes) }
            }
        }
    }

    /// `set` without the series with a value that does not match; the matcher matches `""`.
    fn subtract(&self, condition: &Condition<'_>, set: RoaringBitmap) -> RoaringBitmap {
        let matcher = condition.matcher;
        let Some(name) = self.name(matcher) else { return set };
        if let (Some(listed), true) = (&condition.listed, is_negative(matcher)) {
            return set - self.union(listed.ids());
        }
        match verdict(matcher) {
            Some(true) => set,
            Some(false) => set - self.union(&name.pairs),
            None => set - self.union(&self.judge(matcher, name).1),
        }
    }

    /// The values of a label that match, and those that do not.
    fn judge(&self, matcher: &Matcher, name: &Name) -> (Vec<u32>, Vec<u32>) {
        name.pairs.iter().partition(|&&id| matcher.matches(self.at(id).value()))
    }

    /// The series that have one of these pairs.
    fn union(&self, pairs: &[u32]) -> RoaringBitmap {
        if let [only] = pairs {
            return self.at(*only).postings.to_bitmap();
        }
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for &id in pairs {
            match &self.at(id).postings {
                Postings::Few(list) => few.extend_from_slice(list),
                Postings::Many(set, _) => many.push(&**set),
            }
        }
        few.sort_unstable();
        // Two values of one label have no series in common: the slots ascend strictly.
        let few = RoaringBitmap::from_sorted_iter(few).unwrap_or_default();
        if many.is_empty() { few } else { many.into_iter().union() | few }
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
        let mut verdicts: HashMap<Option<u32>, bool> = HashMap::new();
        let matches = |slot: &u32| {
            let pair = pairs_of(*slot).iter().copied().find(|&id| self.at(id).name == name);
            *verdicts
                .entry(pair)
                .or_insert_with(|| matcher.matches(pair.map_or("", |id| self.at(id).value())))
        };
        set.iter().filter(matches).collect()
    }
}

fn is_negative(matcher: &Matcher) -> bool {
    matches!(matcher.op(), MatchOp::NotEqual | MatchOp::NotRegex)
}

/// Whether every value but `""` matches (`Some(true)`), or none, where that needs no look at them.
fn verdict(matcher: &Matcher) -> Option<bool> {
    match matcher.op() {
        MatchOp::Equal => matcher.value().is_empty().then_some(false),
        MatchOp::NotEqual => matcher.value().is_empty().then_some(true),
        MatchOp::Regex => matcher.matches_every_text().then_some(true),
        MatchOp::NotRegex => matcher.matches_every_text().then_some(false),
    }
}
