//! `resets` and `changes`: how often something happens between neighbouring samples, floats and histograms together.

use mneme_model::FloatHistogram;

use super::super::contract::{Value, Window};
use super::start_time::Times;
use crate::ast::RangeModifier;

/// How often the counter started anew. A change between floats and histograms counts.
pub(super) fn resets(window: &Window<'_>) -> Option<Value> {
    count(window, |before, now| match (before.histogram, now.histogram) {
        (None, None) => now.float < before.float || now.times.reset_since(before.times),
        (Some(h), Some(next)) => now.times.reset_since(before.times) || next.detect_reset(h),
        _ => true,
    })
}

/// How often the value changed. NaN after NaN is no change; a change between floats and histograms is one.
pub(super) fn changes(window: &Window<'_>) -> Option<Value> {
    count(window, |before, now| match (before.histogram, now.histogram) {
        (None, None) => now.float != before.float && !(now.float.is_nan() && before.float.is_nan()),
        (Some(h), Some(next)) => !next.equals(h),
        _ => true,
    })
}

/// A sample of either kind; `float` counts only without `histogram`.
#[derive(Clone, Copy)]
struct Sample<'a> {
    times: Times,
    float: f64,
    histogram: Option<&'a FloatHistogram>,
}

fn count(window: &Window<'_>, happens: impl Fn(&Sample<'_>, &Sample<'_>) -> bool) -> Option<Value> {
    let (mut float, mut histogram) = (0, 0);
    if window.modifier == RangeModifier::Anchored {
        (float, histogram) = anchored_start(window)?;
    }
    let mut before: Option<Sample<'_>> = None;
    let mut times = 0u64;
    loop {
        let (t, h) = (window.t.get(float), window.histograms.get(histogram));
        let now = match (t, h) {
            (Some(t), h) if h.is_none_or(|h| *t <= h.t) => {
                float += 1;
                Sample {
                    times: Times::of_float(window, float - 1),
                    float: window.v[float - 1],
                    histogram: None,
                }
            }
            (_, Some(point)) => {
                histogram += 1;
                Sample {
                    times: Times::of_histogram(window, histogram - 1),
                    float: 0.0,
                    histogram: Some(&point.h),
                }
            }
            _ => break,
        };
        times += u64::from(before.is_some_and(|before| happens(&before, &now)));
        before = Some(now);
    }
    before.map(|_| Value::Float(times as f64))
}

/// The first float and the first histogram of an anchored range: the newest sample at or before the start, and all after
/// it; `None` if there is none after the start.
fn anchored_start(window: &Window<'_>) -> Option<(usize, usize)> {
    let floats = window.t.partition_point(|t| *t <= window.start);
    let histograms = window.histograms.partition_point(|point| point.t <= window.start);
    if floats == window.t.len() && histograms == window.histograms.len() {
        return None;
    }
    let anchor_float = floats.checked_sub(1).map(|index| window.t[index]);
    let anchor_histogram = histograms.checked_sub(1).map(|index| window.histograms[index].t);
    Some(match (anchor_float, anchor_histogram) {
        (None, None) => (0, 0),
        (Some(float), histogram) if histogram.is_none_or(|histogram| float >= histogram) => {
            (floats - 1, histograms)
        }
        _ => (floats, histograms - 1),
    })
}
