//! Functions that fold the samples of a range: `*_over_time`, `double_exponential_smoothing`.

use super::contract::RangeFn;

/// The function of this family called `name`.
pub(super) fn lookup(_name: &str) -> Option<RangeFn> {
    None
}
