//! Functions on counters and gauges over a range: `rate increase delta irate idelta deriv predict_linear resets changes`.

mod changes;
mod extended;
mod extrapolated;
mod histograms;
mod instant;
mod interpolate;
mod regression;
mod start_time;
#[cfg(test)]
mod tests;

use super::contract::{RangeFn, Value, Window};
use crate::annotations::{Note, Notes};
use crate::ast::RangeModifier;

/// The function of this family called `name`.
pub(super) fn lookup(name: &str) -> Option<RangeFn> {
    Some(match name {
        "rate" => |window, _, notes| Ok(difference(window, Difference::Rate, notes)),
        "increase" => |window, _, notes| Ok(difference(window, Difference::Increase, notes)),
        "delta" => |window, _, notes| Ok(difference(window, Difference::Delta, notes)),
        "irate" => |window, _, notes| Ok(instant::difference(window, true, notes)),
        "idelta" => |window, _, notes| Ok(instant::difference(window, false, notes)),
        "deriv" => |window, _, notes| Ok(regression::deriv(window, notes)),
        "predict_linear" => |window, args, notes| Ok(regression::predict(window, args, notes)),
        "resets" => |window, _, _| Ok(changes::resets(window)),
        "changes" => |window, _, _| Ok(changes::changes(window)),
        _ => return None,
    })
}

/// Which difference over a range is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Of a counter, per second.
    Rate,
    /// Of a counter.
    Increase,
    /// Of a gauge.
    Delta,
}

impl Difference {
    #[inline]
    pub(super) fn is_counter(self) -> bool {
        self != Self::Delta
    }

    #[inline]
    pub(super) fn is_rate(self) -> bool {
        self == Self::Rate
    }
}

fn difference(window: &Window<'_>, kind: Difference, notes: &mut Notes<'_>) -> Option<Value> {
    if !window.t.is_empty() && !window.histograms.is_empty() {
        notes.add(0, Note::MixedFloatsHistograms { metric: window.metric_name().to_owned() });
        return None;
    }
    match (window.modifier, window.histograms.is_empty()) {
        (RangeModifier::None, _) => extrapolated::difference(window, kind, notes),
        (_, true) => extended::floats(window, kind).map(Value::Float),
        (_, false) => extended::histograms(window, kind, notes),
    }
}

/// The range in seconds, rounded as Go's `Duration.Seconds` rounds.
pub(super) fn seconds(range_ms: i64) -> f64 {
    (range_ms / 1000) as f64 + ((range_ms % 1000) * 1_000_000) as f64 / 1e9
}
