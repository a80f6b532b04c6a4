//! Native histograms as bytes, bit for bit.
//!
//! `flags u8 | schema zigzag | zero_threshold f64 | sum f64 | count, zero_count | positive spans | negative spans |
//! positive buckets | negative buckets | custom values`. Flags: bit 0 float counts, bits 1-2 the counter reset hint.
//! Integer counts are varints and their bucket deltas zigzag varints; float counts are 8 bytes each.

use mneme_model::AnyHistogram;
use mneme_model::histogram::{CounterResetHint, Span};

use super::wire::{Reader, put_varint, put_zigzag};
use crate::DecodeError;

const FLOAT: u8 = 1;

/// Appends `histogram` to `out`.
pub(crate) fn encode(histogram: &AnyHistogram, out: &mut Vec<u8>) {
    match histogram {
        AnyHistogram::Integer(h) => {
            out.push((h.counter_reset_hint as u8) << 1);
            put_zigzag(out, h.schema.into());
            put_f64(out, h.zero_threshold);
            put_f64(out, h.sum);
            put_varint(out, h.count);
            put_varint(out, h.zero_count);
            put_spans(out, &h.positive_spans);
            put_spans(out, &h.negative_spans);
            put_deltas(out, &h.positive_deltas);
            put_deltas(out, &h.negative_deltas);
            put_floats(out, &h.custom_values);
        }
        AnyHistogram::Float(h) => {
            out.push(FLOAT | (h.counter_reset_hint as u8) << 1);
            put_zigzag(out, h.schema.into());
            put_f64(out, h.zero_threshold);
            put_f64(out, h.sum);
            put_f64(out, h.count);
            put_f64(out, h.zero_count);
            put_spans(out, &h.positive_spans);
            put_spans(out, &h.negative_spans);
            put_floats(out, &h.positive_buckets);
            put_floats(out, &h.negative_buckets);
            put_floats(out, &h.custom_values);
        }
    }
}

/// Reads one histogram into `histogram`, whose memory is used again.
pub(crate) fn decode_into(reader: &mut Reader<'_>, histogram: &mut AnyHistogram) -> Result<(), DecodeError> {
    let flags = reader.u8()?;
    if flags > 7 {
        return Err(reader.error("unknown histogram flags"));
    }
    let counter_reset_hint = match flags >> 1 {
        0 => CounterResetHint::Unknown,
        1 => CounterResetHint::CounterReset,
        2 => CounterResetHint::NotCounterReset,
        _ => CounterResetHint::Gauge,
    };
    let schema =
        i32::try_from(reader.zigzag()?).map_err(|_| reader.error("a schema does not fit into 32 bits"))?;
    let zero_threshold = f64(reader)?;
    let sum = f64(reader)?;
    if flags & FLOAT == 0 {
        let h = histogram.integer_mut();
        (h.counter_reset_hint, h.schema, h.zero_threshold, h.sum) =
            (counter_reset_hint, schema, zero_threshold, sum);
        h.count = reader.varint()?;
        h.zero_count = reader.varint()?;
        list(reader, 2, &mut h.positive_spans, span)?;
        list(reader, 2, &mut h.negative_spans, span)?;
        list(reader, 1, &mut h.positive_deltas, Reader::zigzag)?;
        list(reader, 1, &mut h.negative_deltas, Reader::zigzag)?;
        list(reader, 8, &mut h.custom_values, f64)
    } else {
        let h = histogram.float_mut();
        (h.counter_reset_hint, h.schema, h.zero_threshold, h.sum) =
            (counter_reset_hint, schema, zero_threshold, sum);
        h.count = f64(reader)?;
        h.zero_count = f64(reader)?;
        list(reader, 2, &mut h.positive_spans, span)?;
        list(reader, 2, &mut h.negative_spans, span)?;
        list(reader, 8, &mut h.positive_buckets, f64)?;
        list(reader, 8, &mut h.negative_buckets, f64)?;
        list(reader, 8, &mut h.custom_values, f64)
    }
}

fn put_f64(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

fn put_spans(out: &mut Vec<u8>, spans: &[Span]) {
    put_varint(out, spans.len() as u64);
    for span in spans {
        put_zigzag(out, span.offset.into());
        put_varint(out, span.length.into());
    }
}

fn put_deltas(out: &mut Vec<u8>, deltas: &[i64]) {
    put_varint(out, deltas.len() as u64);
    for delta in deltas {
        put_zigzag(out, *delta);
    }
}

fn put_floats(out: &mut Vec<u8>, values: &[f64]) {
    put_varint(out, values.len() as u64);
    for value in values {
        put_f64(out, *value);
    }
}

fn f64(reader: &mut Reader<'_>) -> Result<f64, DecodeError> {
    reader.u64().map(f64::from_bits)
}

fn span(reader: &mut Reader<'_>) -> Result<Span, DecodeError> {
    let offset = i32::try_from(reader.zigzag()?).map_err(|_| reader.error("a span is out of range"))?;
    Ok(Span { offset, length: reader.varint32()? })
}

/// Reads a list whose items take at least `least` bytes each.
fn list<'a, T>(
    reader: &mut Reader<'a>,
    least: usize,
    into: &mut Vec<T>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<(), DecodeError> {
    let count = reader.count(least)?;
    into.clear();
    into.reserve(count);
    for _ in 0..count {
        into.push(read(reader)?);
    }
    Ok(())
}
