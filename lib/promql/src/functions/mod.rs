//! What the functions of PromQL compute. `contract` says how the engine calls them; each other file is one family.

pub mod contract;
pub(crate) mod histogram;
mod over_time;
mod rate;

use contract::{HistogramFn, RangeFn};

/// The implementation of the range function `name`.
pub(crate) fn range_function(name: &str) -> Option<RangeFn> {
    rate::lookup(name).or_else(|| over_time::lookup(name))
}

/// The implementation of `histogram_count` and its like.
pub(crate) fn histogram_function(name: &str) -> Option<HistogramFn> {
    histogram::lookup(name)
}
