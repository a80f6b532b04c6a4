//! `irate` and `idelta`: the difference of the last two samples.

use std::sync::Arc;

use mneme_model::FloatHistogram;
use mneme_model::histogram::CounterResetHint;

use super::super::contract::{Value, Window};
use super::histograms;
use super::interpolate::is_gauge;
use super::start_time::Times;
use crate::annotations::{Note, Notes};

/// A sample of either kind.
struct Sample<'a> {
    times: Times,
    value: SampleValue<'a>,
}

enum SampleValue<'a> {
    Float(f64),
    Histogram(&'a FloatHistogram),
}

/// The last two samples in order, floats and histograms together.
fn last_two<'a>(window: &Window<'a>) -> Option<[Sample<'a>; 2]> {
    let floats = (0..window.t.len()).rev().take(2).map(|index| Sample {
        times: Times::of_float(window, index),
        value: SampleValue::Float(window.v[index]),
    });
    let histograms = (0..window.histograms.len()).rev().take(2).map(|index| Sample {
        times: Times::of_histogram(window, index),
        value: SampleValue::Histogram(&window.histograms[index].h),
    });
    let mut samples: Vec<_> = floats.chain(histograms).collect();
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.times.at));
    let mut newest_first = samples.into_iter();
    let (last, before) = (newest_first.next()?, newest_first.next()?);
    Some([before, last])
}

pub(super) fn difference(window: &Window<'_>, is_rate: bool, notes: &mut Notes<'_>) -> Option<Value> {
    let [before, last] = last_two(window)?;
    let interval_ms = last.times.at.saturating_sub(before.times.at);
    if interval_ms == 0 {
        return None;
    }
    let seconds = interval_ms as f64 / 1000.0;
    let reset = is_rate && last.times.reset_since(before.times);
    match (before.value, last.value) {
        (SampleValue::Float(before), SampleValue::Float(last)) => {
            // A reset counter rose from 0. NaN is not less than anything.
            let difference = if is_rate && (last < before || reset) { last } else { last - before };
            Some(Value::Float(if is_rate { difference / seconds } else { difference }))
        }
        (SampleValue::Histogram(before), SampleValue::Histogram(last)) => {
            note_kind(window, is_rate, before, last, notes);
            let mut difference = last.clone();
            if !is_rate || !(reset || last.detect_reset(before)) {
                histograms::sub(&mut difference, before, window.metric_name(), notes)?;
            }
            difference.counter_reset_hint = CounterResetHint::Gauge;
            difference.compact(0);
            if is_rate {
                difference.div(seconds);
            }
            Some(Value::Histogram(Arc::new(difference)))
        }
        _ => {
            notes.add(0, Note::MixedFloatsHistograms { metric: window.metric_name().to_owned() });
            None
        }
    }
}

/// `irate` is for counters, `idelta` for gauges.
fn note_kind(
    window: &Window<'_>,
    is_rate: bool,
    before: &FloatHistogram,
    last: &FloatHistogram,
    notes: &mut Notes<'_>,
) {
    let metric = || window.metric_name().to_owned();
    let gauges = usize::from(is_gauge(before)) + usize::from(is_gauge(last));
    if is_rate && gauges > 0 {
        notes.add(0, Note::NativeHistogramNotCounter { metric: metric() });
    } else if !is_rate && gauges < 2 {
        notes.add(0, Note::NativeHistogramNotGauge { metric: metric() });
    }
}
