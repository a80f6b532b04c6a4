//! One group's state at one step.

use mneme_model::FloatHistogram;
use mneme_model::histogram::CounterResetHint;
use mneme_model::histogram::kahan_add;

use super::average::HistogramMean;
use crate::annotations::{HistogramOperation, Note};
use crate::ast::AggregateOp;
use crate::eval::ValueRef;
use crate::functions::contract::Value;

/// What has been folded into a group at a step.
#[derive(Debug, Default)]
pub(super) struct Cell {
    value: f64,
    /// The running mean (`stddev`, or `avg` after its sum overflowed).
    mean: f64,
    /// What rounding took from `value` or `mean`.
    compensation: f64,
    count: f64,
    seen: bool,
    has_float: bool,
    incremental_mean: bool,
    histogram: Option<Box<HistogramCell>>,
}

/// The histograms' part.
#[derive(Debug, Default)]
pub(super) struct HistogramCell {
    pub(super) mean: HistogramMean,
    incompatible: bool,
    reset_seen: bool,
    no_reset_seen: bool,
}

impl Cell {
    /// What has come of folding `count` floats.
    pub(super) fn of_floats(op: AggregateOp, value: f64, compensation: f64, count: f64) -> Self {
        let count = if op == AggregateOp::Count { value } else { count };
        Self { value, mean: value, compensation, count, seen: true, has_float: true, ..Self::default() }
    }

    /// Adds a sample. `note` takes what has to be said.
    pub(super) fn add(
        &mut self,
        op: AggregateOp,
        value: ValueRef<'_>,
        metric: &str,
        note: &mut dyn FnMut(Note),
    ) {
        match op {
            AggregateOp::Sum | AggregateOp::Avg => match value {
                ValueRef::Float(value) => self.add_to_mean(op, value),
                ValueRef::Histogram(h) => self.add_histogram(op, h, metric, note),
            },
            AggregateOp::Count => {
                self.seen = true;
                self.count += 1.0;
            }
            AggregateOp::Group => self.seen = true,
            _ => match value {
                ValueRef::Float(value) => self.add_float(op, value),
                ValueRef::Histogram(_) => {
                    note(Note::HistogramIgnoredInAggregation { aggregation: op.name() });
                }
            },
        }
    }

    fn add_float(&mut self, op: AggregateOp, value: f64) {
        if !self.seen {
            self.seen = true;
            self.count = 1.0;
            self.mean = value;
            self.value = match op {
                AggregateOp::Min | AggregateOp::Max => value,
                _ if value.is_finite() => 0.0,
                _ => f64::NAN,
            };
            return;
        }
        match op {
            AggregateOp::Max if self.value < value || self.value.is_nan() => self.value = value,
            AggregateOp::Min if self.value > value || self.value.is_nan() => self.value = value,
            AggregateOp::Max | AggregateOp::Min => {}
            _ => {
                self.count += 1.0;
                let delta = value - self.mean;
                self.mean += delta / self.count;
                self.value += delta * (value - self.mean);
            }
        }
    }

    /// `sum`; and `avg`, which is a sum until that overflows, then a running mean.
    fn add_to_mean(&mut self, op: AggregateOp, value: f64) {
        self.has_float = true;
        if !self.seen {
            (self.seen, self.count, self.value) = (true, 1.0, value);
            return;
        }
        if self.is_incompatible() {
            return;
        }
        self.count += 1.0;
        if op == AggregateOp::Sum {
            kahan_add(value, &mut self.value, &mut self.compensation);
            return;
        }
        if !self.incremental_mean {
            let (mut sum, mut compensation) = (self.value, self.compensation);
            kahan_add(value, &mut sum, &mut compensation);
            if !sum.is_infinite() {
                (self.value, self.compensation) = (sum, compensation);
                return;
            }
            self.incremental_mean = true;
            self.mean = self.value / (self.count - 1.0);
            self.compensation /= self.count - 1.0;
        }
        let share = (self.count - 1.0) / self.count;
        self.mean *= share;
        self.compensation *= share;
        kahan_add(value / self.count, &mut self.mean, &mut self.compensation);
    }

    fn add_histogram(
        &mut self,
        op: AggregateOp,
        h: &FloatHistogram,
        metric: &str,
        note: &mut dyn FnMut(Note),
    ) {
        if self.is_incompatible() {
            return;
        }
        let first = !self.seen;
        self.seen = true;
        self.count += 1.0;
        // After a float there is no result anyway, only the mix has to be known.
        let cell = self.histogram.get_or_insert_default();
        if !first && cell.mean.is_empty() {
            return;
        }
        match h.counter_reset_hint {
            CounterResetHint::CounterReset => cell.reset_seen = true,
            CounterResetHint::NotCounterReset => cell.no_reset_seen = true,
            _ => {}
        }
        match cell.mean.add(h, op == AggregateOp::Avg, self.count) {
            Ok(true) => note(Note::MismatchedCustomBuckets { operation: HistogramOperation::Aggregation }),
            Ok(false) => {}
            Err(_) => {
                note(Note::MixedExponentialCustomHistograms { metric: metric.to_owned() });
                cell.incompatible = true;
            }
        }
    }

    fn is_incompatible(&self) -> bool {
        self.histogram.as_ref().is_some_and(|cell| cell.incompatible)
    }

    /// The group's value at the step.
    pub(super) fn finish(self, op: AggregateOp, note: &mut dyn FnMut(Note)) -> Option<Value> {
        if !self.seen {
            return None;
        }
        let Some(cell) = self.histogram else {
            return Some(Value::Float(match op {
                AggregateOp::Sum => self.value + self.compensation,
                AggregateOp::Avg if self.incremental_mean => self.mean + self.compensation,
                AggregateOp::Avg => self.value / self.count + self.compensation / self.count,
                AggregateOp::Count => self.count,
                AggregateOp::Group => 1.0,
                AggregateOp::Stdvar => self.value / self.count,
                AggregateOp::Stddev => (self.value / self.count).sqrt(),
                _ => self.value,
            }));
        };
        if self.has_float {
            note(Note::MixedFloatsHistogramsAggregation);
            return None;
        }
        if cell.incompatible {
            return None;
        }
        if cell.reset_seen && cell.no_reset_seen {
            note(Note::HistogramCounterResetCollision { operation: HistogramOperation::Aggregation });
        }
        let mut result = cell.mean.finish(op == AggregateOp::Avg, self.count)?;
        result.compact(0);
        Some(Value::Histogram(result.into()))
    }
}
