//! One series' values over all steps.

use std::sync::Arc;

use mneme_model::{FloatHistogram, Labels, STALE_NAN_BITS};

use super::Context;
use crate::functions::contract::Value;

/// One series' values over the steps of an evaluation, as columns.
///
/// A step without a sample has the stale marker's bits in `floats`: selectors drop stale samples, and no operation makes
/// these bits out of others (arithmetic sets the quiet bit of a NaN), so they are free to mean "absent".
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) labels: Labels,
    /// The metric name is to be removed at the end (delayed name removal).
    pub(crate) drop_name: bool,
    /// One value per step.
    floats: Vec<f64>,
    /// Empty if there is no histogram, else one entry per step.
    histograms: Vec<Option<Arc<FloatHistogram>>>,
}

/// A value that is borrowed from a column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValueRef<'a> {
    Float(f64),
    Histogram(&'a Arc<FloatHistogram>),
}

/// What stands for no float.
pub(crate) const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

impl Column {
    /// Without any sample.
    pub(crate) fn absent(labels: Labels, drop_name: bool, steps: usize) -> Self {
        Self { labels, drop_name, floats: vec![ABSENT; steps], histograms: Vec::new() }
    }

    /// Hands everything out and stays behind without labels and steps.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::absent(Labels::empty(), false, 0))
    }

    /// Becomes another series, without any sample so far.
    pub(crate) fn reset(&mut self, labels: &Labels, drop_name: bool, steps: usize) {
        self.labels.clone_from(labels);
        self.drop_name = drop_name;
        self.floats.clear();
        self.floats.resize(steps, ABSENT);
        self.histograms.clear();
    }

    /// One float per step, [`ABSENT`] where there is none.
    pub(crate) fn floats(&self) -> &[f64] {
        &self.floats
    }

    /// One float per step, to be written; of a column without histograms.
    pub(crate) fn floats_mut(&mut self) -> &mut [f64] {
        debug_assert!(self.histograms.is_empty(), "a step has a float or a histogram");
        &mut self.floats
    }

    /// Whether its labels count as without a name though they may still have one.
    pub(crate) fn name_is_gone(&self, cx: &Context<'_>) -> bool {
        self.drop_name && !cx.features.delayed_name_removal
    }

    /// With one float per step.
    pub(crate) fn of_floats(labels: Labels, floats: Vec<f64>) -> Self {
        Self { labels, drop_name: false, floats, histograms: Vec::new() }
    }

    /// The value at a step.
    pub(crate) fn get(&self, step: usize) -> Option<ValueRef<'_>> {
        if let Some(Some(histogram)) = self.histograms.get(step) {
            return Some(ValueRef::Histogram(histogram));
        }
        self.float(step).map(ValueRef::Float)
    }

    /// The float at a step, if it is one.
    pub(crate) fn float(&self, step: usize) -> Option<f64> {
        let value = self.floats[step];
        (value.to_bits() != STALE_NAN_BITS).then_some(value)
    }

    /// Whether there is a value at a step.
    pub(crate) fn has(&self, step: usize) -> bool {
        self.float(step).is_some() || matches!(self.histograms.get(step), Some(Some(_)))
    }

    /// Sets the value at a step.
    pub(crate) fn set(&mut self, step: usize, value: Value) {
        match value {
            Value::Float(value) => self.set_float(step, value),
            Value::Histogram(histogram) => {
                if self.histograms.is_empty() {
                    self.histograms.resize(self.floats.len(), None);
                }
                self.histograms[step] = Some(histogram);
                self.floats[step] = ABSENT;
            }
        }
    }

    /// Sets a float at a step that has no histogram.
    pub(crate) fn set_float(&mut self, step: usize, value: f64) {
        self.floats[step] = value;
    }

    /// Removes the value at a step.
    pub(crate) fn clear(&mut self, step: usize) {
        self.floats[step] = ABSENT;
        if let Some(histogram) = self.histograms.get_mut(step) {
            *histogram = None;
        }
    }

    /// Replaces each float by `change` of it; histograms drop out.
    pub(crate) fn map_floats(&mut self, mut change: impl FnMut(usize, f64) -> f64) {
        self.histograms.clear();
        for (step, value) in self.floats.iter_mut().enumerate() {
            if value.to_bits() != STALE_NAN_BITS {
                *value = change(step, *value);
            }
        }
    }

    /// Replaces each value by `change` of it, `None` = no sample.
    pub(crate) fn map(&mut self, mut change: impl FnMut(usize, ValueRef<'_>) -> Option<Value>) {
        for step in 0..self.floats.len() {
            let Some(value) = self.get(step) else { continue };
            let changed = change(step, value);
            self.clear(step);
            if let Some(value) = changed {
                self.set(step, value);
            }
        }
    }

    /// Whether any step has a value.
    pub(crate) fn any(&self) -> bool {
        self.has_floats() || self.histograms.iter().any(Option::is_some)
    }

    /// Whether any step has a histogram.
    pub(crate) fn has_histograms(&self) -> bool {
        !self.histograms.is_empty()
    }

    /// Whether any step has a float.
    pub(crate) fn has_floats(&self) -> bool {
        self.floats.iter().any(|value| value.to_bits() != STALE_NAN_BITS)
    }

    /// The values with their steps.
    pub(crate) fn values(&self) -> impl Iterator<Item = (usize, ValueRef<'_>)> {
        (0..self.floats.len()).filter_map(|step| Some((step, self.get(step)?)))
    }

    /// Takes the value of the first step for all of `steps` steps.
    pub(crate) fn repeat(&mut self, steps: usize) {
        self.floats.resize(steps, self.floats.first().copied().unwrap_or(ABSENT));
        if let Some(first) = self.histograms.first().cloned() {
            self.histograms.resize(steps, first);
        }
    }

    /// How many samples it is worth, as Prometheus counts: a histogram is as many as 16 bytes fit into it.
    pub(crate) fn samples(&self) -> usize {
        let floats = self.floats.iter().filter(|value| value.to_bits() != STALE_NAN_BITS).count();
        floats + self.histograms.iter().flatten().map(|h| histogram_samples(h)).sum::<usize>()
    }

    /// Bytes that it holds, estimated.
    pub(crate) fn bytes(&self) -> usize {
        let histograms = self.histograms.iter().flatten().map(|h| 16 * histogram_samples(h)).sum::<usize>();
        size_of::<Self>()
            + self.labels.as_bytes().len()
            + 8 * (self.floats.len() + self.histograms.len())
            + histograms
    }
}

impl ValueRef<'_> {
    /// An owned copy.
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Float(value) => Value::Float(value),
            Self::Histogram(histogram) => Value::Histogram(Arc::clone(histogram)),
        }
    }
}

/// How many samples a histogram is worth: its size and 8 bytes of time, in units of 16 bytes.
pub(crate) fn histogram_samples(h: &FloatHistogram) -> usize {
    let spans = h.positive_spans.len() + h.negative_spans.len();
    let buckets = h.positive_buckets.len() + h.negative_buckets.len();
    (168 + 8 * (spans + buckets + h.custom_values.len()) + 8) / 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_no_value_and_every_other_nan_is_one() {
        let mut column = Column::absent(Labels::empty(), false, 3);
        column.set(1, Value::Float(f64::NAN));
        assert!(!column.has(0) && column.has(1));
        column.map_floats(|_, v| -v + 1.0);
        assert!(column.has(1) && !column.has(2));
        column.set(1, Value::Histogram(Arc::default()));
        assert!(column.float(1).is_none() && column.has(1) && !column.has_floats());
        column.clear(1);
        assert!(!column.any());
    }
}
