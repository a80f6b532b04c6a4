//! The records of one segment to be.

use std::sync::Arc;

use bytes::Bytes;
use mneme_model::{Cut, PartitionId, WriterId};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::tables::{KnownSeries, Tables};
use crate::deliver::Verdict;
use crate::records::{Records, StagedSeries};
use crate::section::SectionBuilder;
use crate::segment::{Header, Kind, SegmentEncoder};
use crate::{AppendError, Compression};

/// How far a batch has come.
#[derive(Clone, Debug)]
pub(super) enum Progress {
    /// Not durable yet.
    Waiting,
    /// In the bucket.
    Durable(Place),
    /// In the bucket, and the owners have answered.
    Answered(Place, Arc<Verdict>),
    /// It will not become durable by this writer.
    Failed(AppendError),
}

/// Where a batch went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) writer: WriterId,
    pub(super) seq: u64,
    pub(super) cut: Cut,
}

/// The ordinals that a request's samples got in one section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) partition: PartitionId,
    pub(super) first: u32,
    pub(super) count: u32,
}

/// Records of many requests on their way into one segment.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) cut: Cut,
    /// The references in use; locked only under the writer's own lock.
    pub(super) tables: Arc<Mutex<Tables>>,
    sections: Vec<Option<Box<SectionBuilder>>>,
    pub(super) size: usize,
    pub(super) progress: watch::Sender<Progress>,
}

/// A batch as bytes.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) sections: Vec<(PartitionId, Bytes)>,
    pub(super) object: Bytes,
}

impl Batch {
    pub(super) fn new(cut: Cut, tables: Arc<Mutex<Tables>>) -> Self {
        Self { cut, tables, sections: Vec::new(), size: 0, progress: watch::Sender::new(Progress::Waiting) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Adds a request's records; returns where its samples are. `refs` is scratch space.
    pub(super) fn merge(&mut self, records: &Records, size: usize, refs: &mut Vec<u32>) -> Vec<Span> {
        let tables = Arc::clone(&self.tables);
        let mut tables = tables.lock();
        let tenant = tables.tenant(&records.tenant);
        refs.clear();
        refs.resize(records.series.len(), UNRESOLVED);
        let mut merge = Merge { batch: self, tables: &mut tables, records, refs, spans: Vec::new(), tenant };
        merge.samples();
        merge.exemplars();
        merge.metadata();
        let mut spans = merge.spans;
        for span in &mut spans {
            span.count = self.section(span.partition, 0).sample_count() - span.first;
        }
        self.size += size.max(1);
        spans
    }

    /// Moves the batch to a new writer or cut: every reference is resolved anew in `tables`.
    pub(super) fn rebase(&mut self, cut: Cut, tables: &Arc<Mutex<Tables>>) {
        let old = std::mem::replace(&mut self.tables, Arc::clone(tables));
        self.cut = cut;
        let (mut old, mut new) = (old.lock(), tables.lock());
        for (place, section) in self.sections.iter_mut().enumerate() {
            let Some(section) = section else { continue };
            let partition = PartitionId(place as u16);
            let first_ref = new.partition(partition).next_ref();
            section.renumber(first_ref, |section, reference| {
                let tenant = old.partition(partition).series(reference).tenant;
                let tenant = new.tenant(old.tenant_name(tenant));
                let known = KnownSeries { tenant, ..old.partition(partition).series(reference) };
                let (reference, is_new) = new.partition(partition).resolve(known);
                if is_new {
                    section.define(new.numbered(tenant), known.labels);
                }
                reference
            });
        }
    }

    /// The segment's bytes, and its sections as their owners get them.
    pub(super) fn encode(&self, mut header: Header, compression: Compression) -> Encoded {
        debug_assert_eq!(header.kind, Kind::Segment);
        header.cut = self.cut;
        let mut encoder = SegmentEncoder::default();
        let mut sections = Vec::new();
        for (place, section) in self.sections.iter().enumerate() {
            let Some(section) = section.as_ref().filter(|section| !section.is_empty()) else { continue };
            let partition = PartitionId(place as u16);
            let raw = section.encode();
            encoder.add(partition, &raw, section.counts(), compression);
            sections.push((partition, raw));
        }
        Encoded { sections, object: encoder.finish(header) }
    }

    /// The partition's section, begun with `first_ref` if it is new.
    fn section(&mut self, partition: PartitionId, first_ref: u32) -> &mut SectionBuilder {
        let place = usize::from(partition.0);
        if place >= self.sections.len() {
            self.sections.resize_with(place + 1, || None);
        }
        self.sections[place].get_or_insert_with(|| Box::new(SectionBuilder::new(first_ref)))
    }
}

/// A series that has not been looked up for this request.
const UNRESOLVED: u32 = u32::MAX;

/// One request on its way into a batch.
struct Merge<'a> {
    batch: &'a mut Batch,
    tables: &'a mut Tables,
    records: &'a Records,
    refs: &'a mut Vec<u32>,
    spans: Vec<Span>,
    tenant: u32,
}

impl Merge<'_> {
    fn samples(&mut self) {
        let records = self.records;
        let mut histograms = records.histograms.iter().peekable();
        let mut starts = records.starts.iter();
        let mut ordinal = 0;
        for float in &records.floats {
            while let Some(histogram) = histograms.next_if(|histogram| histogram.ordinal == ordinal) {
                self.histogram(histogram);
                ordinal += 1;
            }
            let st = starts.next().copied().unwrap_or(0);
            if let Some((reference, section)) = self.resolve(float.series) {
                section.float(reference, float.t, float.bits, st);
            }
            ordinal += 1;
        }
        histograms.for_each(|histogram| self.histogram(histogram));
    }

    fn histogram(&mut self, histogram: &crate::records::StagedHistogram) {
        let records = self.records;
        let bytes = &records.histogram_bytes[histogram.start..histogram.start + histogram.len];
        if let Some((reference, section)) = self.resolve(histogram.series) {
            section.histogram(reference, histogram.t, histogram.st, bytes);
        }
    }

    fn exemplars(&mut self) {
        let records = self.records;
        for exemplar in &records.exemplars {
            let labels = &records.labels[exemplar.start..exemplar.start + exemplar.len];
            if let Some((reference, section)) = self.resolve(exemplar.series) {
                section.exemplar(reference, exemplar.t, exemplar.bits, labels);
            }
        }
    }

    fn metadata(&mut self) {
        for staged in &self.records.metadata {
            let first_ref = self.tables.partition(staged.partition).next_ref();
            let section = self.batch.section(staged.partition, first_ref);
            section.metadata(self.tables.numbered(self.tenant), &staged.metric, &staged.metadata);
        }
    }

    /// The series' reference and section. `None` for an index that [`Records::series`] never returned.
    fn resolve(&mut self, index: u32) -> Option<(u32, &mut SectionBuilder)> {
        let known = *self.refs.get(index as usize)?;
        let records = self.records;
        let series = records.series.get(index as usize)?;
        let reference = if known == UNRESOLVED { self.look_up(index, series) } else { known };
        Some((reference, self.batch.section(series.partition, 0)))
    }

    fn look_up(&mut self, index: u32, series: &StagedSeries) -> u32 {
        let records = self.records;
        let labels = &records.labels[series.start..series.start + series.len];
        let table = self.tables.partition(series.partition);
        let first_ref = table.next_ref();
        let (reference, is_new) =
            table.resolve(KnownSeries { hash: series.hash, tenant: self.tenant, labels });
        let section = self.batch.section(series.partition, first_ref);
        if is_new {
            section.define(self.tables.numbered(self.tenant), labels);
        }
        if !self.spans.iter().any(|span| span.partition == series.partition) {
            self.spans.push(Span { partition: series.partition, first: section.sample_count(), count: 0 });
        }
        self.refs[index as usize] = reference;
        reference
    }
}
