//! What of a store's answer matters to who asks.

use std::sync::Arc;

/// The rest of an answer may be left out. Advice: a store may also ignore it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadHints {
    /// The only labels that are looked at, sorted; `None` = all. Series that differ in other labels only are still answered
    /// each on its own.
    pub labels: Option<Arc<[String]>>,
    /// Of each series only the newest sample within the asked times is looked at, whatever it is (a stale marker, too).
    pub newest_only: bool,
}
