//! Subqueries: an expression evaluated on its own grid, its values taken for samples.

use std::sync::Arc;

use mneme_model::histogram::CounterResetHint;
use mneme_model::{FloatHistogram, HistogramPoint, Samples};

use super::range_call::RangeSeries;
use super::{Column, Context, Steps, ValueRef};
use crate::Error;
use crate::plan::SubqueryNode;

/// Hands each series of the subquery to `sink`, with samples for all windows of `steps`.
pub(super) fn each(
    cx: &Context<'_>,
    subquery: &SubqueryNode,
    steps: Steps,
    sink: &mut dyn FnMut(&RangeSeries<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let inner = grid(subquery, steps);
    let mut samples = Samples::default();
    if subquery.expr.is_scalar() {
        let column =
            Column::of_floats(mneme_model::Labels::empty(), super::scalar(cx, &subquery.expr, inner)?);
        fill(&column, inner, &mut samples);
        let labels = &column.labels;
        return if samples.is_empty() {
            Ok(())
        } else {
            sink(&RangeSeries { labels, drop_name: false, samples: &samples })
        };
    }
    let mut held = cx.budget.hold();
    super::each(cx, &subquery.expr, inner, &mut |column| {
        fill(column, inner, &mut samples);
        held.replace(column.samples(), 16 * samples.len() + column.bytes())?;
        if samples.is_empty() {
            return Ok(());
        }
        sink(&RangeSeries { labels: &column.labels, drop_name: column.drop_name, samples: &samples })
    })
}

/// The subquery's own steps: multiples of its step, from the first one after the first window's start to the last window's end.
fn grid(subquery: &SubqueryNode, outer: Steps) -> Steps {
    let (first, last) = match subquery.at {
        Some(at) => (at, at),
        None => (outer.start, outer.last()),
    };
    let after = first.saturating_sub(subquery.offset_ms).saturating_sub(subquery.range_ms);
    let step_ms = subquery.step_ms.max(1);
    // Truncation towards zero and the correction after it: as upstream, also for times before 1970.
    let mut start = step_ms * (after / step_ms);
    if start <= after {
        start = start.saturating_add(step_ms);
    }
    Steps::new(start, last.saturating_sub(subquery.offset_ms), step_ms)
}

fn fill(column: &Column, steps: Steps, out: &mut Samples) {
    out.clear();
    for (step, value) in column.values() {
        match value {
            ValueRef::Float(value) => out.push_float(steps.time(step), value, 0),
            ValueRef::Histogram(h) => {
                out.histograms.push(HistogramPoint { t: steps.time(step), h: without_hint(h), st: 0 });
            }
        }
    }
}

/// What is known of resets between neighbouring samples does not hold between the samples that a subquery picks.
fn without_hint(h: &Arc<FloatHistogram>) -> Arc<FloatHistogram> {
    if matches!(h.counter_reset_hint, CounterResetHint::Unknown | CounterResetHint::Gauge) {
        return Arc::clone(h);
    }
    Arc::new(FloatHistogram { counter_reset_hint: CounterResetHint::Unknown, ..FloatHistogram::clone(h) })
}
