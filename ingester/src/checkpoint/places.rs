//! Where to read on behind a checkpoint.

use std::collections::BTreeMap;

use mneme_model::WriterId;

/// Where the log and each writer's segments go on for who has everything below a cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// The number of the cut's entry in the log: writers that joined after it are found there.
    pub(crate) log: u64,
    /// The first number to read, of each writer that joined before and is not finished.
    pub(crate) writers: BTreeMap<WriterId, u64>,
}
