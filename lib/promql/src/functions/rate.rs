//! Functions on counters and gauges over a range: `rate increase delta irate idelta deriv predict_linear resets changes`.

use super::contract::RangeFn;

/// The function of this family called `name`.
pub(super) fn lookup(_name: &str) -> Option<RangeFn> {
    None
}
