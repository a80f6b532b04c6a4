//! The records of one segment to be.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use mneme_model::{Cut, Labels, PartitionId, WriterId};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::tables::Tables;
use crate::catalog::{SeriesId, SpaceId};
use crate::deliver::Verdict;
use crate::records::{Records, StagedSeries};
use crate::section::{NumberedTenant, SectionBuilder};
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
    /// Their number.
    table: u32,
    sections: Vec<Option<Box<Slot>>>,
    /// Counts the requests merged.
    requests: u32,
    pub(super) size: usize,
    pub(super) progress: watch::Sender<Progress>,
}

/// A partition's section, and which request's samples came last.
#[derive(Debug)]
struct Slot {
    builder: SectionBuilder,
    request: u32,
}

/// A batch as bytes.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) sections: Vec<(PartitionId, Bytes)>,
    pub(super) object: Bytes,
}

impl Batch {
    pub(super) fn new(cut: Cut, tables: Arc<Mutex<Tables>>) -> Self {
        let progress = watch::Sender::new(Progress::Waiting);
        let table = tables.lock().number();
        Self { cut, tables, table, sections: Vec::new(), requests: 0, size: 0, progress }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Adds a request's records; returns where its samples are. `refs` is scratch space.
    pub(super) fn merge(&mut self, records: &Records, size: usize, refs: &mut Vec<u32>) -> Vec<Span> {
        let tables = Arc::clone(&self.tables);
        let mut tables = tables.lock();
        let tenant = tables.tenant(&records.tenant);
        self.requests += 1;
        refs.clear();
        refs.resize(records.series.len(), UNRESOLVED);
        let enrolled = enroll(&tables, records);
        let mut merge = Merge {
            batch: self,
            tables: &mut tables,
            records,
            enrolled,
            refs,
            spans: Vec::new(),
            tenant,
            text: String::new(),
        };
        merge.samples();
        merge.exemplars();
        merge.metadata();
        let mut spans = merge.spans;
        for span in &mut spans {
            span.count = self.section(span.partition, 0).builder.sample_count() - span.first;
        }
        self.size += size.max(1);
        spans
    }

    /// Moves the batch to a new writer or cut: every reference is resolved anew in `tables`.
    pub(super) fn rebase(&mut self, cut: Cut, tables: &Arc<Mutex<Tables>>) {
        let old = std::mem::replace(&mut self.tables, Arc::clone(tables));
        self.cut = cut;
        let (old, mut new) = (old.lock(), tables.lock());
        self.table = new.number();
        let mut text = String::new();
        for (place, slot) in self.sections.iter_mut().enumerate() {
            let Some(slot) = slot else { continue };
            let partition = PartitionId(place as u16);
            slot.builder.renumber(self.table, new.next_ref(partition), |section, reference| {
                let known = old.series(partition, reference).expect("the reference was given out there");
                let reader = old.catalog().read();
                let (tenant, hash) = reader.origin(known).expect("the series was added there");
                let (tenant, labels) = (tenant.clone(), reader.labels(known, &mut text));
                drop(reader);
                let mut writer = new.catalog().write();
                let space = writer.canonical_space(&tenant, partition);
                let series = writer.canonical(space, labels, hash, partition);
                drop(writer);
                let number = new.tenant(&tenant);
                let (reference, is_new) = new.resolve(series, partition);
                if is_new {
                    section.define(NumberedTenant { number, name: tenant.as_str() }, labels.as_bytes());
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
        for (place, slot) in self.sections.iter().enumerate() {
            let section = slot.as_ref().map(|slot| &slot.builder);
            let Some(section) = section.filter(|section| !section.is_empty()) else { continue };
            let partition = PartitionId(place as u16);
            let raw = section.encode();
            encoder.add(partition, &raw, section.counts(), compression);
            sections.push((partition, raw));
        }
        Encoded { sections, object: encoder.finish(header) }
    }

    /// The partition's section, begun with `first_ref` if it is new.
    #[inline]
    fn section(&mut self, partition: PartitionId, first_ref: u32) -> &mut Slot {
        let place = usize::from(partition.0);
        if place >= self.sections.len() {
            self.sections.resize_with(place + 1, || None);
        }
        self.sections[place].get_or_insert_with(|| {
            Box::new(Slot { builder: SectionBuilder::new(self.table, first_ref), request: 0 })
        })
    }
}

/// The request's series in the tables' catalog, by index; empty where they all are there already.
fn enroll(tables: &Tables, records: &Records) -> Vec<SeriesId> {
    let catalog = tables.catalog();
    let same = records.catalog.as_ref().is_some_and(|of_records| Arc::ptr_eq(of_records, catalog));
    if same && records.series.iter().all(|series| series.known.is_some()) {
        return Vec::new();
    }
    // Those that only an older catalog knows: there, before this one is locked.
    let elsewhere = |series: &StagedSeries| !same && records.staged_labels(series).is_none();
    let moved: Vec<_> =
        records.series.iter().filter(|series| elsewhere(series)).map(|s| records.labels_of(s)).collect();
    let mut moved = moved.iter();
    let mut writer = catalog.write();
    let mut spaces: HashMap<PartitionId, SpaceId> = HashMap::new();
    let mut enrolled = Vec::with_capacity(records.series.len());
    for series in &records.series {
        if let Some(known) = series.known.filter(|_| same) {
            enrolled.push(known);
            continue;
        }
        let staged = records.staged_labels(series);
        let labels = staged.or_else(|| moved.next().map(Labels::view)).unwrap_or_default();
        let space = *spaces
            .entry(series.partition)
            .or_insert_with(|| writer.canonical_space(&records.tenant, series.partition));
        enrolled.push(writer.canonical(space, labels, series.hash, series.partition));
    }
    enrolled
}

/// A series that has not been looked up for this request.
const UNRESOLVED: u32 = u32::MAX;

/// One request on its way into a batch.
struct Merge<'a> {
    batch: &'a mut Batch,
    tables: &'a mut Tables,
    records: &'a Records,
    enrolled: Vec<SeriesId>,
    refs: &'a mut Vec<u32>,
    spans: Vec<Span>,
    tenant: u32,
    text: String,
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
        let tenant = NumberedTenant { number: self.tenant, name: self.records.tenant.as_str() };
        for staged in &self.records.metadata {
            let first_ref = self.tables.next_ref(staged.partition);
            let slot = self.batch.section(staged.partition, first_ref);
            slot.builder.metadata(tenant, &staged.metric, &staged.metadata);
        }
    }

    /// The series' reference and section. `None` for an index that [`Records::series`] never returned.
    #[inline]
    fn resolve(&mut self, index: u32) -> Option<(u32, &mut SectionBuilder)> {
        let known = *self.refs.get(index as usize)?;
        let records = self.records;
        let series = records.series.get(index as usize)?;
        let reference = if known == UNRESOLVED { self.look_up(index, series)? } else { known };
        Some((reference, &mut self.batch.section(series.partition, 0).builder))
    }

    fn look_up(&mut self, index: u32, series: &StagedSeries) -> Option<u32> {
        let known = self.enrolled.get(index as usize).copied().or(series.known)?;
        let partition = series.partition;
        let first_ref = self.tables.next_ref(partition);
        let (reference, is_new) = self.tables.resolve(known, partition);
        let request = self.batch.requests;
        let slot = self.batch.section(partition, first_ref);
        if is_new {
            let tenant = NumberedTenant { number: self.tenant, name: self.records.tenant.as_str() };
            let staged = self.records.staged_labels(series);
            let labels = staged.unwrap_or_else(|| self.tables.catalog().read().labels(known, &mut self.text));
            slot.builder.define(tenant, labels.as_bytes());
        }
        if slot.request != request {
            slot.request = request;
            self.spans.push(Span { partition, first: slot.builder.sample_count(), count: 0 });
        }
        self.refs[index as usize] = reference;
        Some(reference)
    }
}
