//! `rate`, `increase` and `delta`: the difference of the samples in the range, extrapolated to its ends.

use super::super::contract::{Value, Window};
use super::start_time::Times;
use super::{Difference, histograms, seconds};
use crate::annotations::{Note, Notes};

pub(super) fn difference(window: &Window<'_>, kind: Difference, notes: &mut Notes<'_>) -> Option<Value> {
    let is_float = window.histograms.is_empty();
    let times = |index| {
        if is_float { Times::of_float(window, index) } else { Times::of_histogram(window, index) }
    };
    let last = window.len().checked_sub(1)?;
    let mut result = match (is_float, last) {
        (true, _) => Some(Value::Float(float_difference(window, kind, notes))),
        (false, 0) => None,
        (false, _) => Some(Value::Histogram(histograms::difference(window, kind, notes)?.into())),
    };
    let (first_t, last_t) = (times(0).at, times(last).at);
    let mut span = Span {
        sampled: last_t.saturating_sub(first_t) as f64 / 1000.0,
        to_start: first_t.saturating_sub(window.start) as f64 / 1000.0,
        to_end: window.end.saturating_sub(last_t) as f64 / 1000.0,
    };
    let average_step = if last > 0 { span.sampled / last as f64 } else { 0.0 };
    let threshold = average_step * 1.1;
    let start = times(0).start;
    if kind.is_counter() && start != 0 && start > window.start && start < first_t {
        // The counter was zero at its start, which lies in the range: no need to guess.
        span.to_start = 0.0;
        span.sampled = last_t.saturating_sub(start) as f64 / 1000.0;
        result = Some(add_first(window, result, notes)?);
    } else if last == 0 {
        return None;
    } else {
        if span.to_start >= threshold {
            span.to_start = average_step / 2.0;
        }
        if kind.is_counter() {
            span.stop_at_zero(window, result.as_ref());
        }
    }
    if span.to_end >= threshold {
        span.to_end = average_step / 2.0;
    }
    let mut factor = 1.0;
    if span.sampled != 0.0 {
        factor = (span.sampled + span.to_start + span.to_end) / span.sampled;
    }
    if kind.is_rate() {
        factor /= seconds(window.range_ms);
    }
    Some(match result? {
        Value::Float(value) => Value::Float(value * factor),
        Value::Histogram(mut histogram) => {
            std::sync::Arc::make_mut(&mut histogram).mul(factor);
            Value::Histogram(histogram)
        }
    })
}

/// Seconds between the samples, and from them to the ends of the range.
struct Span {
    sampled: f64,
    to_start: f64,
    to_end: f64,
}

impl Span {
    /// A counter is not extrapolated below zero.
    fn stop_at_zero(&mut self, window: &Window<'_>, result: Option<&Value>) {
        let to_zero = match result {
            Some(Value::Float(increase)) if *increase > 0.0 && window.v[0] >= 0.0 => {
                self.sampled * (window.v[0] / increase)
            }
            Some(Value::Histogram(increase))
                if increase.count > 0.0 && window.histograms[0].h.count >= 0.0 =>
            {
                self.sampled * (window.histograms[0].h.count / increase.count)
            }
            _ => return,
        };
        if to_zero < self.to_start {
            self.to_start = to_zero;
        }
    }
}

/// The increase from the zero at the counter's start to the first sample, on top of `result`.
fn add_first(window: &Window<'_>, result: Option<Value>, notes: &mut Notes<'_>) -> Option<Value> {
    Some(match result {
        Some(Value::Float(value)) => Value::Float(value + window.v[0]),
        None => Value::Histogram(window.histograms[0].h.clone()),
        Some(Value::Histogram(mut sum)) => {
            let metric = window.metric_name();
            histograms::add(std::sync::Arc::make_mut(&mut sum), &window.histograms[0].h, metric, notes)?;
            Value::Histogram(sum)
        }
    })
}

fn float_difference(window: &Window<'_>, kind: Difference, notes: &mut Notes<'_>) -> f64 {
    let values = window.v;
    let mut difference = values[values.len() - 1] - values[0];
    if !kind.is_counter() {
        return difference;
    }
    let mut overlap_seen = false;
    for (index, pair) in values.windows(2).enumerate() {
        let (before, now) = (Times::of_float(window, index), Times::of_float(window, index + 1));
        if !overlap_seen && now.overlaps(before) {
            notes.add(0, Note::StartTimeOverlap { metric: window.metric_name().to_owned(), count: 1 });
            overlap_seen = true;
        }
        if pair[1] < pair[0] || now.reset_since(before) {
            difference += pair[0];
        }
    }
    difference
}
