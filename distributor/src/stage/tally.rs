//! What became of a request's parts.

use std::ops::AddAssign;

use mneme_proto::remote_write::Series;

use crate::Reason;

/// Numbers of things in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Float samples.
    pub floats: u64,
    /// Native histograms.
    pub histograms: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// Metadata of families or series.
    pub metadata: u64,
}

impl Counts {
    pub(super) fn offered(series: &Series<'_>) -> Self {
        Self {
            floats: series.samples.len() as u64,
            histograms: series.histograms.len() as u64,
            exemplars: series.exemplars.len() as u64,
            metadata: u64::from(series.metadata.is_some() || series.metadata_problem.is_some()),
        }
    }

    /// Floats and histograms.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.floats + self.histograms
    }

    /// Everything, as rate limits count it.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.samples() + self.exemplars + self.metadata
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.floats += other.floats;
        self.histograms += other.histograms;
        self.exemplars += other.exemplars;
        self.metadata += other.metadata;
    }
}

/// What was received, stored and refused of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// What the sender sent, as far as it was looked at.
    pub(crate) received: Counts,
    /// What goes to the WAL.
    pub(crate) stored: Counts,
    /// The numbers of the histograms among the records' samples, ascending.
    pub(crate) histograms: Vec<u32>,
    /// What is told to the sender as refused.
    pub(crate) refused: Refusals,
    /// What is dropped without an error, as the tenant's limits ask for.
    pub(crate) dropped: Vec<(Reason, Counts)>,
}

/// What was refused, and why first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    /// The first problem's reason and words.
    pub(crate) first: Option<(Reason, String)>,
    /// All of them, by reason.
    pub(crate) by_reason: Vec<(Reason, Counts)>,
}

impl Tally {
    /// Of which kinds the samples with these numbers are.
    pub(crate) fn kinds(&self, samples: &[u32]) -> Counts {
        let is_histogram = |number: &&u32| self.histograms.binary_search(number).is_ok();
        let histograms = samples.iter().filter(is_histogram).count() as u64;
        Counts { floats: samples.len() as u64 - histograms, histograms, ..Counts::default() }
    }

    pub(crate) fn refuse(&mut self, reason: Reason, counts: Counts, words: impl FnOnce() -> String) {
        self.refused.first.get_or_insert_with(|| (reason, words()));
        add(&mut self.refused.by_reason, reason, counts);
    }

    pub(crate) fn drop_silently(&mut self, reason: Reason, counts: Counts) {
        add(&mut self.dropped, reason, counts);
    }
}

impl Refusals {
    pub(crate) fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.by_reason.iter().for_each(|(_, counts)| total += *counts);
        total
    }

    /// The first problem, and how much else was refused and stored, on one line without its id.
    pub(crate) fn words(&self, first: &str, stored: Counts) -> String {
        let refused = self.total();
        let list = |counts: Counts| {
            let parts: Vec<String> =
                [(counts.samples(), "sample"), (counts.exemplars, "exemplar"), (counts.metadata, "metadata")]
                    .into_iter()
                    .filter(|(n, what)| *n > 0 || *what == "sample")
                    .map(|(n, what)| {
                        if n == 1 || what == "metadata" {
                            format!("{n} {what}")
                        } else {
                            format!("{n} {what}s")
                        }
                    })
                    .collect();
            parts.join(", ")
        };
        format!("{first}; of this request {} refused, {} stored", list(refused), list(stored))
    }
}

fn add(list: &mut Vec<(Reason, Counts)>, reason: Reason, counts: Counts) {
    match list.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, sum)) => *sum += counts,
        None => list.push((reason, counts)),
    }
}
