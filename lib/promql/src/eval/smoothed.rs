//! `selector smoothed`: at each step the value on the line between the samples around it.

use mneme_model::histogram::CounterResetHint;
use mneme_model::{FloatHistogram, HistogramPoint, Labels, Samples, TimestampMs};

use super::window::{Part, Windows, drop_stale};
use super::{Column, Context, Sink, Steps, histogram_stats};
use crate::Error;
use crate::annotations::{HistogramOperation, Note};
use crate::ast::PosRange;
use crate::functions::contract::Value;
use crate::plan::SelectorNode;

/// Hands each series' interpolated values to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    selector: &SelectorNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let reference = |time: TimestampMs| selector.at.unwrap_or(time).saturating_sub(selector.offset_ms);
    let first = reference(steps.start).saturating_sub(cx.lookback_ms - 1);
    let last = reference(steps.last()).saturating_add(cx.lookback_ms);
    let mut samples = Samples::default();
    let mut held = cx.budget.hold();
    let mut column = Column::absent(Labels::empty(), false, 0);
    cx.each_series(selector.select, &mut |labels, compressed| {
        samples.clear();
        compressed.read(first, last, &mut samples)?;
        if selector.stats_only {
            histogram_stats::strip(&mut samples.histograms);
        }
        drop_stale(&mut samples);
        held.replace(0, 16 * samples.len())?;
        column.reset(labels, false, steps.count);
        let mut windows = Windows::new(&samples);
        for (step, time) in steps.times().enumerate() {
            let t = reference(time);
            let part = windows.next(t.saturating_sub(cx.lookback_ms), t.saturating_add(cx.lookback_ms));
            if let Some(value) = value_at(cx, &part, t, labels, selector.pos) {
                column.set(step, value);
            }
        }
        if column.any() { sink(&mut column) } else { Ok(()) }
    })
}

fn value_at(
    cx: &Context<'_>,
    part: &Part<'_>,
    t: TimestampMs,
    labels: &Labels,
    pos: PosRange,
) -> Option<Value> {
    if !part.t.is_empty() && !part.histograms.is_empty() {
        cx.note(Note::MixedFloatsHistograms { metric: labels.metric_name().to_owned() }, pos);
        return None;
    }
    if part.histograms.is_empty() {
        float_at(part, t).map(Value::Float)
    } else {
        histogram_at(cx, part, t, labels, pos)
    }
}

fn float_at(part: &Part<'_>, t: TimestampMs) -> Option<f64> {
    let next = part.t.partition_point(|at| *at < t);
    if part.t.get(next) == Some(&t) {
        return Some(part.v[next]);
    }
    let before = next.checked_sub(1)?;
    let Some(next_t) = part.t.get(next) else { return Some(part.v[before]) };
    let (from, to) = (part.v[before], part.v[next]);
    Some(from + (to - from) * (t - part.t[before]) as f64 / (next_t - part.t[before]) as f64)
}

fn histogram_at(
    cx: &Context<'_>,
    part: &Part<'_>,
    t: TimestampMs,
    labels: &Labels,
    pos: PosRange,
) -> Option<Value> {
    let points = part.histograms;
    let next = points.partition_point(|point| point.t < t);
    if let Some(exact) = points.get(next).filter(|point| point.t == t) {
        return Some(Value::Histogram(exact.h.clone()));
    }
    let before = &points[next.checked_sub(1)?];
    let Some(after) = points.get(next) else {
        let mut carried = FloatHistogram::clone(&before.h);
        carried.counter_reset_hint = CounterResetHint::Unknown;
        return Some(Value::Histogram(carried.into()));
    };
    if let Some(histogram) = interpolate(cx, before, after, t, pos) {
        return Some(Value::Histogram(histogram.into()));
    }
    cx.note(Note::MixedExponentialCustomHistograms { metric: labels.metric_name().to_owned() }, pos);
    None
}

/// The histogram on the line between two; `None` if their buckets cannot be brought together. Both count as counters unless both are gauges.
fn interpolate(
    cx: &Context<'_>,
    before: &HistogramPoint,
    after: &HistogramPoint,
    t: TimestampMs,
    pos: PosRange,
) -> Option<FloatHistogram> {
    if before.h.uses_custom_buckets() != after.h.uses_custom_buckets() {
        return None;
    }
    let share = (t - before.t) as f64 / (after.t - before.t) as f64;
    let is_gauge = |point: &HistogramPoint| point.h.counter_reset_hint == CounterResetHint::Gauge;
    let mut result = FloatHistogram::clone(&after.h);
    if !(is_gauge(before) && is_gauge(after)) && after.h.detect_reset(&before.h) {
        result.mul(share);
        return Some(result);
    }
    let reconciled = |reconciled: bool, operation| {
        if reconciled {
            cx.note(Note::MismatchedCustomBuckets { operation }, pos);
        }
    };
    reconciled(result.sub(&before.h).ok()?.bounds_reconciled, HistogramOperation::Subtraction);
    result.mul(share);
    reconciled(result.add(&before.h).ok()?.bounds_reconciled, HistogramOperation::Addition);
    Some(result)
}
