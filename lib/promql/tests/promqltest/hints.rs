//! Counter reset hints as a store of chunks hands them out: what it finds out when samples arrive.

use std::sync::Arc;

use mneme_model::histogram::CounterResetHint;
use mneme_model::{FloatHistogram, Samples, is_stale_nan};

/// Sets the hints of all histograms of a series.
pub(crate) fn set(samples: &mut Samples) {
    let mut previous: Option<(i64, Arc<FloatHistogram>)> = None;
    for point in &mut samples.histograms {
        let before = previous.take().filter(|(t, h)| {
            let float_between = samples.t.iter().any(|float| *t < *float && *float < point.t);
            !float_between && h.counter_reset_hint != CounterResetHint::Gauge && !is_stale_nan(h.sum)
        });
        let hint = hint(&point.h, before.as_ref().map(|(_, h)| &**h));
        let original = Arc::clone(&point.h);
        if hint != original.counter_reset_hint {
            point.h =
                Arc::new(FloatHistogram { counter_reset_hint: hint, ..FloatHistogram::clone(&original) });
        }
        previous = Some((point.t, Arc::clone(&point.h)));
    }
}

fn hint(h: &FloatHistogram, before: Option<&FloatHistogram>) -> CounterResetHint {
    if matches!(h.counter_reset_hint, CounterResetHint::Gauge | CounterResetHint::CounterReset) {
        return h.counter_reset_hint;
    }
    let Some(before) = before else { return CounterResetHint::Unknown };
    if is_stale_nan(h.sum) {
        return CounterResetHint::NotCounterReset;
    }
    let unknown = FloatHistogram { counter_reset_hint: CounterResetHint::Unknown, ..h.clone() };
    let other_layout = h.schema != before.schema
        || h.zero_threshold != before.zero_threshold
        || h.custom_values != before.custom_values;
    // A new chunk begins; that it begins with a reset is lost between chunks (prometheus/prometheus#15346).
    if other_layout || unknown.detect_reset(before) {
        CounterResetHint::Unknown
    } else {
        CounterResetHint::NotCounterReset
    }
}
