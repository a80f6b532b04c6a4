//! The difference of native histograms over a range.

use mneme_model::FloatHistogram;
use mneme_model::histogram::CounterResetHint;

use super::super::contract::Window;
use super::Difference;
use super::interpolate::is_gauge;
use super::start_time::Times;
use crate::annotations::{HistogramOperation, Note, Notes};

/// The last histogram less the first, plus what resets took away; `None` (with the reason in `notes`) if they do not
/// fit together. The window has at least two histograms.
pub(super) fn difference(
    window: &Window<'_>,
    kind: Difference,
    notes: &mut Notes<'_>,
) -> Option<FloatHistogram> {
    let points = window.histograms;
    let (first, last) = (&*points[0].h, &*points[points.len() - 1].h);
    let metric = window.metric_name();
    let between = if kind.is_counter() { &points[1..points.len() - 1] } else { &[] };
    let note_gauge = |gauges: bool, notes: &mut Notes<'_>| {
        if kind.is_counter() && gauges {
            notes.add(0, Note::NativeHistogramNotCounter { metric: metric.to_owned() });
        }
    };
    // A reset right after the first sample makes its buckets irrelevant.
    let second = &*points[1].h;
    let nothing = (kind.is_counter() && reset_at(window, 1, second, first)).then(|| FloatHistogram {
        schema: second.schema,
        custom_values: second.custom_values.clone(),
        ..FloatHistogram::default()
    });
    let mut previous = nothing.as_ref().unwrap_or(first);
    let custom = previous.uses_custom_buckets();
    if last.uses_custom_buckets() != custom {
        note_gauge(is_gauge(first) || is_gauge(last), notes);
        return mixed(metric, notes);
    }
    if between.iter().any(|point| point.h.uses_custom_buckets() != custom) {
        return mixed(metric, notes);
    }
    note_gauge(points.iter().any(|point| is_gauge(&point.h)), notes);
    let schema = between.iter().map(|point| point.h.schema).fold(last.schema.min(previous.schema), i32::min);
    let mut result = last.copy_to_schema(schema);
    sub(&mut result, previous, metric, notes)?;
    if kind.is_counter() {
        let mut overlap_seen = false;
        for (index, point) in points.iter().enumerate().skip(1) {
            let (before, now) = (Times::of_histogram(window, index - 1), Times::of_histogram(window, index));
            if !overlap_seen && now.overlaps(before) {
                notes.add(0, Note::StartTimeOverlap { metric: metric.to_owned(), count: 1 });
                overlap_seen = true;
            }
            if now.reset_since(before) || point.h.detect_reset(previous) {
                add(&mut result, previous, metric, notes)?;
            }
            previous = &point.h;
        }
    } else if !is_gauge(first) || !is_gauge(last) {
        notes.add(0, Note::NativeHistogramNotGauge { metric: metric.to_owned() });
    }
    result.counter_reset_hint = CounterResetHint::Gauge;
    result.compact(0);
    Some(result)
}

fn reset_at(window: &Window<'_>, index: usize, now: &FloatHistogram, before: &FloatHistogram) -> bool {
    Times::of_histogram(window, index).reset_since(Times::of_histogram(window, index - 1))
        || now.detect_reset(before)
}

/// Adds, and tells what the user should know; `None` if the two do not fit together.
pub(super) fn add(
    base: &mut FloatHistogram,
    other: &FloatHistogram,
    metric: &str,
    notes: &mut Notes<'_>,
) -> Option<()> {
    match base.add(other) {
        Ok(added) => told(added.bounds_reconciled, HistogramOperation::Addition, notes),
        Err(_) => mixed(metric, notes),
    }
}

/// Subtracts, and tells what the user should know; `None` if the two do not fit together.
pub(super) fn sub(
    base: &mut FloatHistogram,
    other: &FloatHistogram,
    metric: &str,
    notes: &mut Notes<'_>,
) -> Option<()> {
    match base.sub(other) {
        Ok(added) => told(added.bounds_reconciled, HistogramOperation::Subtraction, notes),
        Err(_) => mixed(metric, notes),
    }
}

/// Collision of hints is of no interest here: resets are looked for by themselves.
fn told(bounds_reconciled: bool, operation: HistogramOperation, notes: &mut Notes<'_>) -> Option<()> {
    if bounds_reconciled {
        notes.add(0, Note::MismatchedCustomBuckets { operation });
    }
    Some(())
}

/// Notes that exponential and custom buckets met.
pub(super) fn mixed<T>(metric: &str, notes: &mut Notes<'_>) -> Option<T> {
    notes.add(0, Note::MixedExponentialCustomHistograms { metric: metric.to_owned() });
    None
}
