//! How the floats of a range are spread: quantile, variance, median absolute deviation.

use mneme_model::histogram::KahanSum;

use super::super::contract::{Value, Window};
use super::super::quantile as quantile_of;
use super::has_floats;
use crate::annotations::{Note, Notes};

/// `args[0]` is the quantile.
pub(super) fn quantile(window: &Window<'_>, args: &[f64], notes: &mut Notes<'_>) -> Option<Value> {
    let q = *args.first()?;
    if window.t.is_empty() {
        return None;
    }
    if !(0.0..=1.0).contains(&q) {
        notes.add(0, Note::InvalidQuantile { q });
    }
    has_floats(window, notes).then(|| Value::Float(quantile_of(q, &mut window.v.to_vec())))
}

/// Welford's method, compensated.
pub(super) fn variance(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    spread(window, notes).map(Value::Float)
}

pub(super) fn standard_deviation(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    spread(window, notes).map(|variance| Value::Float(variance.sqrt()))
}

fn spread(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<f64> {
    if !has_floats(window, notes) {
        return None;
    }
    let (mut mean, mut squares) = (KahanSum::default(), KahanSum::default());
    let mut count = 0.0;
    for value in window.v {
        count += 1.0;
        let delta = value - mean.total();
        mean.add(delta / count);
        squares.add(delta * (value - mean.total()));
    }
    Some(squares.total() / count)
}

/// NaN if any value is.
pub(super) fn median_absolute_deviation(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    if !has_floats(window, notes) {
        return None;
    }
    if window.v.iter().any(|value| value.is_nan()) {
        return Some(Value::Float(f64::NAN));
    }
    let mut values = window.v.to_vec();
    let median = quantile_of(0.5, &mut values);
    values.iter_mut().for_each(|value| *value = (*value - median).abs());
    Some(Value::Float(quantile_of(0.5, &mut values)))
}
