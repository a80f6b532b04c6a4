//! Where the samples of a block come from.

use mneme_model::chunk::RawSamples;
use mneme_model::{Exemplar, Labels, TimestampMs};

use super::MetadataRow;
use crate::Error;

/// The series of one tenant, sorted by [`crate::meta::SeriesKey::order`], each once. Read one after the other, once per window.
pub trait Source {
    /// How many series there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels of a series.
    fn labels(&self, series: usize) -> Labels;

    /// About how many bytes its samples take where they are: what parts are bounded by.
    fn bytes(&self, series: usize) -> u64;

    /// Appends the starts of the windows of `window_ms` milliseconds that hold samples of a series: in any order, repeated, and
    /// windows without samples are allowed, none may be missing.
    fn windows(&mut self, series: usize, window_ms: i64, out: &mut Vec<TimestampMs>) -> Result<(), Error>;

    /// Appends the samples of `start..=end` of a series.
    fn read(
        &mut self,
        series: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut RawSamples,
    ) -> Result<(), Error>;

    /// Appends the exemplars of a series, in any order; repeated ones are written once.
    fn exemplars(&mut self, series: usize, out: &mut Vec<Exemplar>) -> Result<(), Error>;

    /// The metadata of metric families, in any order.
    fn metadata(&mut self) -> Result<Vec<MetadataRow>, Error> {
        Ok(Vec::new())
    }
}
