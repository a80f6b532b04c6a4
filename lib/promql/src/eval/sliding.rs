//! Range functions of floats by windows that slide over a series, each computed from the one before.

use mneme_model::{Samples, TimestampMs};

use super::range_call::{Bounds, uses_start_timestamps};
use super::{Context, Steps};
use crate::Error;
use crate::ast::RangeModifier;
use crate::budget::Held;
use crate::cancel::Work;
use crate::functions::incremental::{FloatSeries, FloatWindow, Incremental, Scratch, incremental};
use crate::plan::{RangeCallNode, RangeSource};

/// A call that can be computed this way, with its memory.
pub(super) struct Sliding<'c> {
    function: Incremental,
    bounds: Bounds,
    steps: Steps,
    start_timestamps: bool,
    /// The times of the series before, and its windows, with how many samples they have together and at most.
    times: Vec<TimestampMs>,
    windows: Vec<FloatWindow>,
    looked_at: usize,
    largest: usize,
    scratch: Scratch,
    _held: Held<'c>,
}

impl<'c> Sliding<'c> {
    /// `None` if the call cannot be computed this way.
    pub(super) fn new(
        cx: &'c Context<'_>,
        call: &RangeCallNode,
        steps: Steps,
        bounds: Bounds,
    ) -> Result<Option<Self>, Error> {
        let extended = match &call.source {
            RangeSource::Selector(selector) => selector.modifier != RangeModifier::None,
            RangeSource::Subquery(_) => false,
        };
        let Some(function) = incremental(call.name).filter(|_| !extended) else { return Ok(None) };
        let mut held = cx.budget.hold();
        held.grow(0, steps.count.saturating_mul(size_of::<FloatWindow>()))?;
        Ok(Some(Self {
            function,
            bounds,
            steps,
            start_timestamps: uses_start_timestamps(cx, call.name),
            times: Vec::new(),
            windows: Vec::new(),
            looked_at: 0,
            largest: 0,
            scratch: Scratch::default(),
            _held: held,
        }))
    }

    /// Whether these samples can be computed this way.
    pub(super) fn fits(&self, samples: &Samples) -> bool {
        samples.histograms.is_empty() && (!self.start_timestamps || samples.st.is_empty())
    }

    /// Computes the function at each step.
    pub(super) fn series(
        &mut self,
        cx: &Context<'_>,
        samples: &Samples,
        out: &mut [f64],
    ) -> Result<(), Error> {
        // Series of one target are scraped together.
        let same_times = self.times == samples.t;
        if !same_times {
            self.times.clone_from(&samples.t);
            (self.looked_at, self.largest) = self.slide(&samples.t);
        }
        let (looked_at, largest) = (self.looked_at, self.largest);
        // Upstream's count of samples held at one time: those of one window.
        cx.budget.hold().grow(largest, 0)?;
        cx.queryable_samples.set(cx.queryable_samples.get() + looked_at as u64);
        let mut work = Work::new(cx.cancel);
        work.done(samples.len() + self.steps.count)?;
        let series = FloatSeries {
            t: &samples.t,
            v: &samples.v,
            windows: &self.windows,
            range_ms: self.bounds.range_ms(),
            same_times,
        };
        self.function.run(&series, &mut self.scratch, &mut work, out)
    }

    /// Finds the windows; tells how many samples they have together, and the largest of them.
    fn slide(&mut self, t: &[i64]) -> (usize, usize) {
        self.windows.clear();
        let (mut from, mut to, mut all, mut largest) = (0, 0, 0, 0);
        let bounds = self.bounds;
        self.windows.extend(self.steps.times().map(|time| {
            let reach = bounds.of(time);
            while t.get(to).is_some_and(|t| *t <= reach.end) {
                to += 1;
            }
            while from < to && t[from] <= reach.start {
                from += 1;
            }
            all += to - from;
            largest = largest.max(to - from);
            FloatWindow { from, to, end: reach.end }
        }));
        (all, largest)
    }
}
