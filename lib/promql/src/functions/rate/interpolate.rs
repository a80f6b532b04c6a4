//! Values at a time between two samples.

use mneme_model::histogram::CounterResetHint;
use mneme_model::{FloatHistogram, HistogramPoint, TimestampMs};

use super::histograms::{add, sub};
use crate::annotations::Notes;

/// The value at `t` on the line between two samples. A counter that fell rises from 0.
pub(super) fn float(
    from: (TimestampMs, f64),
    to: (TimestampMs, f64),
    t: TimestampMs,
    is_counter: bool,
) -> f64 {
    let start = if is_counter && to.1 < from.1 { 0.0 } else { from.1 };
    start + (to.1 - start) * t.saturating_sub(from.0) as f64 / to.0.saturating_sub(from.0) as f64
}

/// The same for histograms; `None` if they do not fit together.
pub(super) fn histogram(
    from: &HistogramPoint,
    to: &HistogramPoint,
    t: TimestampMs,
    is_counter: bool,
    metric: &str,
    notes: &mut Notes<'_>,
) -> Option<FloatHistogram> {
    if t == from.t {
        return Some(FloatHistogram::clone(&from.h));
    }
    let mut result = FloatHistogram::clone(&to.h);
    if t == to.t {
        return Some(result);
    }
    let share = t.saturating_sub(from.t) as f64 / to.t.saturating_sub(from.t) as f64;
    if is_counter && to.h.detect_reset(&from.h) {
        result.mul(share);
        return Some(result);
    }
    sub(&mut result, &from.h, metric, notes)?;
    result.mul(share);
    add(&mut result, &from.h, metric, notes)?;
    Some(result)
}

/// Whether a histogram is marked as a gauge's.
pub(super) fn is_gauge(h: &FloatHistogram) -> bool {
    h.counter_reset_hint == CounterResetHint::Gauge
}
