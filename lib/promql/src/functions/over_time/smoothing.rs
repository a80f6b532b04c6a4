//! `double_exponential_smoothing`.

use super::super::contract::{Value, Window};
use super::has_floats;
use crate::annotations::Notes;

/// `args` are the smoothing factor and the trend factor.
pub(super) fn smooth(
    window: &Window<'_>,
    args: &[f64],
    notes: &mut Notes<'_>,
) -> Result<Option<Value>, String> {
    let &[smoothing, trend] = args else { return Ok(None) };
    for (name, factor, sign) in [("smoothing", smoothing, "sf"), ("trend", trend, "tf")] {
        if factor <= 0.0 || factor >= 1.0 {
            return Err(format!("invalid {name} factor. Expected: 0 < {sign} < 1, got: {}", fixed(factor)));
        }
    }
    if !has_floats(window, notes) {
        return Ok(None);
    }
    let &[first, second, ..] = window.v else { return Ok(None) };
    let (mut before, mut smoothed, mut slope) = (0.0, first, second - first);
    for (at, value) in window.v.iter().enumerate().skip(1) {
        if at > 1 {
            slope = trend * (smoothed - before) + (1.0 - trend) * slope;
        }
        let next = smoothing * value + (1.0 - smoothing) * (smoothed + slope);
        (before, smoothed) = (smoothed, next);
    }
    Ok(Some(Value::Float(smoothed)))
}

/// As Go's `%f`.
fn fixed(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    format!("{value:.6}")
}
