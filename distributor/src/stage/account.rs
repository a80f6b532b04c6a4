//! What staged records take of the process' budget: a few bytes on the wire can be many times as many here.

use mneme_model::AnyHistogram;
use mneme_proto::remote_write::{ExemplarRef, RawHistogram, Sample, Series};
use mneme_server::{Kind, Status};

use crate::budget::Reservation;

/// Reserved in steps of so many bytes, so that small requests touch the budget once.
const STEP: usize = 256 << 10;

/// Counts a request's staged bytes, and reserves them as they grow.
#[derive(Debug)]
pub(super) struct Account<'r> {
    reserved: &'r mut Reservation,
    /// The most bytes of records.
    most: usize,
    records: usize,
    /// The largest series' vectors, which the next ones use again.
    scratch: usize,
    /// Counted and not reserved yet.
    open: usize,
}

impl<'r> Account<'r> {
    pub(super) fn new(reserved: &'r mut Reservation, most: usize) -> Self {
        Self { reserved, most, records: 0, scratch: 0, open: 0 }
    }

    /// So many bytes of records more.
    ///
    /// # Errors
    /// 413 if the records are too large, or 503 if the budget has no room for them now.
    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), Status> {
        self.records += bytes;
        self.reserve(bytes)
    }

    /// The decoder's vectors of a series; errors as [`Self::charge`]. They are there already: the decoder bounds their lengths.
    pub(super) fn decoded(&mut self, series: &Series<'_>) -> Result<(), Status> {
        if series.samples.len() == 1 && series.labels.is_empty() && self.scratch >= size_of::<Sample>() {
            // A known series with one sample, as most are: the vectors of the ones before it are large enough.
            if series.histograms.is_empty() && series.exemplars.is_empty() {
                return Ok(());
            }
        }
        let exemplar_labels: usize =
            series.exemplars.iter().map(|exemplar| series.exemplar_labels(exemplar).len()).sum();
        let bytes = 2 * size_of::<u64>() * series.labels.len()
            + size_of::<(&str, &str)>() * (series.labels.len() + exemplar_labels)
            + size_of::<Sample>() * series.samples.len()
            + size_of::<RawHistogram<'_>>() * series.histograms.len()
            + size_of::<ExemplarRef>() * series.exemplars.len();
        let more = bytes.saturating_sub(self.scratch);
        self.scratch += more;
        self.reserve(more)
    }

    /// So many bytes more that are no records; errors as [`Self::charge`].
    pub(super) fn scratch(&mut self, bytes: usize) -> Result<(), Status> {
        self.reserve(bytes)
    }

    /// Reserves what is open, and says how many bytes the records take; errors as [`Self::charge`].
    pub(super) fn settle(&mut self) -> Result<usize, Status> {
        if self.records > self.most {
            let words = format!(
                "the request's records take more than {} bytes of memory (4 times max_decompressed_size_bytes)",
                self.most
            );
            return Err(Status::new(Kind::TooLarge, words).with_id("distributor-max-write-message-size"));
        }
        self.reserved.take(std::mem::take(&mut self.open))?;
        Ok(self.records)
    }

    #[inline]
    fn reserve(&mut self, bytes: usize) -> Result<(), Status> {
        self.open += bytes;
        if self.open < STEP { Ok(()) } else { self.settle().map(drop) }
    }
}

/// Bytes of a staged series beside its labels.
pub(super) const SERIES: usize = 32;
/// Bytes of a staged float, its start timestamp included.
pub(super) const FLOAT: usize = 32;
/// Bytes of a staged exemplar beside its labels.
pub(super) const EXEMPLAR: usize = 40;
/// Bytes of staged metadata beside its texts.
pub(super) const METADATA: usize = 128;

/// The most bytes of a staged histogram.
pub(super) fn histogram(h: &AnyHistogram) -> usize {
    let (spans, bounds) = match h {
        AnyHistogram::Integer(h) => (h.positive_spans.len() + h.negative_spans.len(), h.custom_values.len()),
        AnyHistogram::Float(h) => (h.positive_spans.len() + h.negative_spans.len(), h.custom_values.len()),
    };
    128 + 16 * spans + 10 * (bounds + h.bucket_count())
}
