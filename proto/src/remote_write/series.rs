//! One series of a request, in memory that is used again for the next one.

use std::ops::Range;

use mneme_model::{MetricType, TimestampMs};

use super::{Error, MAX_ITEMS, Malformed, Sample};
use crate::wire::Reader;

/// One series of a request. Texts borrow from the request's bytes; the vectors are filled anew for each series.
#[derive(Clone, Debug, Default)]
pub struct Series<'a> {
    /// Names and values as they were sent: in any order, perhaps twice, perhaps empty.
    pub labels: Vec<(&'a str, &'a str)>,
    /// Floats in the order in which they were sent.
    pub samples: Vec<Sample>,
    /// Histograms in the order in which they were sent.
    pub histograms: Vec<RawHistogram<'a>>,
    /// Exemplars in the order in which they were sent.
    pub exemplars: Vec<ExemplarRef>,
    /// Metadata of the series' metric (2.0 only), if the sender gave any.
    pub metadata: Option<MetadataRef<'a>>,
    /// What is wrong with the series' labels; they are then incomplete.
    pub problem: Option<SeriesProblem>,
    /// What is wrong with the metadata; it is then `None`.
    pub metadata_problem: Option<SeriesProblem>,
    pub(super) exemplar_labels: Vec<(&'a str, &'a str)>,
    pub(super) refs: Vec<u64>,
    pub(super) exemplar_refs: Vec<u64>,
}

/// A histogram that has not been decoded yet: see [`super::HistogramReader`].
#[derive(Clone, Copy, Debug)]
pub struct RawHistogram<'a>(pub(super) Reader<'a>, pub(super) TimestampMs);

/// One exemplar; its labels are at [`Series::exemplar_labels`].
#[derive(Clone, Debug, Default)]
pub struct ExemplarRef {
    /// The observed value.
    pub value: f64,
    /// When it was observed.
    pub timestamp: TimestampMs,
    /// What is wrong with its labels; they are then incomplete.
    pub problem: Option<SeriesProblem>,
    pub(super) labels: Range<usize>,
}

/// Metadata that borrows its texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetadataRef<'a> {
    /// The exposed type.
    pub metric_type: MetricType,
    /// The help text.
    pub help: &'a str,
    /// The unit.
    pub unit: &'a str,
}

/// What can be wrong with the labels of a series or an exemplar, while the message is well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesProblem {
    /// A name or value is not UTF-8.
    #[error("invalid UTF-8 in a label at byte {offset}")]
    Utf8 {
        /// Where in the decompressed message.
        offset: usize,
    },
    /// 2.0: a reference past the end of the symbols.
    #[error("symbol reference {reference} is out of range: the request has {symbols} symbols")]
    Reference {
        /// The reference.
        reference: u64,
        /// How many symbols there are.
        symbols: usize,
    },
    /// 2.0: a name without a value.
    #[error("odd number of label references: {0}")]
    OddReferences(usize),
}

impl<'a> Series<'a> {
    /// An empty series, to be filled by [`super::TimeSeries::next`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many samples: floats and histograms.
    #[must_use]
    pub fn sample_count(&self) -> usize {
        self.samples.len() + self.histograms.len()
    }

    /// The labels of one of this series' exemplars, as they were sent.
    #[must_use]
    pub fn exemplar_labels(&self, exemplar: &ExemplarRef) -> &[(&'a str, &'a str)] {
        self.exemplar_labels.get(exemplar.labels.clone()).unwrap_or_default()
    }

    /// The labels of a 2.0 series as it sent them: names and values in turn, as numbers of the request's symbols. None of 1.0.
    #[must_use]
    #[inline]
    pub fn label_refs(&self) -> &[u64] {
        &self.refs
    }

    pub(super) fn clear(&mut self) {
        self.labels.clear();
        self.samples.clear();
        self.histograms.clear();
        self.exemplars.clear();
        self.exemplar_labels.clear();
        self.refs.clear();
        self.metadata = None;
        self.problem = None;
        self.metadata_problem = None;
    }
}

/// Appends to a list that the sender can make as long as the message.
#[inline]
pub(super) fn push<T>(list: &mut Vec<T>, item: T, what: &'static str, at: &Reader<'_>) -> Result<(), Error> {
    if list.len() >= MAX_ITEMS {
        return Err(at.error(Malformed::TooMany { what, max: MAX_ITEMS }));
    }
    list.push(item);
    Ok(())
}
