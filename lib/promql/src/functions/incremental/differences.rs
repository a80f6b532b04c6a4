//! `rate`, `increase`, `delta`, `irate`, `idelta` of sliding windows: first, last, and the resets between them.

use super::super::rate::{Difference, seconds};
use super::sums::adds_up_exactly;
use super::{FloatSeries, FloatWindow, Scratch};
use crate::Error;
use crate::cancel::Work;

/// From so many resets on it is worth a look whether they add up exactly.
const MANY_RESETS: usize = 32;

/// The difference of each window's samples, extrapolated to the ends of its range.
pub(super) fn difference(
    series: &FloatSeries<'_>,
    kind: Difference,
    scratch: &mut Scratch,
    work: &mut Work<'_>,
    out: &mut [f64],
) -> Result<(), Error> {
    let v = series.v;
    let resets = &mut scratch.indexes;
    resets.clear();
    if kind.is_counter() {
        resets.extend((1..v.len()).filter(|at| v[*at] < v[*at - 1]));
    }
    let exact = resets.len() >= MANY_RESETS && adds_up_exactly(v);
    if exact {
        lost_before(v, resets, &mut scratch.sums);
    }
    if !series.same_times || scratch.spans.len() != series.windows.len() {
        let mut place = Place::new(series, kind);
        scratch.spans.clear();
        scratch.spans.extend(series.windows.iter().map(|window| place.span(window)));
    }
    let (mut from, mut to) = (0, 0);
    for ((out, window), span) in out.iter_mut().zip(series.windows).zip(&scratch.spans) {
        if window.len() < 2 {
            continue;
        }
        while resets.get(to).is_some_and(|reset| *reset < window.to) {
            to += 1;
        }
        while from < to && resets[from] <= window.from {
            from += 1;
        }
        let first = v[window.from];
        let mut difference = v[window.to - 1] - first;
        if exact {
            difference += scratch.sums[to] - scratch.sums[from];
        } else if from < to {
            work.done(to - from)?;
            resets[from..to].iter().for_each(|reset| difference += v[*reset - 1]);
        }
        *out = difference * span.factor(kind, series.range_ms, first, difference);
    }
    Ok(())
}

/// `lost[i]`: the sum of the values before the first `i` resets.
fn lost_before(v: &[f64], resets: &[usize], lost: &mut Vec<f64>) {
    lost.clear();
    lost.push(0.0);
    let mut sum = 0.0;
    lost.extend(resets.iter().map(|reset| {
        sum += v[*reset - 1];
        sum
    }));
}

/// How the samples of a window lie in its range, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    /// Between the first and the last sample.
    sampled: f64,
    /// Over which it is extrapolated, to the start and to the end of the range.
    to_start: f64,
    to_end: f64,
    /// By what the difference is multiplied, if the counter does not fall to zero before the range's start.
    factor: f64,
}

impl Span {
    #[inline]
    fn factor(&self, kind: Difference, range_ms: i64, first: f64, difference: f64) -> f64 {
        // A counter is not extrapolated below zero. What is above its increase cannot be within the sampled time from zero.
        if kind.is_counter() && difference > 0.0 && first >= 0.0 {
            let never = first >= difference && self.sampled >= self.to_start;
            if !never {
                let to_zero = self.sampled * (first / difference);
                if to_zero < self.to_start {
                    return self.extrapolated(kind, range_ms, to_zero);
                }
            }
        }
        self.factor
    }

    fn extrapolated(&self, kind: Difference, range_ms: i64, to_start: f64) -> f64 {
        let factor =
            if self.sampled == 0.0 { 1.0 } else { (self.sampled + to_start + self.to_end) / self.sampled };
        if kind.is_rate() { factor / seconds(range_ms) } else { factor }
    }
}

/// Computes spans; of windows that lie alike only the first.
struct Place<'a> {
    series: &'a FloatSeries<'a>,
    kind: Difference,
    /// Samples, milliseconds between the first and the last, from the range's start, to its end.
    shape: (usize, i64, i64, i64),
    span: Span,
}

impl<'a> Place<'a> {
    fn new(series: &'a FloatSeries<'a>, kind: Difference) -> Self {
        Self { series, kind, shape: (0, 0, 0, 0), span: Span::default() }
    }

    fn span(&mut self, window: &FloatWindow) -> Span {
        if window.len() < 2 {
            return Span::default();
        }
        let (first_t, last_t) = (self.series.t[window.from], self.series.t[window.to - 1]);
        let start = window.end.saturating_sub(self.series.range_ms);
        let shape = (
            window.len(),
            last_t.saturating_sub(first_t),
            first_t.saturating_sub(start),
            window.end.saturating_sub(last_t),
        );
        if shape != self.shape {
            self.shape = shape;
            self.lie();
        }
        self.span
    }

    fn lie(&mut self) {
        let (count, sampled, to_start, to_end) = self.shape;
        let sampled = sampled as f64 / 1000.0;
        let average_step = sampled / (count - 1) as f64;
        let threshold = average_step * 1.1;
        let limited = |ms: i64| {
            let seconds = ms as f64 / 1000.0;
            if seconds >= threshold { average_step / 2.0 } else { seconds }
        };
        self.span = Span { sampled, to_start: limited(to_start), to_end: limited(to_end), factor: 1.0 };
        self.span.factor = self.span.extrapolated(self.kind, self.series.range_ms, self.span.to_start);
    }
}

/// The difference of each window's last two samples; `is_rate`: per second, and a counter that fell began at zero.
pub(super) fn of_last_two(series: &FloatSeries<'_>, is_rate: bool, out: &mut [f64]) {
    let (t, v) = (series.t, series.v);
    for (out, window) in out.iter_mut().zip(series.windows) {
        if window.len() < 2 {
            continue;
        }
        let (before, last) = (v[window.to - 2], v[window.to - 1]);
        let interval_ms = t[window.to - 1].saturating_sub(t[window.to - 2]);
        if interval_ms == 0 {
            continue;
        }
        let difference = if is_rate && last < before { last } else { last - before };
        *out = if is_rate { difference / (interval_ms as f64 / 1000.0) } else { difference };
    }
}
