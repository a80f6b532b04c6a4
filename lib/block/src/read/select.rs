//! What is asked of a block.

use std::collections::BTreeSet;

use mneme_model::{Matcher, TimestampMs};

use super::ReadBudget;

/// The labels that are wanted of the series found.
#[derive(Clone, Debug, Default)]
pub enum Projection {
    /// All of them.
    #[default]
    All,
    /// Those with these names. Series that then look alike stay apart.
    Only(BTreeSet<String>),
}

impl Projection {
    pub(crate) fn wants(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// Series and a time range.
#[derive(Clone, Debug)]
pub struct Select {
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// The first millisecond wanted.
    pub start: TimestampMs,
    /// The last millisecond wanted.
    pub end: TimestampMs,
    /// The labels wanted.
    pub labels: Projection,
    /// The read fails where more would be held.
    pub budget: ReadBudget,
    /// Of series without histograms [`super::PartCursor`] gives the newest sample of the range only.
    pub newest_only: bool,
}

impl Select {
    /// All labels, and no bound on memory.
    #[must_use]
    pub fn new(matchers: Vec<Matcher>, start: TimestampMs, end: TimestampMs) -> Self {
        Self {
            matchers,
            start,
            end,
            labels: Projection::All,
            budget: ReadBudget::default(),
            newest_only: false,
        }
    }
}
