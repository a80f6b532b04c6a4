//! What a page must hold, and how what is there differs from it.

use std::collections::{BTreeMap, HashMap, HashSet};

use mneme_model::{FloatHistogram, is_stale_nan};
use serde::Serialize;

use super::kube::Pairs;
use super::page::{FoundHistogram, FoundSeries, Page};
use super::workload::{Source, Workload};

/// How many differences are shown.
const SHOWN: usize = 10;

/// A sample as it was sent.
enum Sent {
    Float(f64),
    Histogram(Box<FloatHistogram>),
}

/// By series: by time: the sample.
pub(super) struct Expected {
    series: HashMap<Pairs, BTreeMap<i64, Sent>>,
}

/// What `verify` counts.
#[derive(Debug, Default, Serialize)]
pub(super) struct Differences {
    /// Compared.
    pub(super) samples: u64,
    /// Sent and not there.
    pub(super) missing: u64,
    /// There more than once.
    pub(super) doubled: u64,
    /// There with other bits, or at a time at which nothing was sent.
    pub(super) wrong: u64,
    /// Series that are there and were never sent.
    pub(super) unexpected_series: u64,
    /// Of the wrong floats: the largest difference in proportion to the value that was sent.
    pub(super) worst_relative_error: f64,
    /// The first ones, for people.
    pub(super) examples: Vec<String>,
}

impl Differences {
    /// Whether there is none.
    pub(super) fn is_clean(&self) -> bool {
        self.missing + self.doubled + self.wrong + self.unexpected_series == 0
    }

    /// Counts those of another page.
    pub(super) fn merge(&mut self, other: Self) {
        self.samples += other.samples;
        self.missing += other.missing;
        self.doubled += other.doubled;
        self.wrong += other.wrong;
        self.unexpected_series += other.unexpected_series;
        self.worst_relative_error = self.worst_relative_error.max(other.worst_relative_error);
        self.examples.extend(other.examples);
        self.examples.truncate(SHOWN);
    }

    fn show(&mut self, example: impl FnOnce() -> String) {
        if self.examples.len() < SHOWN {
            self.examples.push(example());
        }
    }
}

impl Expected {
    /// What the flags say of the page.
    pub(super) fn new(workload: &Workload, page: &Page) -> Self {
        let mut series: HashMap<Pairs, BTreeMap<i64, Sent>> = HashMap::new();
        let mut first = page.steps.start;
        while first < page.steps.end {
            let generation = workload.generation(page.target, first);
            let end = (first..page.steps.end)
                .find(|step| workload.generation(page.target, *step) != generation)
                .unwrap_or(page.steps.end);
            for (labels, source) in workload.load_slots(page.target, generation, workload.slots(page.target))
            {
                let samples = series.entry(labels).or_default();
                for step in first..end {
                    if let Some(sent) = sent(workload, page.target, &source, step) {
                        samples.insert(workload.timestamp(page.target, step), sent);
                    }
                }
            }
            first = end;
        }
        series.retain(|_, samples| !samples.is_empty());
        Self { series }
    }

    /// Compares; what is there and what is not counts.
    pub(super) fn compare(mut self, found: &[FoundSeries<'_>]) -> Differences {
        let mut differences = Differences {
            samples: self.series.values().map(|s| s.len() as u64).sum(),
            ..Differences::default()
        };
        let mut seen: HashSet<Pairs> = HashSet::new();
        for series in found {
            let labels: Pairs =
                series.metric.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            if seen.contains(&labels) {
                differences.doubled += (series.values.len() + series.histograms.len()) as u64;
                differences.show(|| format!("twice in one answer: {labels:?}"));
                continue;
            }
            let Some(samples) = self.series.remove(&labels) else {
                differences.unexpected_series += 1;
                differences.show(|| format!("never sent: {labels:?}"));
                continue;
            };
            compare_series(&labels, &samples, series, &mut differences);
            seen.insert(labels);
        }
        for (labels, samples) in &self.series {
            differences.missing += samples.len() as u64;
            differences.show(|| format!("missing: all {} samples of {labels:?}", samples.len()));
        }
        differences
    }
}

/// What a query shows of a sample, if anything: stale markers are only seen by what they end.
fn sent(workload: &Workload, target: u64, source: &Source, step: u32) -> Option<Sent> {
    match source {
        Source::Signal(_) if !workload.is_scraped(target, step) => None,
        Source::Signal(signal) if signal.is_native() => {
            Some(Sent::Histogram(Box::new(signal.histogram(step).to_float())))
        }
        source => {
            let value = workload.value(target, source, step);
            value.filter(|value| !is_stale_nan(*value)).map(Sent::Float)
        }
    }
}

fn compare_series(
    labels: &Pairs,
    sent: &BTreeMap<i64, Sent>,
    found: &FoundSeries<'_>,
    differences: &mut Differences,
) {
    let mut times: HashMap<i64, u64> = HashMap::new();
    let floats = found.values.iter().map(|(t, value)| (*t, Ok(value.as_ref())));
    let histograms = found.histograms.iter().map(|(t, histogram)| (*t, Err(histogram)));
    for (t, value) in floats.chain(histograms) {
        let t = (t * 1000.0).round() as i64;
        let count = times.entry(t).or_default();
        *count += 1;
        if *count > 1 {
            differences.doubled += 1;
            differences.show(|| format!("twice at {t}: {labels:?}"));
            continue;
        }
        let (same, error) = match (sent.get(&t), value) {
            (Some(Sent::Float(sent)), Ok(text)) => same_float(*sent, text),
            (Some(Sent::Histogram(sent)), Err(found)) => (same_histogram(sent, found), 0.0),
            _ => (false, 0.0),
        };
        if !same {
            differences.wrong += 1;
            differences.worst_relative_error = differences.worst_relative_error.max(error);
            differences.show(|| format!("wrong at {t}: found {value:?} in {labels:?}"));
        }
    }
    for t in sent.keys().filter(|t| !times.contains_key(t)) {
        differences.missing += 1;
        differences.show(|| format!("missing at {t}: {labels:?}"));
    }
}

/// Whether the text stands for just these bits, and if not, how far it is off in proportion.
fn same_float(sent: f64, text: &str) -> (bool, f64) {
    match text.parse::<f64>() {
        Ok(found) if found.to_bits() == sent.to_bits() || found.is_nan() && sent.is_nan() => (true, 0.0),
        Ok(found) => {
            let error = ((found - sent) / sent).abs();
            (false, if error.is_finite() { error } else { 0.0 })
        }
        Err(_) => (false, 0.0),
    }
}

fn same_histogram(sent: &FloatHistogram, found: &FoundHistogram<'_>) -> bool {
    let same = |sent: f64, text: &str| same_float(sent, text).0;
    let buckets: Vec<_> = sent.populated_buckets().collect();
    same(sent.count, &found.count)
        && same(sent.sum, &found.sum)
        && buckets.len() == found.buckets.len()
        && buckets.iter().zip(&found.buckets).all(|(bucket, (_, lower, upper, count))| {
            same(bucket.lower, lower) && same(bucket.upper, upper) && same(bucket.count, count)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(samples: &[(i64, f64)]) -> Expected {
        let labels = vec![("__name__".to_owned(), "a".to_owned())];
        let samples = samples.iter().map(|(t, value)| (*t, Sent::Float(*value))).collect();
        Expected { series: HashMap::from([(labels, samples)]) }
    }

    fn found(name: &'static str, values: &[(f64, &'static str)]) -> FoundSeries<'static> {
        FoundSeries {
            metric: BTreeMap::from([("__name__".into(), name.into())]),
            values: values.iter().map(|(t, value)| (*t, (*value).into())).collect(),
            histograms: Vec::new(),
        }
    }

    #[test]
    fn every_kind_of_difference_is_counted() {
        let sent = [(1000, 1.0), (2000, 0.1), (3000, f64::NAN)];
        let right = found("a", &[(1.0, "1"), (2.0, "0.1"), (3.0, "NaN")]);
        assert!(expected(&sent).compare(&[right]).is_clean());

        let bad =
            [found("a", &[(1.0, "1"), (1.0, "1"), (2.0, "0.11"), (4.0, "7")]), found("b", &[(1.0, "1")])];
        let differences = expected(&sent).compare(&bad);
        let counted =
            (differences.missing, differences.doubled, differences.wrong, differences.unexpected_series);
        assert_eq!(counted, (1, 1, 2, 1), "{differences:?}");
        assert!((differences.worst_relative_error - 0.1).abs() < 1e-9, "{differences:?}");

        let twice = [found("a", &[(1.0, "1")]), found("a", &[(2.0, "0.1"), (3.0, "NaN")])];
        let differences = expected(&sent).compare(&twice);
        assert_eq!((differences.missing, differences.doubled), (2, 2), "{differences:?}");
        assert_eq!(expected(&sent).compare(&[]).missing, 3);
    }
}
