//! One partition's part of an open batch.

use bytes::Bytes;
use hashbrown::HashMap;
use mneme_model::{Metadata, TimestampMs};

use super::columns::{ColumnReader, ColumnWriter};
use super::wire::{put_bytes, put_varint, put_zigzag};
use super::{FLAG_STARTS, HEADER_LEN, MAGIC};
use crate::segment::Counts;

/// Collects one partition's records, to be encoded as a section.
#[derive(Clone, Debug, Default)]
pub(crate) struct SectionBuilder {
    table: u32,
    first_ref: u32,
    series: u32,
    definitions: Vec<u8>,
    /// The batch's tenant number, to this section's.
    tenants: HashMap<u32, u32>,
    tenant_names: Vec<u8>,
    floats: u32,
    refs: ColumnWriter,
    times: ColumnWriter,
    bits: Vec<u8>,
    /// Empty, or as long as `times`.
    starts: ColumnWriter,
    histograms: Vec<HistogramEntry>,
    histogram_bytes: Vec<u8>,
    exemplars: Vec<ExemplarEntry>,
    exemplar_bytes: Vec<u8>,
    metadata: Vec<u8>,
    metadata_count: u32,
}

#[derive(Clone, Copy, Debug)]
struct HistogramEntry {
    ordinal: u32,
    reference: u32,
    t: TimestampMs,
    st: TimestampMs,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct ExemplarEntry {
    reference: u32,
    t: TimestampMs,
    bits: u64,
    len: usize,
}

/// A tenant by the writer's own number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberedTenant<'a> {
    pub(crate) number: u32,
    pub(crate) name: &'a str,
}

impl SectionBuilder {
    /// A section whose first new series gets `first_ref` of the table with this number.
    pub(crate) fn new(table: u32, first_ref: u32) -> Self {
        Self { table, first_ref, ..Self::default() }
    }

    /// Defines the next reference.
    pub(crate) fn define(&mut self, tenant: NumberedTenant<'_>, labels: &[u8]) {
        let tenant = self.tenant(tenant);
        put_varint(&mut self.definitions, tenant.into());
        put_bytes(&mut self.definitions, labels);
        self.series += 1;
    }

    #[inline]
    pub(crate) fn float(&mut self, reference: u32, t: TimestampMs, bits: u64, st: TimestampMs) {
        if st != 0 && self.starts.is_empty() {
            (0..self.floats).for_each(|_| self.starts.push(0));
        }
        if st != 0 || !self.starts.is_empty() {
            self.starts.push(st);
        }
        self.floats += 1;
        self.refs.push_ascending(reference);
        self.times.push(t);
        self.bits.extend_from_slice(&bits.to_le_bytes());
    }

    pub(crate) fn histogram(&mut self, reference: u32, t: TimestampMs, st: TimestampMs, encoded: &[u8]) {
        let ordinal = self.sample_count();
        self.histograms.push(HistogramEntry { ordinal, reference, t, st, len: encoded.len() });
        self.histogram_bytes.extend_from_slice(encoded);
    }

    pub(crate) fn exemplar(&mut self, reference: u32, t: TimestampMs, bits: u64, labels: &[u8]) {
        self.exemplars.push(ExemplarEntry { reference, t, bits, len: labels.len() });
        self.exemplar_bytes.extend_from_slice(labels);
    }

    pub(crate) fn metadata(&mut self, tenant: NumberedTenant<'_>, metric: &str, metadata: &Metadata) {
        let tenant = self.tenant(tenant);
        put_varint(&mut self.metadata, tenant.into());
        self.metadata.push(metadata.metric_type as u8);
        for text in [metric, &metadata.help, &metadata.unit] {
            put_bytes(&mut self.metadata, text.as_bytes());
        }
        self.metadata_count += 1;
    }

    /// How many samples, floats and histograms together: the next sample's ordinal.
    pub(crate) fn sample_count(&self) -> u32 {
        self.floats + self.histograms.len() as u32
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.series == 0 && self.sample_count() == 0 && self.exemplars.is_empty() && self.metadata_count == 0
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            series: self.series,
            floats: self.floats,
            histograms: self.histograms.len() as u32,
            exemplars: self.exemplars.len() as u32,
            metadata: self.metadata_count,
        }
    }

    /// Gives every reference in use a new one of another table and forgets the definitions: `renew` returns the new reference,
    /// and defines it here where it is new. Samples keep their ordinals.
    pub(crate) fn renumber(
        &mut self,
        table: u32,
        first_ref: u32,
        mut renew: impl FnMut(&mut Self, u32) -> u32,
    ) {
        (self.table, self.first_ref) = (table, first_ref);
        self.series = 0;
        self.definitions.clear();
        let refs = std::mem::take(&mut self.refs);
        let mut before = ColumnReader::new(refs.bytes());
        for _ in 0..self.floats {
            let renewed = renew(self, before.next_ascending());
            self.refs.push_ascending(renewed);
        }
        let mut histograms = std::mem::take(&mut self.histograms);
        let mut exemplars = std::mem::take(&mut self.exemplars);
        let in_histograms = histograms.iter_mut().map(|histogram| &mut histogram.reference);
        let in_exemplars = exemplars.iter_mut().map(|exemplar| &mut exemplar.reference);
        for reference in in_histograms.chain(in_exemplars) {
            *reference = renew(self, *reference);
        }
        self.histograms = histograms;
        self.exemplars = exemplars;
    }

    /// The raw section (`docs/formats/wal.md`).
    pub(crate) fn encode(&self) -> Bytes {
        let mut histograms = Vec::with_capacity(self.histogram_bytes.len() + 16 * self.histograms.len());
        self.encode_histograms(&mut histograms);
        let mut exemplars = Vec::with_capacity(self.exemplar_bytes.len() + 24 * self.exemplars.len());
        self.encode_exemplars(&mut exemplars);
        let columns = [self.refs.bytes(), self.times.bytes(), &self.bits, self.starts.bytes()];
        let variable = self.tenant_names.len() + self.definitions.len() + histograms.len() + exemplars.len();
        let columns_len: usize = columns.iter().map(|column| column.len()).sum();
        let mut out = Vec::with_capacity(HEADER_LEN + variable + self.metadata.len() + columns_len);
        out.extend_from_slice(&MAGIC);
        let flags = if self.starts.is_empty() { 0 } else { FLAG_STARTS };
        for number in [
            flags,
            self.table,
            self.first_ref,
            self.tenants.len() as u32,
            self.series,
            self.floats,
            self.histograms.len() as u32,
            self.exemplars.len() as u32,
            self.metadata_count,
            self.tenant_names.len() as u32,
            self.definitions.len() as u32,
            self.refs.bytes().len() as u32,
            self.times.bytes().len() as u32,
            self.starts.bytes().len() as u32,
            histograms.len() as u32,
            exemplars.len() as u32,
            self.metadata.len() as u32,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.tenant_names);
        out.extend_from_slice(&self.definitions);
        columns.iter().for_each(|column| out.extend_from_slice(column));
        out.extend_from_slice(&histograms);
        out.extend_from_slice(&exemplars);
        out.extend_from_slice(&self.metadata);
        out.into()
    }

    fn encode_histograms(&self, out: &mut Vec<u8>) {
        let mut rest = self.histogram_bytes.as_slice();
        let mut last = 0;
        for entry in &self.histograms {
            let (encoded, tail) = rest.split_at(entry.len);
            rest = tail;
            put_varint(out, (entry.ordinal - last).into());
            last = entry.ordinal;
            put_varint(out, entry.reference.into());
            put_zigzag(out, entry.t);
            put_zigzag(out, entry.st);
            put_bytes(out, encoded);
        }
    }

    fn encode_exemplars(&self, out: &mut Vec<u8>) {
        let mut rest = self.exemplar_bytes.as_slice();
        for entry in &self.exemplars {
            let (labels, tail) = rest.split_at(entry.len);
            rest = tail;
            put_varint(out, entry.reference.into());
            put_zigzag(out, entry.t);
            out.extend_from_slice(&entry.bits.to_le_bytes());
            put_bytes(out, labels);
        }
    }

    fn tenant(&mut self, tenant: NumberedTenant<'_>) -> u32 {
        let next = self.tenants.len() as u32;
        *self.tenants.entry(tenant.number).or_insert_with(|| {
            put_bytes(&mut self.tenant_names, tenant.name.as_bytes());
            next
        })
    }
}
