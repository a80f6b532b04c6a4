//! Instant vector selectors: at each step the newest sample not older than the lookback, or (`smoothed`) a value between two.

use mneme_model::{Labels, Samples, TimestampMs, is_stale_nan};

use super::{Column, Context, Sink, Steps, histogram_stats};
use crate::Error;
use crate::ast::RangeModifier;
use crate::functions::contract::Value;
use crate::plan::SelectorNode;

/// A sample that a selector finds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// Index among the floats.
    Float(usize),
    /// Index among the histograms.
    Histogram(usize),
}

/// Hands each selected series' values to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    selector: &SelectorNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    if selector.modifier == RangeModifier::Smoothed {
        return super::smoothed::each(cx, selector, steps, sink);
    }
    let mut column = Column::absent(Labels::empty(), false, 0);
    each_read(cx, selector, steps, &mut |labels, samples, found| {
        column.reset(labels, false, steps.count);
        if samples.histograms.is_empty() {
            let seen = floats(samples, selector, steps, cx.lookback_ms, column.floats_mut());
            cx.queryable_samples.set(cx.queryable_samples.get() + seen as u64);
            return if seen > 0 { sink(&mut column) } else { Ok(()) };
        }
        find(samples, selector, steps, cx.lookback_ms, found);
        cx.queryable_samples.set(cx.queryable_samples.get() + found.len() as u64);
        for (step, found) in found.iter() {
            column.set(*step, value(samples, *found));
        }
        if found.is_empty() { Ok(()) } else { sink(&mut column) }
    })
}

/// What each step sees of a series without histograms; tells how many steps see something.
fn floats(
    samples: &Samples,
    selector: &SelectorNode,
    steps: Steps,
    lookback_ms: i64,
    out: &mut [f64],
) -> usize {
    let (mut behind, mut seen) = (0, 0);
    for (out, time) in out.iter_mut().zip(steps.times()) {
        let reference = selector.at.unwrap_or(time).saturating_sub(selector.offset_ms);
        while samples.t.get(behind).is_some_and(|t| *t <= reference) {
            behind += 1;
        }
        let Some(newest) = behind.checked_sub(1) else { continue };
        if samples.t[newest] > reference.saturating_sub(lookback_ms) && !is_stale_nan(samples.v[newest]) {
            *out = samples.v[newest];
            seen += 1;
        }
    }
    seen
}

/// What takes a series with the samples found at the steps that have one.
type FoundSink<'s> = dyn FnMut(&Labels, &Samples, &[(usize, Found)]) -> Result<(), Error> + 's;

/// Hands on each series that has a sample at any step.
pub(super) fn each_found(
    cx: &Context<'_>,
    selector: &SelectorNode,
    steps: Steps,
    sink: &mut FoundSink<'_>,
) -> Result<(), Error> {
    each_read(cx, selector, steps, &mut |labels, samples, found| {
        find(samples, selector, steps, cx.lookback_ms, found);
        if found.is_empty() {
            return Ok(());
        }
        cx.queryable_samples.set(cx.queryable_samples.get() + found.len() as u64);
        sink(labels, samples, found)
    })
}

/// What takes a series with the samples that steps may see, and a list to be used as one likes.
type ReadSink<'s> = dyn FnMut(&Labels, &Samples, &mut Vec<(usize, Found)>) -> Result<(), Error> + 's;

/// Reads each series' samples.
fn each_read(
    cx: &Context<'_>,
    selector: &SelectorNode,
    steps: Steps,
    sink: &mut ReadSink<'_>,
) -> Result<(), Error> {
    let mut samples = Samples::default();
    let mut found = Vec::new();
    let (first, last) = match selector.at {
        Some(at) => (at, at),
        None => (steps.start, steps.last()),
    };
    let first = first.saturating_sub(selector.offset_ms).saturating_sub(cx.lookback_ms - 1);
    let last = last.saturating_sub(selector.offset_ms);
    let mut held = cx.budget.hold();
    cx.each_series(selector.select, &mut |labels, compressed| {
        samples.clear();
        compressed.read(first, last, &mut samples)?;
        if selector.stats_only {
            histogram_stats::strip(&mut samples.histograms);
        }
        held.replace(0, 16 * samples.len())?;
        sink(labels, &samples, &mut found)
    })
}

/// Which sample each step sees: two indexes move forward with the steps.
fn find(
    samples: &Samples,
    selector: &SelectorNode,
    steps: Steps,
    lookback_ms: i64,
    out: &mut Vec<(usize, Found)>,
) {
    out.clear();
    let (mut floats, mut histograms) = (0, 0);
    for (step, time) in steps.times().enumerate() {
        let reference = selector.at.unwrap_or(time).saturating_sub(selector.offset_ms);
        floats += samples.t[floats..].iter().take_while(|t| **t <= reference).count();
        histograms +=
            samples.histograms[histograms..].iter().take_while(|point| point.t <= reference).count();
        let oldest = reference.saturating_sub(lookback_ms);
        let float = floats.checked_sub(1).filter(|i| samples.t[*i] > oldest);
        let histogram = histograms.checked_sub(1).filter(|i| samples.histograms[*i].t > oldest);
        let newest = match (float, histogram) {
            (Some(f), Some(h)) if samples.histograms[h].t > samples.t[f] => Found::Histogram(h),
            (Some(f), _) => Found::Float(f),
            (None, Some(h)) => Found::Histogram(h),
            (None, None) => continue,
        };
        let stale = match newest {
            Found::Float(i) => is_stale_nan(samples.v[i]),
            Found::Histogram(i) => is_stale_nan(samples.histograms[i].h.sum),
        };
        if !stale {
            out.push((step, newest));
        }
    }
}

fn value(samples: &Samples, found: Found) -> Value {
    match found {
        Found::Float(i) => Value::Float(samples.v[i]),
        Found::Histogram(i) => Value::Histogram(samples.histograms[i].h.clone()),
    }
}

/// The sample's own time.
pub(super) fn time(samples: &Samples, found: Found) -> TimestampMs {
    match found {
        Found::Float(i) => samples.t[i],
        Found::Histogram(i) => samples.histograms[i].t,
    }
}

/// The sample's start timestamp, 0 if unknown.
pub(super) fn start_time(samples: &Samples, found: Found) -> TimestampMs {
    match found {
        Found::Float(i) => samples.st.get(i).copied().unwrap_or(0),
        Found::Histogram(i) => samples.histograms[i].st,
    }
}
