//! One partition's records of one segment: the same bytes in the bucket, in delivery and in replay.
//!
//! Series are written once per (writer, cut, partition) and get dense references in a numbered table; another number starts
//! references anew. Samples are columns. The layout is drawn in `docs/formats/wal.md`.

mod builder;
mod columns;
pub(crate) mod histogram;
mod references;
pub(crate) mod wire;

use bytes::Bytes;
use mneme_model::{AnyHistogram, LabelsRef, Metadata, MetricType, TimestampMs};

pub(crate) use builder::{NumberedTenant, SectionBuilder};
use columns::{ColumnReader, is_column};
pub use references::References;
use wire::Reader;

use crate::DecodeError;

/// "Mneme WAL section", version 1.
const MAGIC: [u8; 4] = *b"MWS1";
/// Magic and 17 numbers.
const HEADER_LEN: usize = 4 + 17 * 4;
/// The section has start timestamps.
const FLAG_STARTS: u32 = 1;

/// A parsed section: the layout is checked, columns and records are read in place.
#[derive(Clone, Debug)]
pub struct Section {
    bytes: Bytes,
    table: u32,
    first_ref: u32,
    tenants: Vec<(usize, usize)>,
    series: Part,
    floats: usize,
    refs: Part,
    times: Part,
    values: Part,
    starts: Part,
    histograms: Part,
    exemplars: Part,
    metadata: Part,
}

/// A run of variable-length records.
#[derive(Clone, Copy, Debug)]
struct Part {
    count: usize,
    start: usize,
    len: usize,
}

/// A series' definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    /// Its reference: the section's first one plus its place.
    pub reference: u32,
    /// Whose series.
    pub tenant: &'a str,
    /// Its labels, checked.
    pub labels: LabelsRef<'a>,
}

/// A float sample.
#[derive(Clone, Copy, Debug)]
pub struct Float {
    /// Its place among the section's samples, floats and histograms.
    pub ordinal: u32,
    /// Its series.
    pub reference: u32,
    /// When.
    pub t: TimestampMs,
    /// Start timestamp, 0 if unknown.
    pub st: TimestampMs,
    /// The value, bit for bit as it was sent.
    pub value: f64,
}

/// A native histogram sample.
#[derive(Clone, Copy, Debug)]
pub struct HistogramRecord<'a> {
    /// Its place among the section's samples, floats and histograms.
    pub ordinal: u32,
    /// Its series.
    pub reference: u32,
    /// When.
    pub t: TimestampMs,
    /// Start timestamp, 0 if unknown.
    pub st: TimestampMs,
    encoded: Reader<'a>,
}

impl HistogramRecord<'_> {
    /// Reads the histogram, bit for bit as it was sent, into the memory of another.
    ///
    /// # Errors
    /// The bytes are no histogram; `histogram` is anything then.
    pub fn read(&self, histogram: &mut AnyHistogram) -> Result<(), DecodeError> {
        let mut encoded = self.encoded;
        histogram::decode_into(&mut encoded, histogram)?;
        if encoded.is_empty() { Ok(()) } else { Err(encoded.error("bytes follow a histogram")) }
    }
}

/// An exemplar of a series.
#[derive(Clone, Copy, Debug)]
pub struct ExemplarRecord<'a> {
    /// Its series.
    pub reference: u32,
    /// When.
    pub t: TimestampMs,
    /// The observed value.
    pub value: f64,
    /// The exemplar's own labels, checked.
    pub labels: LabelsRef<'a>,
}

/// What is known of a metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataRecord<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// The family's name.
    pub metric: &'a str,
    /// Its type.
    pub metric_type: MetricType,
    /// Its help text.
    pub help: &'a str,
    /// Its unit, empty if none.
    pub unit: &'a str,
}

impl MetadataRecord<'_> {
    /// An owned copy of type, help and unit.
    #[must_use]
    pub fn to_metadata(&self) -> Metadata {
        Metadata { metric_type: self.metric_type, help: self.help.to_owned(), unit: self.unit.to_owned() }
    }
}

impl Section {
    /// Reads the layout of a raw (uncompressed) section.
    ///
    /// # Errors
    /// Where the lengths do not add up to exactly the bytes given, or a tenant is no text. The records behind the layout
    /// are checked as they are iterated over.
    pub fn parse(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&bytes, 0);
        if reader.take(4)? != MAGIC {
            return Err(DecodeError { offset: 0, reason: "not a section of a known version" });
        }
        let flags = reader.u32()?;
        if flags & !FLAG_STARTS != 0 {
            return Err(DecodeError { offset: 4, reason: "unknown section flags" });
        }
        let has_starts = flags & FLAG_STARTS != 0;
        let table = reader.u32()?;
        let first_ref = reader.u32()?;
        let tenants = reader.len32()?;
        let series = reader.len32()?;
        let floats = reader.len32()?;
        let histograms = reader.len32()?;
        let exemplars = reader.len32()?;
        let metadata = reader.len32()?;
        let mut lengths = [0; 8];
        for len in &mut lengths {
            *len = reader.len32()?;
        }
        let [tenants_len, series_len, refs, times, starts, histograms_len, exemplars_len, metadata_len] =
            lengths;
        if u32::try_from(series).ok().and_then(|series| first_ref.checked_add(series)).is_none() {
            return Err(DecodeError { offset: 12, reason: "references overflow" });
        }
        let tenants_start = reader.offset();
        let tenants = parse_tenants(Reader::new(reader.take(tenants_len)?, tenants_start), tenants)?;
        let series = part(&mut reader, series, series_len)?;
        let refs = column(&mut reader, floats, refs)?;
        let times = column(&mut reader, floats, times)?;
        let values = part(&mut reader, floats, floats.saturating_mul(8))?;
        let starts = column(&mut reader, if has_starts { floats } else { 0 }, starts)?;
        let histograms = part(&mut reader, histograms, histograms_len)?;
        let exemplars = part(&mut reader, exemplars, exemplars_len)?;
        let metadata = part(&mut reader, metadata, metadata_len)?;
        if !reader.is_empty() {
            return Err(reader.error("bytes follow the end"));
        }
        if u32::try_from(floats + histograms.count).is_err() {
            return Err(DecodeError { offset: 0, reason: "too many samples" });
        }
        Ok(Self {
            table,
            first_ref,
            tenants,
            series,
            floats,
            refs,
            times,
            values,
            starts,
            histograms,
            exemplars,
            metadata,
            bytes,
        })
    }

    /// The number of the writer's table that the references are of. Another one than in the writer's section before: references
    /// start anew.
    #[must_use]
    pub fn table(&self) -> u32 {
        self.table
    }

    /// The reference of the first definition: as many were defined before in this table.
    #[must_use]
    pub fn first_ref(&self) -> u32 {
        self.first_ref
    }

    /// How many series are defined here.
    #[must_use]
    pub fn definition_count(&self) -> usize {
        self.series.count
    }

    /// How many float samples.
    #[must_use]
    pub fn float_count(&self) -> usize {
        self.floats
    }

    /// How many native histograms.
    #[must_use]
    pub fn histogram_count(&self) -> usize {
        self.histograms.count
    }

    /// How many exemplars.
    #[must_use]
    pub fn exemplar_count(&self) -> usize {
        self.exemplars.count
    }

    /// How many metadata records.
    #[must_use]
    pub fn metadata_count(&self) -> usize {
        self.metadata.count
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The series defined here, references ascending. Ends after the first error.
    pub fn definitions(&self) -> impl Iterator<Item = Result<Definition<'_>, DecodeError>> {
        let mut place = self.first_ref;
        self.records(self.series, move |section, reader| {
            let tenant = section.tenant(reader)?;
            let labels = labels(reader)?;
            let reference = place;
            place += 1;
            Ok(Definition { reference, tenant, labels })
        })
    }

    /// The float samples, ordinals ascending. References are below `first_ref + definition_count`, else they name nothing.
    pub fn floats(&self) -> impl Iterator<Item = Float> {
        let mut histograms = self.histogram_ordinals().peekable();
        let mut ordinal = 0u32;
        let mut refs = ColumnReader::new(self.bytes_of(self.refs));
        let mut times = ColumnReader::new(self.bytes_of(self.times));
        let mut starts = ColumnReader::new(self.bytes_of(self.starts));
        let values = self.bytes_of(self.values).as_chunks::<8>().0;
        values.iter().map(move |bits| {
            while histograms.next_if_eq(&ordinal).is_some() {
                ordinal = ordinal.saturating_add(1);
            }
            let float = Float {
                ordinal,
                reference: refs.next_ascending(),
                t: times.next_number(),
                st: starts.next_number(),
                value: f64::from_bits(u64::from_le_bytes(*bits)),
            };
            ordinal = ordinal.saturating_add(1);
            float
        })
    }

    /// The native histograms, ordinals ascending. Ends after the first error.
    pub fn histograms(&self) -> impl Iterator<Item = Result<HistogramRecord<'_>, DecodeError>> {
        let mut last = 0u32;
        self.records(self.histograms, move |_, reader| {
            let ordinal = next_ordinal(reader, last)?;
            last = ordinal;
            let reference = reader.varint32()?;
            let t = reader.zigzag()?;
            let st = reader.zigzag()?;
            let start = reader.offset();
            Ok(HistogramRecord { ordinal, reference, t, st, encoded: Reader::new(reader.bytes()?, start) })
        })
    }

    /// The exemplars, in the order in which they were added. Ends after the first error.
    pub fn exemplars(&self) -> impl Iterator<Item = Result<ExemplarRecord<'_>, DecodeError>> {
        self.records(self.exemplars, |_, reader| {
            let reference = reader.varint32()?;
            let t = reader.zigzag()?;
            let value = f64::from_bits(reader.u64()?);
            Ok(ExemplarRecord { reference, t, value, labels: labels(reader)? })
        })
    }

    /// The metadata, in the order in which they were added. Ends after the first error.
    pub fn metadata(&self) -> impl Iterator<Item = Result<MetadataRecord<'_>, DecodeError>> {
        self.records(self.metadata, |section, reader| {
            Ok(MetadataRecord {
                tenant: section.tenant(reader)?,
                metric_type: MetricType::from_number(reader.u8()?.into()),
                metric: reader.text()?,
                help: reader.text()?,
                unit: reader.text()?,
            })
        })
    }

    /// Iterates over everything, so that an error shows before anything is applied.
    ///
    /// # Errors
    /// The first one met; also references and counts that cannot be.
    pub fn verify(&self) -> Result<(), DecodeError> {
        let end = self.first_ref + self.series.count as u32;
        let check = |reference: u32, offset: usize| {
            if reference < end {
                Ok(())
            } else {
                Err(DecodeError { offset, reason: "an undefined reference" })
            }
        };
        let samples = (self.floats + self.histograms.count) as u32;
        self.definitions().try_for_each(|definition| definition.map(|_| ()))?;
        self.floats().try_for_each(|float| check(float.reference, self.refs.start))?;
        let mut read = AnyHistogram::default();
        self.histograms().try_for_each(|histogram| {
            let histogram = histogram?;
            histogram.read(&mut read)?;
            if histogram.ordinal >= samples {
                return Err(DecodeError { offset: self.histograms.start, reason: "an ordinal past the end" });
            }
            check(histogram.reference, self.histograms.start)
        })?;
        self.exemplars().try_for_each(|exemplar| check(exemplar?.reference, self.exemplars.start))?;
        self.metadata().try_for_each(|metadata| metadata.map(|_| ()))
    }

    /// Reads `part` record by record; ends after the first error, and errs where bytes remain.
    fn records<'a, T>(
        &'a self,
        part: Part,
        mut read: impl FnMut(&'a Self, &mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> impl Iterator<Item = Result<T, DecodeError>> {
        let mut reader = Reader::new(self.bytes_of(part), part.start);
        let mut left = Some(part.count);
        std::iter::from_fn(move || match left {
            None => None,
            Some(0) => {
                left = None;
                (!reader.is_empty()).then(|| Err(reader.error("bytes follow the last record")))
            }
            Some(count) => {
                let record = read(self, &mut reader);
                left = if record.is_ok() { Some(count - 1) } else { None };
                Some(record)
            }
        })
    }

    fn bytes_of(&self, part: Part) -> &[u8] {
        self.bytes.get(part.start..part.start + part.len).unwrap_or_default()
    }

    fn histogram_ordinals(&self) -> impl Iterator<Item = u32> {
        let mut last = 0u32;
        self.records(self.histograms, move |_, reader| {
            let ordinal = next_ordinal(reader, last)?;
            last = ordinal;
            reader.varint32()?;
            reader.varint()?;
            reader.varint()?;
            reader.bytes()?;
            Ok(ordinal)
        })
        .map_while(Result::ok)
    }

    fn tenant<'a>(&'a self, reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
        let number = reader.varint32()?;
        let place = self.tenants.get(number as usize).ok_or_else(|| reader.error("an undefined tenant"))?;
        let text = self.bytes.get(place.0..place.1).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.ok_or_else(|| reader.error("an undefined tenant"))
    }
}

fn next_ordinal(reader: &mut Reader<'_>, last: u32) -> Result<u32, DecodeError> {
    let step = reader.varint32()?;
    last.checked_add(step).ok_or_else(|| reader.error("an ordinal overflows"))
}

fn labels<'a>(reader: &mut Reader<'a>) -> Result<LabelsRef<'a>, DecodeError> {
    let bytes = reader.bytes()?;
    LabelsRef::parse(bytes).map_err(|_| reader.error("labels are not in the canonical layout"))
}

/// The places of the tenants' names.
fn parse_tenants(mut reader: Reader<'_>, count: usize) -> Result<Vec<(usize, usize)>, DecodeError> {
    if count > reader.remaining() {
        return Err(reader.error("a count is larger than what follows"));
    }
    let mut tenants = Vec::with_capacity(count);
    for _ in 0..count {
        let text = reader.text()?;
        tenants.push((reader.offset() - text.len(), reader.offset()));
    }
    if reader.is_empty() { Ok(tenants) } else { Err(reader.error("bytes follow the last tenant")) }
}

fn part(reader: &mut Reader<'_>, count: usize, len: usize) -> Result<Part, DecodeError> {
    let start = reader.offset();
    reader.take(len)?;
    if count > len {
        return Err(DecodeError { offset: start, reason: "a count is larger than what follows" });
    }
    Ok(Part { count, start, len })
}

/// A column of `count` numbers in `len` bytes.
fn column(reader: &mut Reader<'_>, count: usize, len: usize) -> Result<Part, DecodeError> {
    let start = reader.offset();
    if is_column(reader.take(len)?, count) {
        Ok(Part { count, start, len })
    } else {
        Err(DecodeError { offset: start, reason: "a column has another number of samples" })
    }
}
