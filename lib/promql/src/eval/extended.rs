//! `selector[range] anchored|smoothed` as an answer by itself: values at both edges of the range.

use mneme_model::{Samples, TimestampMs};

use super::range_call::Reach;
use crate::Error;
use crate::ast::RangeModifier;

/// The samples inside the range, with one at each edge: the neighbour's value, or (`smoothed`) one on the line between two.
///
/// # Errors
/// Histograms are not supported here.
pub(crate) fn extended(samples: &Samples, reach: Reach, modifier: RangeModifier) -> Result<Samples, Error> {
    let smoothed = modifier == RangeModifier::Smoothed;
    if !samples.histograms.is_empty() {
        let word = if smoothed { "smoothed" } else { "anchored" };
        return Err(Error::Execution(format!("{word} modifier is not supported with histograms")));
    }
    let Samples { t, v, .. } = samples;
    let mut out = Samples::default();
    let Some(mut last) = t.len().checked_sub(1) else { return Ok(out) };
    let mut first = t[..last].partition_point(|t| *t <= reach.start).saturating_sub(1);
    if smoothed {
        last = t[..last].partition_point(|t| *t < reach.end);
    }
    if t[last] <= reach.start {
        return Ok(out);
    }
    let at = |i: usize| (t[i], v[i]);
    let left = if smoothed && t[first] < reach.start {
        between(at(first), at(first + 1), reach.start)
    } else {
        v[first]
    };
    let right = if smoothed && last > 0 && t[last] > reach.end {
        between(at(last - 1), at(last), reach.end)
    } else {
        v[last]
    };
    if t[first] <= reach.start {
        first += 1;
    }
    let end = if t[last] >= reach.end { last } else { last + 1 };
    out.push_float(reach.start, left, 0);
    for i in first..end {
        out.push_float(t[i], v[i], 0);
    }
    out.push_float(reach.end, right, 0);
    Ok(out)
}

fn between(a: (TimestampMs, f64), b: (TimestampMs, f64), t: TimestampMs) -> f64 {
    a.1 + (b.1 - a.1) * (t - a.0) as f64 / (b.0 - a.0) as f64
}
