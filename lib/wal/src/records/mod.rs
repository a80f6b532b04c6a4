//! One request's records, staged for one append.

use std::sync::Arc;

use mneme_model::{AnyHistogram, Labels, LabelsRef, Metadata, PartitionId, TenantId, TimestampMs};

use crate::catalog::{Catalog, SeriesId};
use crate::section::histogram;

/// One tenant's series and samples of one request. Filling it allocates nothing per label or sample once it has grown, so
/// reuse it through [`Self::reset`].
///
/// Samples, floats and histograms together, are numbered from 0 in the order in which they are added.
#[derive(Clone, Debug)]
pub struct Records {
    pub(crate) tenant: TenantId,
    /// Whose the known series are.
    pub(crate) catalog: Option<Arc<Catalog>>,
    pub(crate) labels: Vec<u8>,
    pub(crate) series: Vec<StagedSeries>,
    pub(crate) floats: Vec<StagedFloat>,
    pub(crate) starts: Vec<TimestampMs>,
    pub(crate) histograms: Vec<StagedHistogram>,
    pub(crate) histogram_bytes: Vec<u8>,
    pub(crate) exemplars: Vec<StagedExemplar>,
    pub(crate) metadata: Vec<StagedMetadata>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct StagedSeries {
    pub(crate) hash: u64,
    pub(crate) start: usize,
    pub(crate) len: u32,
    /// Its labels need not be looked at.
    pub(crate) known: Option<SeriesId>,
    pub(crate) partition: PartitionId,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct StagedFloat {
    pub(crate) series: u32,
    pub(crate) t: TimestampMs,
    pub(crate) bits: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct StagedHistogram {
    /// Among all samples of the request.
    pub(crate) ordinal: u32,
    pub(crate) series: u32,
    pub(crate) t: TimestampMs,
    pub(crate) st: TimestampMs,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct StagedExemplar {
    pub(crate) series: u32,
    pub(crate) t: TimestampMs,
    pub(crate) bits: u64,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct StagedMetadata {
    pub(crate) partition: PartitionId,
    pub(crate) metric: String,
    pub(crate) metadata: Metadata,
}

impl Records {
    /// No records of `tenant` yet.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            catalog: None,
            labels: Vec::new(),
            series: Vec::new(),
            floats: Vec::new(),
            starts: Vec::new(),
            histograms: Vec::new(),
            histogram_bytes: Vec::new(),
            exemplars: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// Forgets the records, keeps the memory, and goes on for `tenant`.
    pub fn reset(&mut self, tenant: TenantId) {
        self.tenant = tenant;
        self.catalog = None;
        self.labels.clear();
        self.series.clear();
        self.floats.clear();
        self.starts.clear();
        self.histograms.clear();
        self.histogram_bytes.clear();
        self.exemplars.clear();
        self.metadata.clear();
    }

    /// Whose records.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Adds a series and returns its index for the calls below. `hash` is of tenant and labels (any function, the same at
    /// every call for this WAL); `partition` is where its records go. The same series may be added again.
    pub fn series(&mut self, labels: LabelsRef<'_>, hash: u64, partition: PartitionId) -> u32 {
        let bytes = labels.as_bytes();
        let (index, len) = (index(self.series.len()), index(bytes.len()));
        self.series.push(StagedSeries { hash, start: self.labels.len(), len, known: None, partition });
        self.labels.extend_from_slice(bytes);
        index
    }

    /// The catalog that the series named in [`Self::known_series`] and [`Self::now_known`] are of: call it once, before them.
    pub fn set_catalog(&mut self, catalog: Arc<Catalog>) {
        self.catalog = Some(catalog);
    }

    /// Adds a series of the catalog, whose partition this is, and returns its index as [`Self::series`] does.
    #[inline]
    pub fn known_series(&mut self, series: SeriesId, partition: PartitionId) -> u32 {
        let index = index(self.series.len());
        self.series.push(StagedSeries { hash: 0, start: 0, len: 0, known: Some(series), partition });
        index
    }

    /// Tells that the catalog now knows the series with this index, in the same partition.
    pub fn now_known(&mut self, index: u32, series: SeriesId) {
        if let Some(staged) = self.series.get_mut(index as usize) {
            staged.known = Some(series);
        }
    }

    /// The partition of the series with this index; `None` if there is none.
    #[must_use]
    pub fn partition(&self, index: u32) -> Option<PartitionId> {
        self.series.get(index as usize).map(|series| series.partition)
    }

    /// The labels and partition of the series with this index; `None` if there is none.
    #[must_use]
    pub fn series_at(&self, index: u32) -> Option<(Labels, PartitionId)> {
        let series = self.series.get(index as usize)?;
        Some((self.labels_of(series), series.partition))
    }

    /// Adds a float sample and returns its number. `st` is the start timestamp, 0 if unknown.
    #[inline]
    pub fn float(&mut self, series: u32, t: TimestampMs, value: f64, st: TimestampMs) -> u32 {
        let ordinal = self.next_ordinal();
        if st != 0 && self.starts.is_empty() {
            self.starts.resize(self.floats.len(), 0);
        }
        if st != 0 || !self.starts.is_empty() {
            self.starts.push(st);
        }
        self.floats.push(StagedFloat { series, t, bits: value.to_bits() });
        ordinal
    }

    /// Adds a native histogram and returns its number. `st` is the start timestamp, 0 if unknown.
    pub fn histogram(&mut self, series: u32, t: TimestampMs, st: TimestampMs, value: &AnyHistogram) -> u32 {
        let ordinal = self.next_ordinal();
        let start = self.histogram_bytes.len();
        histogram::encode(value, &mut self.histogram_bytes);
        let len = self.histogram_bytes.len() - start;
        self.histograms.push(StagedHistogram { ordinal, series, t, st, start, len });
        ordinal
    }

    /// Adds an exemplar of a series; `labels` are the exemplar's own.
    pub fn exemplar(&mut self, series: u32, t: TimestampMs, value: f64, labels: LabelsRef<'_>) {
        let bytes = labels.as_bytes();
        let (start, len) = (self.labels.len(), bytes.len());
        self.labels.extend_from_slice(bytes);
        self.exemplars.push(StagedExemplar { series, t, bits: value.to_bits(), start, len });
    }

    /// Adds what is known of a metric family; `partition` is where it goes (the same for every record of a family).
    pub fn metadata(&mut self, partition: PartitionId, metric: &str, metadata: &Metadata) {
        self.metadata.push(StagedMetadata {
            partition,
            metric: metric.to_owned(),
            metadata: metadata.clone(),
        });
    }

    /// The series and time of the sample with this number; `None` if there is none.
    #[must_use]
    pub fn sample(&self, ordinal: u32) -> Option<(Labels, TimestampMs)> {
        let before = self.histograms.partition_point(|histogram| histogram.ordinal < ordinal);
        let histogram = self.histograms.get(before).filter(|histogram| histogram.ordinal == ordinal);
        let (series, t) = match histogram {
            Some(histogram) => (histogram.series, histogram.t),
            None => self
                .floats
                .get((ordinal as usize).checked_sub(before)?)
                .map(|float| (float.series, float.t))?,
        };
        Some((self.labels_of(self.series.get(series as usize)?), t))
    }

    pub(crate) fn labels_of(&self, series: &StagedSeries) -> Labels {
        if let Some(staged) = self.staged_labels(series) {
            return staged.to_owned();
        }
        match (series.known, &self.catalog) {
            (Some(known), Some(catalog)) => catalog.read().labels(known, &mut String::new()).to_owned(),
            _ => Labels::empty(),
        }
    }

    /// The labels that were staged with a series; `None` for one that only the catalog knows.
    pub(crate) fn staged_labels(&self, series: &StagedSeries) -> Option<LabelsRef<'_>> {
        let bytes = self.labels.get(series.start..series.start + series.len as usize)?;
        LabelsRef::parse(bytes).ok().filter(|_| series.known.is_none() || series.len > 0)
    }

    /// How many series were added.
    #[must_use]
    pub fn series_count(&self) -> usize {
        self.series.len()
    }

    /// How many samples were added, floats and histograms together.
    #[must_use]
    pub fn sample_count(&self) -> usize {
        self.floats.len() + self.histograms.len()
    }

    /// Whether there is nothing to store (series without samples, exemplars or metadata are nothing).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sample_count() == 0 && self.exemplars.is_empty() && self.metadata.is_empty()
    }

    /// The most bytes that these records take in a batch.
    #[must_use]
    pub fn size(&self) -> usize {
        let metadata: usize = self
            .metadata
            .iter()
            .map(|m| 32 + m.metric.len() + m.metadata.help.len() + m.metadata.unit.len())
            .sum();
        self.labels.len()
            + 16 * self.series.len()
            + 28 * self.floats.len()
            + self.histogram_bytes.len()
            + 32 * self.histograms.len()
            + 32 * self.exemplars.len()
            + metadata
    }

    /// The partitions of the samples, in the order of their numbers.
    pub(crate) fn sample_partitions(&self) -> impl Iterator<Item = PartitionId> + '_ {
        let mut floats = self.floats.iter();
        let mut histograms = self.histograms.iter().peekable();
        (0..index(self.sample_count())).filter_map(move |ordinal| {
            let series = match histograms.next_if(|histogram| histogram.ordinal == ordinal) {
                Some(histogram) => histogram.series,
                None => floats.next()?.series,
            };
            self.series.get(series as usize).map(|series| series.partition)
        })
    }

    fn next_ordinal(&self) -> u32 {
        index(self.sample_count())
    }
}

/// A request holds far fewer than 2^32 of anything: its bytes are limited long before.
fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
