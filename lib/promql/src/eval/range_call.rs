//! Functions of range vectors: one series after another, a window moving over its samples with the steps.

use mneme_model::{Labels, Samples, TimestampMs};

use super::measure::Running;
use super::names::{self, Merged};
use super::sliding::Sliding;
use super::window::{Part, Windows, drop_stale};
use super::{Column, Context, Sink, Steps, histogram_stats, subquery};
use crate::Error;
use crate::annotations::Note;
use crate::ast::RangeModifier;
use crate::cancel::Work;
use crate::functions::contract::{RangeFn, Window};
use crate::functions::labels_of_absent;
use crate::plan::{RangeCallNode, RangeSource, SelectorNode, selector_key, unique_without_name};

/// Hands each series' results to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    call: &RangeCallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let Some(function) = call.function else {
        return absent(cx, call, steps, sink);
    };
    let scalars =
        call.scalars.iter().map(|arg| super::scalar(cx, arg, steps)).collect::<Result<Vec<_>, _>>()?;
    let keeps_name = matches!(call.name, "first_over_time" | "last_over_time");
    let bounds = Bounds::new(cx, &call.source);
    let mut seen = Unique::new(cx, call, keeps_name);
    let name_matters = !call.name_is_ignored || seen.seen.is_some();
    let mut sliding = Sliding::new(cx, call, steps, bounds)?;
    let run = Run { cx, call, function, scalars, steps, bounds };
    let mut column = Column::absent(Labels::empty(), false, 0);
    each_source(cx, &call.source, steps, &mut |series| {
        column.reset(series.labels, series.drop_name, steps.count);
        match sliding.as_mut().filter(|sliding| sliding.fits(series.samples)) {
            Some(sliding) => sliding.series(cx, series.samples, column.floats_mut())?,
            None => run.series(series, &mut column)?,
        }
        if !column.any() {
            return Ok(());
        }
        if column.has_floats() {
            run.note_non_counter(series.labels);
        }
        if !keeps_name || series.drop_name {
            if name_matters {
                names::drop_name(cx, &mut column);
            }
            column.drop_name = true;
        }
        seen.check(&column)?;
        sink(&mut column)
    })
}

/// One series of a range vector.
pub(crate) struct RangeSeries<'a> {
    pub(crate) labels: &'a Labels,
    /// Its name is to be removed at the end.
    pub(crate) drop_name: bool,
    /// Without stale markers, at least as far as the windows reach.
    pub(crate) samples: &'a Samples,
}

/// Takes one series of a range vector.
type SeriesSink<'s> = dyn FnMut(&RangeSeries<'_>) -> Result<(), Error> + 's;

/// Hands each series of a range vector to `sink`.
pub(crate) fn each_source(
    cx: &Context<'_>,
    source: &RangeSource,
    steps: Steps,
    sink: &mut SeriesSink<'_>,
) -> Result<(), Error> {
    let selector = match source {
        RangeSource::Subquery(subquery) => return subquery::each(cx, subquery, steps, sink),
        RangeSource::Selector(selector) => selector,
    };
    let Some(measurements) = &cx.measurements else {
        return each_selected(cx, source, selector, steps, sink);
    };
    let mut run = Running::start();
    let done = each_selected(cx, source, selector, steps, &mut |series| {
        let bytes = 16 * series.samples.len() + series.labels.as_bytes().len();
        run.hand_on(series.samples.len(), bytes, || sink(series))
    });
    measurements.add(selector_key(selector), &run);
    done
}

fn each_selected(
    cx: &Context<'_>,
    source: &RangeSource,
    selector: &SelectorNode,
    steps: Steps,
    sink: &mut SeriesSink<'_>,
) -> Result<(), Error> {
    let bounds = Bounds::new(cx, source);
    let (first, last) = (bounds.of(steps.start), bounds.of(steps.last()));
    let mut samples = Samples::default();
    let mut held = cx.budget.hold();
    cx.each_series(selector.select, &mut |labels, compressed| {
        samples.clear();
        compressed.read(first.after.saturating_add(1), last.until, &mut samples)?;
        if selector.stats_only {
            histogram_stats::strip(&mut samples.histograms);
        }
        drop_stale(&mut samples);
        held.replace(0, 16 * samples.len())?;
        if samples.is_empty() {
            return Ok(());
        }
        sink(&RangeSeries { labels, drop_name: false, samples: &samples })
    })
}

/// From where to where the window of a step reaches.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    at: Option<TimestampMs>,
    offset_ms: i64,
    range_ms: i64,
    more_back_ms: i64,
    ahead_ms: i64,
}

/// The window of one step.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    /// The range as written: `start < t <= end`.
    pub(crate) start: TimestampMs,
    pub(crate) end: TimestampMs,
    /// With what `anchored` and `smoothed` add: `after < t <= until`.
    pub(crate) after: TimestampMs,
    pub(crate) until: TimestampMs,
}

impl Bounds {
    pub(crate) fn new(cx: &Context<'_>, source: &RangeSource) -> Self {
        let (at, offset_ms, range_ms, modifier) = match source {
            RangeSource::Selector(s) => (s.at, s.offset_ms, s.range_ms, s.modifier),
            RangeSource::Subquery(s) => (s.at, s.offset_ms, s.range_ms, RangeModifier::None),
        };
        let (more_back_ms, ahead_ms) = match modifier {
            RangeModifier::None => (0, 0),
            RangeModifier::Anchored => (cx.lookback_ms, 0),
            RangeModifier::Smoothed => (cx.lookback_ms, cx.lookback_ms),
        };
        Self { at, offset_ms, range_ms, more_back_ms, ahead_ms }
    }

    /// The range as written.
    pub(super) fn range_ms(&self) -> i64 {
        self.range_ms
    }

    #[inline]
    pub(crate) fn of(&self, step: TimestampMs) -> Reach {
        let end = self.at.unwrap_or(step).saturating_sub(self.offset_ms);
        let start = end.saturating_sub(self.range_ms);
        Reach {
            start,
            end,
            after: start.saturating_sub(self.more_back_ms),
            until: end.saturating_add(self.ahead_ms),
        }
    }
}

/// A call, ready to run over series.
struct Run<'a, 'c> {
    cx: &'a Context<'c>,
    call: &'a RangeCallNode,
    function: RangeFn,
    scalars: Vec<Vec<f64>>,
    steps: Steps,
    bounds: Bounds,
}

impl Run<'_, '_> {
    fn series(&self, series: &RangeSeries<'_>, out: &mut Column) -> Result<(), Error> {
        let (cx, name) = (self.cx, self.call.name);
        let use_start_timestamps = uses_start_timestamps(cx, name);
        let mut windows = Windows::new(series.samples);
        let mut args = vec![0.0; self.scalars.len()];
        let mut looked_at = 0;
        let mut held = cx.budget.hold();
        let mut largest = 0;
        let mut work = Work::new(cx.cancel);
        for (step, time) in self.steps.times().enumerate() {
            let reach = self.bounds.of(time);
            let part = windows.next(reach.after, reach.until);
            if part.len() == 0 {
                continue;
            }
            let samples = part.samples();
            work.done(samples)?;
            looked_at += samples as u64;
            if samples > largest {
                largest = samples;
                held.replace(largest, 0)?;
            }
            for (arg, values) in args.iter_mut().zip(&self.scalars) {
                *arg = values[step];
            }
            let window = self.window(series, part, time, reach, use_start_timestamps);
            let value = cx.with_notes(&self.call.arg_pos, |notes| (self.function)(&window, &args, notes));
            if let Some(value) = value.map_err(Error::Execution)? {
                out.set(step, value);
            }
        }
        cx.queryable_samples.set(cx.queryable_samples.get() + looked_at);
        Ok(())
    }

    fn window<'w>(
        &self,
        series: &'w RangeSeries<'_>,
        part: Part<'w>,
        eval_t: TimestampMs,
        reach: Reach,
        use_start_timestamps: bool,
    ) -> Window<'w> {
        let modifier = match &self.call.source {
            RangeSource::Selector(selector) => selector.modifier,
            RangeSource::Subquery(_) => RangeModifier::None,
        };
        Window {
            labels: series.labels.view(),
            t: part.t,
            v: part.v,
            st: if use_start_timestamps { part.st } else { &[] },
            histograms: part.histograms,
            eval_t,
            start: reach.start,
            end: reach.end,
            range_ms: self.bounds.range_ms,
            modifier,
            use_start_timestamps,
        }
    }

    /// `rate` and `increase` of floats that do not look like a counter.
    fn note_non_counter(&self, labels: &Labels) {
        if !matches!(self.call.name, "rate" | "increase") {
            return;
        }
        let metric = labels.metric_name();
        if metric.is_empty() {
            return;
        }
        let metric_name = metric.to_owned();
        let note = if self.cx.features.type_and_unit_labels {
            let type_label = labels.get("__type__").unwrap_or("");
            if matches!(type_label, "counter" | "histogram") {
                return;
            }
            Note::PossibleNonCounterLabel { metric: metric_name, type_label: type_label.to_owned() }
        } else {
            if ["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| metric.ends_with(suffix)) {
                return;
            }
            Note::PossibleNonCounter { metric: metric_name }
        };
        self.cx.note(note, self.call.arg_pos.first().copied().unwrap_or_default());
    }
}

/// Whether the function looks at start timestamps.
pub(super) fn uses_start_timestamps(cx: &Context<'_>, name: &str) -> bool {
    cx.features.use_start_timestamps && matches!(name, "rate" | "irate" | "increase" | "resets")
}

/// Refuses a second series of the same labels, where dropping names can have made one.
struct Unique {
    seen: Option<std::collections::HashSet<u64>>,
}

impl Unique {
    fn new(cx: &Context<'_>, call: &RangeCallNode, keeps_name: bool) -> Self {
        let safe = match &call.source {
            RangeSource::Selector(s) => keeps_name || s.has_one_name(cx.features),
            RangeSource::Subquery(s) => unique_without_name(cx.features, &s.expr),
        };
        Self { seen: (!safe && !cx.features.delayed_name_removal).then(Default::default) }
    }

    fn check(&mut self, column: &Column) -> Result<(), Error> {
        let Some(seen) = &mut self.seen else { return Ok(()) };
        if seen.insert(column.labels.view().hash(0)) { Ok(()) } else { Err(names::duplicate()) }
    }
}

/// `absent_over_time`: 1 at the steps at which no series has a sample in its window.
fn absent(cx: &Context<'_>, call: &RangeCallNode, steps: Steps, sink: &mut Sink<'_>) -> Result<(), Error> {
    let bounds = Bounds::new(cx, &call.source);
    let mut present = vec![false; steps.count];
    each_source(cx, &call.source, steps, &mut |series| {
        let mut windows = Windows::new(series.samples);
        for (present, time) in present.iter_mut().zip(steps.times()) {
            let reach = bounds.of(time);
            *present |= windows.next(reach.after, reach.until).len() > 0;
        }
        Ok(())
    })?;
    let labels = match &call.source {
        RangeSource::Selector(selector) => labels_of_absent(&selector.matchers),
        RangeSource::Subquery(_) => Labels::empty(),
    };
    let mut column = Column::absent(labels, true, steps.count);
    for (step, _) in present.iter().enumerate().filter(|(_, present)| !**present) {
        column.set_float(step, 1.0);
    }
    let mut merged = Merged::default();
    merged.add(&mut column)?;
    merged.emit(sink)
}
