//! `deriv` and `predict_linear`: the line of least squares through the floats of a range.

use mneme_model::TimestampMs;
use mneme_model::histogram::KahanSum;

use super::super::contract::{Value, Window};
use crate::annotations::{Note, Notes};

/// The slope per second.
pub(super) fn deriv(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    // A time near the samples keeps the digits.
    let line = line(window, *window.t.first().unwrap_or(&0), notes)?;
    Some(Value::Float(line.slope))
}

/// The value `args[0]` seconds after the step's time.
pub(super) fn predict(window: &Window<'_>, args: &[f64], notes: &mut Notes<'_>) -> Option<Value> {
    let ahead = *args.first()?;
    let line = line(window, window.eval_t, notes)?;
    Some(Value::Float(line.slope * ahead + line.intercept))
}

struct Line {
    slope: f64,
    intercept: f64,
}

fn line(window: &Window<'_>, at: TimestampMs, notes: &mut Notes<'_>) -> Option<Line> {
    if !window.t.is_empty() && !window.histograms.is_empty() {
        notes.add(0, Note::HistogramIgnoredInMixedRange { metric: window.metric_name().to_owned() });
    }
    if window.t.len() < 2 {
        return None;
    }
    Some(regression(window.t, window.v, at))
}

/// The line through the samples, its intercept at time `at`. Neither slice is empty.
fn regression(t: &[TimestampMs], v: &[f64], at: TimestampMs) -> Line {
    if v.iter().skip(1).all(|y| *y == v[0]) {
        return if v[0].is_infinite() {
            Line { slope: f64::NAN, intercept: f64::NAN }
        } else {
            Line { slope: 0.0, intercept: v[0] }
        };
    }
    let mut sums = [KahanSum::default(); 4];
    for (t, y) in t.iter().zip(v) {
        let x = t.saturating_sub(at) as f64 / 1e3;
        for (sum, value) in sums.iter_mut().zip([x, *y, x * y, x * x]) {
            sum.add(value);
        }
    }
    let n = v.len() as f64;
    let [x, y, xy, xx] = sums.map(|sum| sum.total());
    let slope = (xy - x * y / n) / (xx - x * x / n);
    Line { slope, intercept: y / n - slope * x / n }
}
