//! Functions that fold the samples of a range: `*_over_time`, `double_exponential_smoothing`.

mod average;
mod extreme;
mod pick;
mod smoothing;
mod spread;
mod sum;
#[cfg(test)]
mod tests;

pub(super) use average::float_average;

use super::contract::{RangeFn, Value, Window};
use crate::annotations::{HistogramOperation, Note, Notes};
use mneme_model::FloatHistogram;
use mneme_model::histogram::{Added, CounterResetHint};

/// The function of this family called `name`.
pub(super) fn lookup(name: &str) -> Option<RangeFn> {
    Some(match name {
        "avg_over_time" => |window, _, notes| Ok(average::average(window, notes)),
        "sum_over_time" => |window, _, notes| Ok(sum::sum(window, notes)),
        "count_over_time" => |window, _, _| Ok(Some(Value::Float(window.len() as f64))),
        "present_over_time" | "absent_over_time" => |_, _, _| Ok(Some(Value::Float(1.0))),
        "min_over_time" => |window, _, notes| Ok(extreme::min(window, notes)),
        "max_over_time" => |window, _, notes| Ok(extreme::max(window, notes)),
        "ts_of_min_over_time" => |window, _, notes| Ok(extreme::time_of_min(window, notes)),
        "ts_of_max_over_time" => |window, _, notes| Ok(extreme::time_of_max(window, notes)),
        "first_over_time" => |window, _, _| Ok(pick::first(window)),
        "last_over_time" => |window, _, _| Ok(pick::last(window)),
        "ts_of_first_over_time" => |window, _, _| Ok(pick::time_of_first(window)),
        "ts_of_last_over_time" => |window, _, _| Ok(pick::time_of_last(window)),
        "quantile_over_time" => |window, args, notes| Ok(spread::quantile(window, args, notes)),
        "stddev_over_time" => |window, _, notes| Ok(spread::standard_deviation(window, notes)),
        "stdvar_over_time" => |window, _, notes| Ok(spread::variance(window, notes)),
        "mad_over_time" => |window, _, notes| Ok(spread::median_absolute_deviation(window, notes)),
        "double_exponential_smoothing" => smoothing::smooth,
        _ => return None,
    })
}

/// Whether there are floats; histograms beside them are ignored with an info.
fn has_floats(window: &Window<'_>, notes: &mut Notes<'_>) -> bool {
    if window.t.is_empty() {
        return false;
    }
    if !window.histograms.is_empty() {
        notes.add(0, Note::HistogramIgnoredInMixedRange { metric: window.metric_name().to_owned() });
    }
    true
}

/// Whether floats and histograms are mixed, which gives no result but a warning.
fn is_mixed(window: &Window<'_>, notes: &mut Notes<'_>) -> bool {
    let mixed = !window.t.is_empty() && !window.histograms.is_empty();
    if mixed {
        notes.add(0, Note::MixedFloatsHistograms { metric: window.metric_name().to_owned() });
    }
    mixed
}

/// What happened while histograms were added up.
#[derive(Default)]
struct Seen {
    reset: bool,
    no_reset: bool,
    bounds_reconciled: bool,
}

impl Seen {
    /// Sees a histogram's hint.
    fn hint(&mut self, h: &FloatHistogram) {
        match h.counter_reset_hint {
            CounterResetHint::CounterReset => self.reset = true,
            CounterResetHint::NotCounterReset => self.no_reset = true,
            CounterResetHint::Unknown | CounterResetHint::Gauge => {}
        }
    }

    /// Sees an addition.
    fn added(&mut self, added: Added) {
        self.bounds_reconciled |= added.bounds_reconciled;
    }

    /// Tells it.
    fn tell(&self, notes: &mut Notes<'_>) {
        let operation = HistogramOperation::Aggregation;
        if self.reset && self.no_reset {
            notes.add(0, Note::HistogramCounterResetCollision { operation });
        }
        if self.bounds_reconciled {
            notes.add(0, Note::MismatchedCustomBuckets { operation });
        }
    }
}

/// The folded histogram with what was seen, or a warning that they do not fit together.
fn folded(
    window: &Window<'_>,
    seen: &Seen,
    result: Result<FloatHistogram, mneme_model::histogram::Error>,
    notes: &mut Notes<'_>,
) -> Option<Value> {
    match result {
        Ok(h) => {
            seen.tell(notes);
            Some(Value::Histogram(h.into()))
        }
        Err(_) => {
            notes.add(0, Note::MixedExponentialCustomHistograms { metric: window.metric_name().to_owned() });
            None
        }
    }
}
