//! `rate`, `increase`, `delta`, `irate`, `idelta` of sliding windows: first, last, and the resets between them.

use std::ops::Range;

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
    if kind.is_counter() && ever_falls(v) {
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
        stretches(series.windows, &scratch.spans, &mut scratch.stretches);
    }
    if resets.is_empty() {
        for stretch in &scratch.stretches {
            if !stretch.run(kind, v, out) {
                let steps = stretch.steps.clone();
                let each = out[steps.clone()].iter_mut().zip(&series.windows[steps]);
                each.for_each(|(out, window)| {
                    let first = v[window.from];
                    let difference = v[window.to - 1] - first;
                    *out = difference * stretch.span.factor(kind, series.range_ms, first, difference);
                });
            }
        }
        return work.done(series.windows.len());
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

/// Whether any value is less than the one before it; looks at all, so that many are compared at once.
fn ever_falls(v: &[f64]) -> bool {
    v.iter().zip(v.get(1..).unwrap_or_default()).fold(false, |falls, (before, now)| falls | (now < before))
}

/// Steps whose windows move on by one sample each and lie alike, all of two samples at least.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    steps: Range<usize>,
    /// The first sample of the first window, and the last.
    first: usize,
    last: usize,
    span: Span,
}

impl Stretch {
    /// Sets the differences of values that never fall; false if one would be extrapolated below zero, which needs a closer look.
    fn run(&self, kind: Difference, v: &[f64], out: &mut [f64]) -> bool {
        let len = self.steps.len();
        let (firsts, lasts) = (&v[self.first..self.first + len], &v[self.last..self.last + len]);
        let each = out[self.steps.clone()].iter_mut().zip(firsts).zip(lasts);
        let factor = self.span.factor;
        if !kind.is_counter() {
            each.for_each(|((out, first), last)| *out = (last - first) * factor);
            return true;
        }
        let far = self.span.is_within_twice();
        each.fold(true, |safe, ((out, first), last)| {
            let difference = last - first;
            *out = difference * factor;
            safe & !((difference > 0.0) & (*first >= 0.0) & !(far & (*first >= difference)))
        })
    }
}

/// Finds the stretches of all steps that have two samples.
fn stretches(windows: &[FloatWindow], spans: &[Span], out: &mut Vec<Stretch>) {
    out.clear();
    for (step, (window, span)) in windows.iter().zip(spans).enumerate() {
        if window.len() < 2 {
            continue;
        }
        let (first, last) = (window.from, window.to - 1);
        let goes_on = |stretch: &&mut Stretch| {
            let len = stretch.steps.len();
            stretch.steps.end == step
                && (stretch.first + len, stretch.last + len) == (first, last)
                && stretch.span.same(span)
        };
        match out.last_mut().filter(goes_on) {
            Some(stretch) => stretch.steps.end += 1,
            None => out.push(Stretch { steps: step..step + 1, first, last, span: *span }),
        }
    }
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
    /// Whether two have the same bits.
    fn same(&self, other: &Self) -> bool {
        let bits = |span: &Self| [span.sampled, span.to_start, span.to_end, span.factor].map(f64::to_bits);
        bits(self) == bits(other)
    }

    /// Whether the range's start is no further from the first sample than the last one is: then a counter that is above its increase is not
    /// extrapolated below zero.
    #[inline]
    fn is_within_twice(&self) -> bool {
        self.sampled >= self.to_start
    }

    #[inline]
    fn factor(&self, kind: Difference, range_ms: i64, first: f64, difference: f64) -> f64 {
        // A counter is not extrapolated below zero. What is above its increase cannot be within the sampled time from zero.
        if kind.is_counter() && difference > 0.0 && first >= 0.0 {
            let never = first >= difference && self.is_within_twice();
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
