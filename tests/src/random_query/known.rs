//! The differences between Prometheus 2.42 and 3.14 that were made on purpose.

use super::answer::Answer;
use super::request::Request;

/// A difference that is no bug.
pub struct Known {
    /// What differs.
    pub what: &'static str,
    /// Which change in Prometheus made it.
    pub upstream: &'static str,
    /// Whether this is it; `None` where the generator keeps out of its way, as this says.
    applies: Option<fn(&Request, &Answer, &Answer) -> bool>,
    /// How the generator avoids it; empty where it does not.
    pub avoided: &'static str,
}

/// All of them.
pub const KNOWN: &[Known] = &[];

/// The known difference that explains these answers.
pub(super) fn explains(request: &Request, left: &Answer, right: &Answer) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.applies.is_some_and(|applies| applies(request, left, right)))
}
