//! Native histograms: the messages `Histogram` of 1.0 and 2.0 have the same fields, but for the start timestamp.

use mneme_model::histogram::{CounterResetHint, Span};
use mneme_model::{AnyHistogram, FloatHistogram, Histogram};

use super::series::push;
use super::{Error, HistogramSample};
use crate::wire::{Reader, doubles, unzigzag, varints};

/// The `oneof`s: the last one on the wire counts.
#[derive(Clone, Copy, Debug)]
enum Count {
    Int(u64),
    Float(f64),
}

#[derive(Debug)]
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

pub(super) fn decode(message: Reader<'_>) -> Result<HistogramSample, Error> {
    let fields = read(message)?;
    let (t, st) = (fields.timestamp, fields.start_timestamp);
    let h = match fields.count {
        Count::Int(count) => AnyHistogram::Integer(fields.integer(count)),
        Count::Float(count) => AnyHistogram::Float(fields.float(count)),
    };
    Ok(HistogramSample { t, h, st })
}

fn read(mut message: Reader<'_>) -> Result<Fields, Error> {
    let mut f = Fields {
        count: Count::Int(0),
        zero_count: Count::Int(0),
        sum: 0.0,
        schema: 0,
        zero_threshold: 0.0,
        negative_spans: Vec::new(),
        negative_deltas: Vec::new(),
        negative_counts: Vec::new(),
        positive_spans: Vec::new(),
        positive_deltas: Vec::new(),
        positive_counts: Vec::new(),
        reset_hint: CounterResetHint::Unknown,
        timestamp: 0,
        custom_values: Vec::new(),
        start_timestamp: 0,
    };
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
            10 => doubles(value, field, at, |v| push(&mut f.negative_counts, v, "histogram buckets", at))?,
            11 => push(&mut f.positive_spans, span(value.message(field, at)?)?, "histogram spans", at)?,
            12 => varints(value, field, at, |v| {
                push(&mut f.positive_deltas, unzigzag(v), "histogram buckets", at)
            })?,
            13 => doubles(value, field, at, |v| push(&mut f.positive_counts, v, "histogram buckets", at))?,
            14 => f.reset_hint = reset_hint(value.varint(field, at)?),
            15 => f.timestamp = value.int64(field, at)?,
            16 => doubles(value, field, at, |v| push(&mut f.custom_values, v, "custom bucket bounds", at))?,
            17 => f.start_timestamp = value.int64(field, at)?,
            _ => {}
        }
    }
    Ok(f)
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

impl Fields {
    fn integer(self, count: u64) -> Histogram {
        Histogram {
            counter_reset_hint: self.reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: if let Count::Int(zero) = self.zero_count { zero } else { 0 },
            count,
            sum: self.sum,
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            positive_deltas: self.positive_deltas,
            negative_deltas: self.negative_deltas,
            custom_values: self.custom_values,
        }
    }

    fn float(self, count: f64) -> FloatHistogram {
        FloatHistogram {
            counter_reset_hint: self.reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: if let Count::Float(zero) = self.zero_count { zero } else { 0.0 },
            count,
            sum: self.sum,
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            positive_buckets: self.positive_counts,
            negative_buckets: self.negative_counts,
            custom_values: self.custom_values,
        }
    }
}
