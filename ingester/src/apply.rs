//! Puts a section's records into a head.

use bytes::Bytes;
use mneme_head::{Appender, Head, Outcome, SeriesRef};
use mneme_model::{AnyHistogram, Cut, Exemplar, TenantId};
use mneme_wal::{DecodeError, References, Section};

/// What became of a section's records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// New samples.
    pub(crate) appended: u64,
    /// Samples that were there already.
    pub(crate) duplicates: u64,
    /// Positions of samples whose series had another value at their time.
    pub(crate) conflicts: Vec<u32>,
    /// Samples that blocks hold already, or that name a series whose definition was lost.
    pub(crate) left_out: u64,
    /// Exemplars.
    pub(crate) exemplars: u64,
    /// Metadata records.
    pub(crate) metadata: u64,
    /// What could not be read; everything else was applied.
    pub(crate) broken: Option<DecodeError>,
}

/// Applies a section that is stamped with `cut`. `references` are those of its writer and partition.
pub(crate) fn apply(head: &Head, cut: Cut, bytes: Bytes, references: &mut References<SeriesRef>) -> Applied {
    let mut applied = Applied::default();
    match Section::parse(bytes) {
        Err(error) => applied.broken = Some(error),
        Ok(section) if !references.begin(&section) => {
            applied.broken =
                Some(DecodeError { offset: 8, reason: "the first reference is far past the ones before it" });
        }
        Ok(section) => {
            let mut application =
                Application { appender: head.appender(), cut, references, applied: &mut applied };
            application.definitions(&section);
            application.samples(&section);
            application.exemplars(&section);
            application.metadata(&section);
        }
    }
    applied
}

/// One section on its way into the head; holds the head's write lock.
struct Application<'a> {
    appender: Appender<'a>,
    cut: Cut,
    references: &'a mut References<SeriesRef>,
    applied: &'a mut Applied,
}

impl Application<'_> {
    fn definitions(&mut self, section: &Section) {
        let mut last: Option<TenantId> = None;
        for definition in section.definitions() {
            let Some(definition) = self.whole(definition) else { return };
            let Some(tenant) = tenant(&mut last, definition.tenant) else {
                self.broken("a definition names an invalid tenant");
                return;
            };
            self.references.define(self.appender.series(tenant, definition.labels, self.cut));
        }
    }

    fn samples(&mut self, section: &Section) {
        for float in section.floats() {
            let outcome = match self.references.get(float.reference) {
                Some(series) => self.appender.float(*series, self.cut, float.t, float.value, float.st),
                None => Outcome::Gone,
            };
            self.count(outcome, float.ordinal);
        }
        let mut histogram = AnyHistogram::default();
        for record in section.histograms() {
            let read = record.and_then(|record| record.read(&mut histogram).map(|()| record));
            let Some(record) = self.whole(read) else { return };
            let outcome = match self.references.get(record.reference) {
                Some(series) => self.appender.histogram(*series, self.cut, record.t, record.st, &histogram),
                None => Outcome::Gone,
            };
            self.count(outcome, record.ordinal);
        }
    }

    fn exemplars(&mut self, section: &Section) {
        for record in section.exemplars() {
            let Some(record) = self.whole(record) else { return };
            if let Some(series) = self.references.get(record.reference) {
                let exemplar =
                    Exemplar { labels: record.labels.to_owned(), value: record.value, timestamp: record.t };
                self.appender.stamped_exemplar(*series, self.cut, exemplar);
                self.applied.exemplars += 1;
            }
        }
    }

    fn metadata(&mut self, section: &Section) {
        let mut last: Option<TenantId> = None;
        for record in section.metadata() {
            let Some(record) = self.whole(record) else { return };
            let Some(tenant) = tenant(&mut last, record.tenant) else {
                self.broken("metadata names an invalid tenant");
                return;
            };
            if self.appender.metadata(tenant, record.metric, record.to_metadata()) {
                self.applied.metadata += 1;
            }
        }
    }

    fn count(&mut self, outcome: Outcome, ordinal: u32) {
        match outcome {
            Outcome::Appended => self.applied.appended += 1,
            Outcome::Duplicate => self.applied.duplicates += 1,
            Outcome::Conflict => self.applied.conflicts.push(ordinal),
            Outcome::Covered | Outcome::Gone => self.applied.left_out += 1,
        }
    }

    fn whole<T>(&mut self, record: Result<T, DecodeError>) -> Option<T> {
        record.map_err(|error| self.applied.broken.get_or_insert(error).offset).ok()
    }

    fn broken(&mut self, reason: &'static str) {
        self.applied.broken.get_or_insert(DecodeError { offset: 0, reason });
    }
}

/// The tenant of this name; the one before is kept, because they come in runs.
fn tenant<'a>(last: &'a mut Option<TenantId>, name: &str) -> Option<&'a TenantId> {
    if last.as_ref().is_none_or(|last| last.as_str() != name) {
        *last = Some(TenantId::new(name).ok()?);
    }
    last.as_ref()
}
