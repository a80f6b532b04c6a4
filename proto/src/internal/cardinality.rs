//! How many series each label has.

use std::collections::{BTreeMap, HashMap};

use mneme_model::{Labels, Matcher, TenantId, TimestampMs};

/// A question about one tenant's labels.
#[derive(Clone, Debug)]
pub struct CardinalityRequest {
    /// Whose.
    pub tenant: TenantId,
    /// Only series that fulfil all; empty = every series.
    pub matchers: Vec<Matcher>,
    /// Only series with samples from this time on.
    pub start: TimestampMs,
    /// Only series with samples up to this time.
    pub end: TimestampMs,
    /// The label names of interest; empty = all.
    pub names: Vec<String>,
    /// How many values of each name the answer may list: those with the most series.
    pub limit: usize,
}

/// What a tenant's labels are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cardinality {
    /// Series.
    pub series: u64,
    /// Chunks of all series; 0 where only some were asked for.
    pub chunks: u64,
    /// Time of the first sample; `None` without samples.
    pub min_time: Option<TimestampMs>,
    /// Time of the last sample.
    pub max_time: Option<TimestampMs>,
    /// By label name.
    pub names: BTreeMap<String, LabelCardinality>,
}

/// One label name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelCardinality {
    /// Different values.
    pub values: u64,
    /// Series that have it, over all values.
    pub series: u64,
    /// Bytes that the label takes in all series' label sets.
    pub bytes: u64,
    /// Values and their numbers of series: the most first, equal ones by value.
    pub top: Vec<(String, u64)>,
}

/// Puts the figures of several partitions together.
#[derive(Debug, Default)]
pub struct CardinalityBuilder {
    sum: Cardinality,
    names: HashMap<String, HashMap<String, u64>>,
}

impl CardinalityBuilder {
    /// Adds one partition's series, chunks and times of samples.
    pub fn add_size(&mut self, series: u64, chunks: u64, times: Option<(TimestampMs, TimestampMs)>) {
        self.sum.series += series;
        self.sum.chunks += chunks;
        if let Some((first, last)) = times {
            self.sum.min_time = Some(self.sum.min_time.map_or(first, |t| t.min(first)));
            self.sum.max_time = Some(self.sum.max_time.map_or(last, |t| t.max(last)));
        }
    }

    /// Adds one partition's number of series with a label.
    pub fn add_label(&mut self, name: &str, value: &str, series: u64) {
        if !self.names.contains_key(name) {
            self.names.insert(name.to_owned(), HashMap::new());
        }
        let Some(values) = self.names.get_mut(name) else { return };
        match values.get_mut(value) {
            Some(count) => *count += series,
            None => {
                values.insert(value.to_owned(), series);
            }
        }
    }

    /// The whole, with at most `limit` values of each name.
    #[must_use]
    pub fn finish(mut self, limit: usize) -> Cardinality {
        for (name, values) in self.names {
            let mut label = LabelCardinality { values: values.len() as u64, ..LabelCardinality::default() };
            for (value, series) in &values {
                label.series += series;
                label.bytes += series * label_bytes(&name, value);
            }
            label.top = most(values, limit);
            self.sum.names.insert(name, label);
        }
        self.sum
    }
}

impl Cardinality {
    /// Adds another's figures, of other series. Counts of values that only one of both lists may be too low where lists were cut.
    pub fn merge(&mut self, other: Self, limit: usize) {
        self.series += other.series;
        self.chunks += other.chunks;
        self.min_time = self.min_time.into_iter().chain(other.min_time).min();
        self.max_time = self.max_time.into_iter().chain(other.max_time).max();
        for (name, more) in other.names {
            let held = self.names.entry(name).or_default();
            let (mut values, apart) = (HashMap::new(), held.values + more.values);
            for (value, series) in std::mem::take(&mut held.top).into_iter().chain(more.top) {
                *values.entry(value).or_default() += series;
            }
            held.values = if values.len() < limit { values.len() as u64 } else { apart };
            held.series += more.series;
            held.bytes += more.bytes;
            held.top = most(values, limit);
        }
    }
}

/// What a label takes in a label set, in bytes.
fn label_bytes(name: &str, value: &str) -> u64 {
    let digits = |len: usize| if len < 64 { 1 } else { 2 + usize::from(len >= 64 * 64) };
    (name.len() + digits(name.len()) + value.len() + digits(value.len())) as u64
}

fn most(values: HashMap<String, u64>, limit: usize) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = values.into_iter().collect();
    let order = |a: &(String, u64), b: &(String, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if limit > 0 && limit < all.len() {
        all.select_nth_unstable_by(limit, order);
    }
    all.truncate(limit);
    all.sort_unstable_by(order);
    all
}

/// Counts over a list of series, for services that have no index.
#[must_use]
pub(super) fn count<'a>(
    series: impl IntoIterator<Item = &'a Labels>,
    request: &CardinalityRequest,
) -> Cardinality {
    let mut builder = CardinalityBuilder::default();
    for labels in series {
        builder.add_size(1, 0, None);
        let wanted = |name: &str| request.names.is_empty() || request.names.iter().any(|n| n == name);
        for (name, value) in labels.iter().filter(|(name, _)| wanted(name)) {
            builder.add_label(name, value, 1);
        }
    }
    builder.finish(request.limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_add_up_and_the_largest_values_come_first() {
        let mut builder = CardinalityBuilder::default();
        builder.add_size(3, 6, Some((5, 9)));
        builder.add_size(1, 1, Some((1, 2)));
        builder.add_size(0, 0, None);
        for (value, series) in [("b", 1), ("a", 1), ("c", 2), ("b", 1), ("d", 1)] {
            builder.add_label("job", value, series);
        }
        let whole = builder.finish(3);
        assert_eq!((whole.series, whole.chunks, whole.min_time, whole.max_time), (4, 7, Some(1), Some(9)));
        let job = &whole.names["job"];
        assert_eq!((job.values, job.series, job.bytes), (4, 6, 36));
        assert_eq!(job.top, [("b".to_owned(), 2), ("c".to_owned(), 2), ("a".to_owned(), 1)]);
    }

    #[test]
    fn two_tenants_figures_are_added() {
        let of = |values: &[(&str, u64)]| {
            let mut builder = CardinalityBuilder::default();
            builder.add_size(1, 1, None);
            values.iter().for_each(|(value, series)| builder.add_label("job", value, *series));
            builder.finish(10)
        };
        let mut both = of(&[("a", 1), ("b", 1)]);
        both.merge(of(&[("b", 2)]), 10);
        assert_eq!((both.series, both.names["job"].values, both.names["job"].series), (2, 2, 4));
        assert_eq!(both.names["job"].top, [("b".to_owned(), 3), ("a".to_owned(), 1)]);
    }
}
