//! `min_over_time`, `max_over_time` and when they were. NaN only where all are NaN.

use mneme_model::TimestampMs;

use super::super::contract::{Value, Window};
use super::has_floats;
use crate::annotations::Notes;

pub(super) fn min(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    extreme(window, notes, |value, best| value < best).map(|(_, value)| Value::Float(value))
}

pub(super) fn max(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    extreme(window, notes, |value, best| value > best).map(|(_, value)| Value::Float(value))
}

/// Of equal ones the last.
pub(super) fn time_of_min(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    extreme(window, notes, |value, best| value <= best).map(|(t, _)| Value::Float(t as f64 / 1000.0))
}

/// Of equal ones the last.
pub(super) fn time_of_max(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    extreme(window, notes, |value, best| value >= best).map(|(t, _)| Value::Float(t as f64 / 1000.0))
}

fn extreme(
    window: &Window<'_>,
    notes: &mut Notes<'_>,
    better: impl Fn(f64, f64) -> bool,
) -> Option<(TimestampMs, f64)> {
    if !has_floats(window, notes) {
        return None;
    }
    let mut samples = window.t.iter().copied().zip(window.v.iter().copied());
    let first = samples.next()?;
    // A first NaN gives way to any later sample, as Prometheus lets it.
    Some(
        samples.fold(
            first,
            |best, sample| if better(sample.1, best.1) || best.1.is_nan() { sample } else { best },
        ),
    )
}
