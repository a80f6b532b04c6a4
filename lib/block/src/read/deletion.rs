//! What deletions take out of a block.

use mneme_model::{Matcher, TimestampMs};

/// Samples and exemplars that are left out: those of all series that fulfil the matchers, in a time range.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// All of them must be fulfilled.
    pub matchers: Vec<Matcher>,
    /// First time (milliseconds), inclusive.
    pub start: TimestampMs,
    /// Last time (milliseconds), inclusive.
    pub end: TimestampMs,
}

impl Deletion {
    /// Whether its time range meets `start..=end`.
    #[must_use]
    pub fn overlaps(&self, start: TimestampMs, end: TimestampMs) -> bool {
        self.start <= end && start <= self.end
    }
}
