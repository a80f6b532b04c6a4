//! Histograms without their buckets, for what only looks at count and sum. Counter resets are found out while the buckets are still there.

use std::sync::Arc;

use mneme_model::histogram::CounterResetHint;
use mneme_model::{FloatHistogram, HistogramPoint, is_stale_nan};

/// Replaces the histograms of one series, in order of time, by their schema, count, sum and counter reset hint.
pub(super) fn strip(points: &mut [HistogramPoint]) {
    let mut last: Option<FloatHistogram> = None;
    for point in points {
        let mut whole = FloatHistogram::clone(&point.h);
        if !is_stale_nan(whole.sum) {
            whole.counter_reset_hint = hint(&whole, last.as_ref());
        }
        point.h = Arc::new(FloatHistogram {
            counter_reset_hint: whole.counter_reset_hint,
            schema: whole.schema,
            count: whole.count,
            sum: whole.sum,
            ..FloatHistogram::default()
        });
        if !is_stale_nan(whole.sum) {
            last = Some(whole);
        }
    }
}

fn hint(h: &FloatHistogram, last: Option<&FloatHistogram>) -> CounterResetHint {
    match last {
        Some(last) if h.counter_reset_hint == CounterResetHint::Unknown => {
            if h.detect_reset(last) {
                CounterResetHint::CounterReset
            } else {
                CounterResetHint::NotCounterReset
            }
        }
        _ => h.counter_reset_hint,
    }
}
