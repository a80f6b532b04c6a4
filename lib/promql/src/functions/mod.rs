//! What the functions of PromQL compute. `contract` says how the engine calls them; each other file is one family.

mod absent;
pub mod contract;
mod date;
pub(crate) mod function;
pub(crate) mod histogram;
pub(crate) mod incremental;
mod info;
mod math;
mod natural;
mod over_time;
mod rate;

pub(crate) use absent::labels_of_absent;
pub(crate) use date::DateFn;
pub(crate) use function::{Function, function};
pub(crate) use info::info_matchers;
pub(crate) use math::{compare, go_max, go_min, quantile, scalar_binary};
pub(crate) use natural::natural_less;

use contract::{HistogramFn, RangeFn};

/// The implementation of the range function `name`.
pub(crate) fn range_function(name: &str) -> Option<RangeFn> {
    rate::lookup(name).or_else(|| over_time::lookup(name))
}

/// The implementation of `histogram_count` and its like.
pub(crate) fn histogram_function(name: &str) -> Option<HistogramFn> {
    histogram::lookup(name)
}
