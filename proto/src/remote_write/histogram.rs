//! Native histograms: the messages `Histogram` of 1.0 and 2.0 have the same fields, but for the start timestamp.

use std::mem::swap;

use mneme_model::histogram::{CounterResetHint, Span};
use mneme_model::{FloatHistogram, Histogram};

use super::series::push;
use super::{Error, HistogramSample, RawHistogram};
use crate::wire::{Reader, doubles, unzigzag, varints};

/// The `oneof`s: the last one on the wire counts.
#[derive(Clone, Copy, Debug)]
enum Count {
    Int(u64),
    Float(f64),
}

/// Reads histograms one after the other, into the same memory: none is allocated for each.
#[derive(Debug, Default)]
pub struct HistogramReader {
    fields: Fields,
    sample: HistogramSample,
}

#[derive(Debug, Default)]
struct Fields {
    count: Count,
    zero_count: Count,
    sum: f64,
    schema: i32,
    zero_threshold: f64,
    negative_spans: Vec<Span>,
    negative_deltas: Vec<i64>,
    negative_counts: Vec<f64>,
    positive_spans: Vec<Span>,
    positive_deltas: Vec<i64>,
    positive_counts: Vec<f64>,
    reset_hint: CounterResetHint,
    timestamp: i64,
    custom_values: Vec<f64>,
    start_timestamp: i64,
}

impl Default for Count {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl HistogramReader {
    /// Decodes one, which stands here until the next one is read. It is not validated: buckets and spans may contradict one another.
    ///
    /// # Errors
    /// The message is malformed: what and where.
    pub fn read(&mut self, raw: &RawHistogram<'_>) -> Result<&mut HistogramSample, Error> {
        let fields = &mut self.fields;
        fields.clear();
        fields.read(raw.0)?;
        self.sample.t = fields.timestamp;
        self.sample.st = if fields.start_timestamp == 0 { raw.1 } else { fields.start_timestamp };
        match fields.count {
            Count::Int(count) => fields.fill_integer(count, self.sample.h.integer_mut()),
            Count::Float(count) => fields.fill_float(count, self.sample.h.float_mut()),
        }
        Ok(&mut self.sample)
    }
}

impl Fields {
    /// As before the first message, but for the memory of the lists.
    fn clear(&mut self) {
        for spans in [&mut self.negative_spans, &mut self.positive_spans] {
            spans.clear();
        }
        for deltas in [&mut self.negative_deltas, &mut self.positive_deltas] {
            deltas.clear();
        }
        for floats in [&mut self.negative_counts, &mut self.positive_counts, &mut self.custom_values] {
            floats.clear();
        }
        (self.count, self.zero_count) = (Count::default(), Count::default());
        (self.sum, self.zero_threshold, self.schema) = (0.0, 0.0, 0);
        (self.timestamp, self.start_timestamp) = (0, 0);
        self.reset_hint = CounterResetHint::Unknown;
    }

    fn read(&mut self, mut message: Reader<'_>) -> Result<(), Error> {
        let f = self;
        while let Some((field, value)) = message.field()? {
            let at = &message;
            match field {
                1 => f.count = Count::Int(value.varint(field, at)?),
                2 => f.count = Count::Float(value.double(field, at)?),
                3 => f.sum = value.double(field, at)?,
                4 => f.schema = narrow(value.sint64(field, at)?),
                5 => f.zero_threshold = value.double(field, at)?,
                6 => f.zero_count = Count::Int(value.varint(field, at)?),
                7 => f.zero_count = Count::Float(value.double(field, at)?),
                8 => push(&mut f.negative_spans, span(value.message(field, at)?)?, "histogram spans", at)?,
                9 => varints(value, field, at, |v| {
                    push(&mut f.negative_deltas, unzigzag(v), "histogram buckets", at)
                })?,
                10 => {
                    doubles(value, field, at, |v| push(&mut f.negative_counts, v, "histogram buckets", at))?;
                }
                11 => push(&mut f.positive_spans, span(value.message(field, at)?)?, "histogram spans", at)?,
                12 => varints(value, field, at, |v| {
                    push(&mut f.positive_deltas, unzigzag(v), "histogram buckets", at)
                })?,
                13 => {
                    doubles(value, field, at, |v| push(&mut f.positive_counts, v, "histogram buckets", at))?;
                }
                14 => f.reset_hint = reset_hint(value.varint(field, at)?),
                15 => f.timestamp = value.int64(field, at)?,
                16 => {
                    doubles(value, field, at, |v| push(&mut f.custom_values, v, "custom bucket bounds", at))?;
                }
                17 => f.start_timestamp = value.int64(field, at)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn fill_integer(&mut self, count: u64, h: &mut Histogram) {
        h.counter_reset_hint = self.reset_hint;
        h.schema = self.schema;
        h.zero_threshold = self.zero_threshold;
        h.zero_count = if let Count::Int(zero) = self.zero_count { zero } else { 0 };
        h.count = count;
        h.sum = self.sum;
        swap(&mut h.positive_spans, &mut self.positive_spans);
        swap(&mut h.negative_spans, &mut self.negative_spans);
        swap(&mut h.positive_deltas, &mut self.positive_deltas);
        swap(&mut h.negative_deltas, &mut self.negative_deltas);
        swap(&mut h.custom_values, &mut self.custom_values);
    }

    fn fill_float(&mut self, count: f64, h: &mut FloatHistogram) {
        h.counter_reset_hint = self.reset_hint;
        h.schema = self.schema;
        h.zero_threshold = self.zero_threshold;
        h.zero_count = if let Count::Float(zero) = self.zero_count { zero } else { 0.0 };
        h.count = count;
        h.sum = self.sum;
        swap(&mut h.positive_spans, &mut self.positive_spans);
        swap(&mut h.negative_spans, &mut self.negative_spans);
        swap(&mut h.positive_buckets, &mut self.positive_counts);
        swap(&mut h.negative_buckets, &mut self.negative_counts);
        swap(&mut h.custom_values, &mut self.custom_values);
    }
}

fn span(mut message: Reader<'_>) -> Result<Span, Error> {
    let mut span = Span::default();
    while let Some((field, value)) = message.field()? {
        match field {
            1 => span.offset = narrow(value.sint64(field, &message)?),
            2 => span.length = u32::try_from(value.varint(field, &message)?).unwrap_or(u32::MAX),
            _ => {}
        }
    }
    Ok(span)
}

/// A `sint32`; one that does not fit becomes a number that validation refuses.
fn narrow(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

fn reset_hint(number: u64) -> CounterResetHint {
    match number {
        1 => CounterResetHint::CounterReset,
        2 => CounterResetHint::NotCounterReset,
        3 => CounterResetHint::Gauge,
        _ => CounterResetHint::Unknown,
    }
}
