//! `anchored` and `smoothed` ranges: the difference between the values at the ends of the range, without extrapolation.

use mneme_model::histogram::CounterResetHint;
use mneme_model::{FloatHistogram, TimestampMs};

use super::super::contract::{Value, Window};
use super::interpolate::{self, is_gauge};
use super::{Difference, histograms, seconds};
use crate::annotations::{Note, Notes};
use crate::ast::RangeModifier;

/// The samples that the ends of the range are taken from.
struct Ends {
    first: usize,
    last: usize,
    smoothed: bool,
}

impl Ends {
    /// `times` are those of all samples, ascending and not empty; `None` if none of them says anything about the range.
    fn find(window: &Window<'_>, len: usize, time: impl Fn(usize) -> TimestampMs) -> Option<Self> {
        let smoothed = window.modifier == RangeModifier::Smoothed;
        let mut last = len.checked_sub(1)?;
        let first_where = |reached: &dyn Fn(usize) -> bool| {
            let (mut low, mut high) = (0, last);
            while low < high {
                let middle = low.midpoint(high);
                if reached(middle) { high = middle } else { low = middle + 1 }
            }
            low
        };
        let first = first_where(&|index| time(index) > window.start).saturating_sub(1);
        if smoothed {
            last = first_where(&|index| time(index) >= window.end);
        }
        let outside = time(last) <= window.start || (smoothed && time(first) > window.end);
        (!outside).then_some(Self { first, last, smoothed })
    }
}

pub(super) fn floats(window: &Window<'_>, kind: Difference) -> Option<f64> {
    let (t, v) = (window.t, window.v);
    let ends = Ends::find(window, t.len(), |index| t[index])?;
    let between = |from: usize, at| {
        interpolate::float((t[from], v[from]), (t[from + 1], v[from + 1]), at, kind.is_counter())
    };
    let (mut first, last) = (ends.first, ends.last);
    let left = if ends.smoothed && t[first] < window.start { between(first, window.start) } else { v[first] };
    let right = if ends.smoothed && last > 0 && t[last] > window.end {
        between(last - 1, window.end)
    } else {
        v[last]
    };
    let mut result = right - left;
    if kind.is_counter() {
        // Resets at the ends are in their interpolation already.
        if t[first] <= window.start {
            first += 1;
        }
        let end = if t[last] >= window.end { last } else { last + 1 };
        result += lost_by_resets(left, right, v.get(first..end).unwrap_or(&[]));
    }
    if kind.is_rate() {
        result /= seconds(window.range_ms);
    }
    Some(result)
}

/// The sum of the values before each fall from `left` over `values` to `right`.
fn lost_by_resets(left: f64, right: f64, values: &[f64]) -> f64 {
    let mut before = left;
    let mut lost = 0.0;
    for &value in values.iter().chain([&right]) {
        if value < before {
            lost += before;
        }
        before = value;
    }
    lost
}

pub(super) fn histograms(window: &Window<'_>, kind: Difference, notes: &mut Notes<'_>) -> Option<Value> {
    let points = window.histograms;
    let ends = Ends::find(window, points.len(), |index| points[index].t)?;
    let (first, last) = (ends.first, ends.last);
    let metric = window.metric_name();
    check(window, &ends, kind, notes)?;
    let mut between = |from: usize, at| {
        interpolate::histogram(&points[from], &points[from + 1], at, kind.is_counter(), metric, notes)
    };
    let left = if ends.smoothed && points[first].t < window.start {
        between(first, window.start)?
    } else {
        FloatHistogram::clone(&points[first].h)
    };
    let right = if ends.smoothed && last > 0 && points[last].t > window.end {
        between(last - 1, window.end)?
    } else {
        FloatHistogram::clone(&points[last].h)
    };
    let gauges = is_gauge(&left) && is_gauge(&right);
    if !kind.is_counter() && !gauges {
        notes.add(0, Note::NativeHistogramNotGauge { metric: metric.to_owned() });
    }
    let mut result = right.clone();
    histograms::sub(&mut result, &left, metric, notes)?;
    if kind.is_counter()
        && let Some(lost) = histogram_lost_by_resets(window, &ends, &left, &right, notes)?
    {
        histograms::add(&mut result, &lost, metric, notes)?;
    }
    if kind.is_rate() {
        result.div(seconds(window.range_ms));
    }
    result.counter_reset_hint = CounterResetHint::Gauge;
    result.compact(0);
    Some(Value::Histogram(result.into()))
}

/// All histograms must have the same kind of buckets, and those of a counter should not be gauges.
fn check(window: &Window<'_>, ends: &Ends, kind: Difference, notes: &mut Notes<'_>) -> Option<()> {
    let points = &window.histograms[ends.first..=ends.last];
    let custom = points[0].h.uses_custom_buckets();
    for point in points {
        if point.h.uses_custom_buckets() != custom {
            return histograms::mixed(window.metric_name(), notes);
        }
        if kind.is_counter() && is_gauge(&point.h) {
            notes.add(0, Note::NativeHistogramNotCounter { metric: window.metric_name().to_owned() });
        }
    }
    Some(())
}

/// The sum of the histograms before each reset, `Some(None)` without a reset, `None` if they do not fit together.
fn histogram_lost_by_resets(
    window: &Window<'_>,
    ends: &Ends,
    left: &FloatHistogram,
    right: &FloatHistogram,
    notes: &mut Notes<'_>,
) -> Option<Option<FloatHistogram>> {
    let points = window.histograms;
    let mut next = ends.first + 1;
    let mut before = left;
    if ends.smoothed
        && points[ends.first].t < window.start
        && let Some(second) = points.get(next)
        && second.h.detect_reset(&points[ends.first].h)
    {
        // The left end was interpolated over this reset.
        before = &second.h;
        next += 1;
    }
    // The last one is what `right` was made of: it would find its own hint again.
    if next > ends.last {
        return Some(None);
    }
    let mut lost: Option<FloatHistogram> = None;
    let inner = points[next..ends.last].iter().map(|point| &*point.h);
    for now in inner.chain([right]) {
        if now.detect_reset(before) {
            match &mut lost {
                None => lost = Some(before.clone()),
                Some(lost) => histograms::add(lost, before, window.metric_name(), notes)?,
            }
        }
        before = now;
    }
    Some(lost)
}
