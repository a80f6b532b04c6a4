//! Counter reset hints as a store of chunks knows them: from the samples that it holds, not from what senders said.
//!
//! Source: what Prometheus' head writes into its chunks when histograms arrive, and what its readers make of that (3.14).

use std::sync::Arc;

use crate::histogram::CounterResetHint;
use crate::{FloatHistogram, HistogramPoint, Samples, TimestampMs, is_stale_nan};

/// Sets the hints of all histograms of a series. A histogram is compared with the one before it, so that the first one of `samples`
/// is left without knowledge. Gauges stay gauges, and a reset that the sender saw stays one.
pub fn set_counter_resets(samples: &mut Samples) {
    let mut previous: Option<(TimestampMs, Arc<FloatHistogram>)> = None;
    let mut floats = samples.t.iter().peekable();
    for point in &mut samples.histograms {
        let before = previous.take().filter(|(t, histogram)| {
            while floats.next_if(|float| **float <= *t).is_some() {}
            let float_between = floats.peek().is_some_and(|float| **float < point.t);
            !float_between
                && histogram.counter_reset_hint != CounterResetHint::Gauge
                && !is_stale_nan(histogram.sum)
        });
        let hint = hint(&point.h, before.as_ref().map(|(_, histogram)| &**histogram));
        if hint != point.h.counter_reset_hint {
            Arc::make_mut(&mut point.h).counter_reset_hint = hint;
        }
        previous = Some((point.t, Arc::clone(&point.h)));
    }
}

/// Keeps what lies in `start..=end`.
pub(super) fn keep(samples: Samples, start: TimestampMs, end: TimestampMs, out: &mut Samples) {
    let range = start..=end;
    for (i, t) in samples.t.iter().enumerate().filter(|(_, t)| range.contains(t)) {
        out.push_float(*t, samples.v[i], samples.st.get(i).copied().unwrap_or(0));
    }
    let inside = |point: &HistogramPoint| range.contains(&point.t);
    out.histograms.extend(samples.histograms.into_iter().filter(inside));
}

fn hint(histogram: &FloatHistogram, before: Option<&FloatHistogram>) -> CounterResetHint {
    let said = histogram.counter_reset_hint;
    if matches!(said, CounterResetHint::Gauge | CounterResetHint::CounterReset) {
        return said;
    }
    let Some(before) = before else { return CounterResetHint::Unknown };
    if is_stale_nan(histogram.sum) {
        return CounterResetHint::NotCounterReset;
    }
    let other_layout = histogram.schema != before.schema
        || histogram.zero_threshold != before.zero_threshold
        || histogram.custom_values != before.custom_values;
    // A new chunk begins; that it begins with a reset is lost between chunks (prometheus/prometheus#15346).
    if other_layout || is_reset(histogram, before) {
        CounterResetHint::Unknown
    } else {
        CounterResetHint::NotCounterReset
    }
}

/// What the counts say, whatever the sender said.
fn is_reset(histogram: &FloatHistogram, before: &FloatHistogram) -> bool {
    match histogram.counter_reset_hint {
        CounterResetHint::Unknown => histogram.detect_reset(before),
        _ => {
            let unknown =
                FloatHistogram { counter_reset_hint: CounterResetHint::Unknown, ..histogram.clone() };
            unknown.detect_reset(before)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyHistogram;
    use crate::chunk::{HistogramChunkBuilder, merge};

    fn histogram(count: f64, said: CounterResetHint) -> AnyHistogram {
        AnyHistogram::Float(FloatHistogram {
            counter_reset_hint: said,
            count,
            zero_count: count,
            ..FloatHistogram::default()
        })
    }

    #[test]
    fn hints_come_from_the_samples_also_from_those_before_the_window() {
        use CounterResetHint::{CounterReset, Gauge, NotCounterReset, Unknown};
        let mut builder = HistogramChunkBuilder::new();
        let said = [Unknown, Unknown, NotCounterReset, Unknown, CounterReset, Gauge, Unknown];
        for (t, (count, said)) in [1.0, 2.0, 3.0, 1.0, 5.0, 6.0, 7.0].into_iter().zip(said).enumerate() {
            builder.push(t as i64 + 1, &histogram(count, said), 0);
        }
        let chunks = [builder.chunk()];
        let found = [Unknown, NotCounterReset, NotCounterReset, Unknown, CounterReset, Gauge, Unknown];
        for start in 1..=7 {
            let mut out = Samples::default();
            merge(&chunks, start, 7, &mut out).unwrap();
            let hints: Vec<_> = out.histograms.iter().map(|point| point.h.counter_reset_hint).collect();
            assert_eq!(hints, found[start as usize - 1..], "from {start} on");
        }
    }
}
