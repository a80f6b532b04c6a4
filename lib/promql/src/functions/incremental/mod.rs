//! Range functions over a series' floats for all steps at once: a window costs what changed since the one before it, not its length.
//!
//! Every result has the bits that the function of [`super::contract::RangeFn`] computes from the window by itself. Where an order of
//! additions matters for them (compensated sums of fractions), windows are added up one by one, several side by side.

mod counts;
mod differences;
mod extremes;
mod sums;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use mneme_model::TimestampMs;

use super::rate::Difference;
use crate::Error;
use crate::cancel::Work;

/// A function that is computed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incremental {
    Difference(Difference),
    /// Of the last two samples.
    InstantDifference {
        is_rate: bool,
    },
    Resets,
    Changes,
    Count,
    Present,
    First,
    Last,
    Min,
    Max,
    Sum,
    Average,
}

/// The function called `name`, if it is computed here.
pub(crate) fn incremental(name: &str) -> Option<Incremental> {
    Some(match name {
        "rate" => Incremental::Difference(Difference::Rate),
        "increase" => Incremental::Difference(Difference::Increase),
        "delta" => Incremental::Difference(Difference::Delta),
        "irate" => Incremental::InstantDifference { is_rate: true },
        "idelta" => Incremental::InstantDifference { is_rate: false },
        "resets" => Incremental::Resets,
        "changes" => Incremental::Changes,
        "count_over_time" => Incremental::Count,
        "present_over_time" => Incremental::Present,
        "first_over_time" => Incremental::First,
        "last_over_time" => Incremental::Last,
        "min_over_time" => Incremental::Min,
        "max_over_time" => Incremental::Max,
        "sum_over_time" => Incremental::Sum,
        "avg_over_time" => Incremental::Average,
        _ => return None,
    })
}

/// One series with the windows of all steps: floats only, no stale markers, no start timestamps, no extended ranges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FloatSeries<'a> {
    pub(crate) t: &'a [TimestampMs],
    pub(crate) v: &'a [f64],
    /// One per step; neither end moves backwards.
    pub(crate) windows: &'a [FloatWindow],
    pub(crate) range_ms: i64,
    /// Times and windows are those of the run before that used the same [`Scratch`] for the same function.
    pub(crate) same_times: bool,
}

/// The samples `from..to` of a series, those of a range that ends at `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FloatWindow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) end: TimestampMs,
}

/// Memory that is used again for the next series.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    indexes: Vec<usize>,
    counts: Vec<u32>,
    sums: Vec<f64>,
    spans: Vec<differences::Span>,
    stretches: Vec<differences::Stretch>,
    candidates: VecDeque<usize>,
}

impl FloatWindow {
    #[inline]
    fn is_empty(&self) -> bool {
        self.from == self.to
    }

    #[inline]
    fn len(&self) -> usize {
        self.to - self.from
    }
}

impl FloatSeries<'_> {
    /// Sets `out` at each step whose window is not empty to `value` of the window.
    fn each(&self, out: &mut [f64], mut value: impl FnMut(&FloatWindow) -> f64) {
        for (out, window) in out.iter_mut().zip(self.windows) {
            if !window.is_empty() {
                *out = value(window);
            }
        }
    }
}

impl Incremental {
    /// Computes the function at each step; `out` is left alone where there is no result.
    pub(crate) fn run(
        self,
        series: &FloatSeries<'_>,
        scratch: &mut Scratch,
        work: &mut Work<'_>,
        out: &mut [f64],
    ) -> Result<(), Error> {
        let FloatSeries { v, .. } = *series;
        match self {
            Self::Difference(kind) => return differences::difference(series, kind, scratch, work, out),
            Self::InstantDifference { is_rate } => differences::of_last_two(series, is_rate, out),
            Self::Resets => counts::pairs(series, scratch, out, |before, now| now < before),
            Self::Changes => counts::pairs(series, scratch, out, |before, now| {
                now != before && !(now.is_nan() && before.is_nan())
            }),
            Self::Count => series.each(out, |window| window.len() as f64),
            Self::Present => series.each(out, |_| 1.0),
            Self::First => series.each(out, |window| v[window.from]),
            Self::Last => series.each(out, |window| v[window.to - 1]),
            Self::Min => extremes::extreme(series, scratch, out, |value, best| value < best),
            Self::Max => extremes::extreme(series, scratch, out, |value, best| value > best),
            Self::Sum => return sums::sums(series, scratch, work, out),
            Self::Average => return sums::averages(series, scratch, work, out),
        }
        Ok(())
    }
}
