//! Writes native histograms.

use mneme_model::histogram::Span;
use mneme_model::{AnyHistogram, FloatHistogram, Histogram, TimestampMs};

use super::{HistogramSample, Version};
use crate::wire::{Writer, zigzag};

/// The message `Histogram`; 1.0 has no start timestamp.
pub(super) fn write_histogram(w: &mut Writer, sample: &HistogramSample, version: Version) {
    match &sample.h {
        AnyHistogram::Integer(h) => write_integer(w, h),
        AnyHistogram::Float(h) => write_float(w, h),
    }
    w.int64(15, sample.t);
    if version == Version::V2 {
        w.int64(17, sample.st);
    }
}

/// The message `Histogram` of remote read.
pub(crate) fn write_float_histogram(w: &mut Writer, h: &FloatHistogram, t: TimestampMs) {
    write_float(w, h);
    w.int64(15, t);
}

fn write_integer(w: &mut Writer, h: &Histogram) {
    w.present_varint(1, h.count);
    w.double(3, h.sum);
    w.sint64(4, h.schema.into());
    w.double(5, h.zero_threshold);
    w.present_varint(6, h.zero_count);
    write_spans(w, 8, &h.negative_spans);
    w.packed_varints(9, h.negative_deltas.iter().map(|delta| zigzag(*delta)));
    write_spans(w, 11, &h.positive_spans);
    w.packed_varints(12, h.positive_deltas.iter().map(|delta| zigzag(*delta)));
    w.varint(14, h.counter_reset_hint as u64);
    w.packed_doubles(16, &h.custom_values);
}

fn write_float(w: &mut Writer, h: &FloatHistogram) {
    w.present_double(2, h.count);
    w.double(3, h.sum);
    w.sint64(4, h.schema.into());
    w.double(5, h.zero_threshold);
    w.present_double(7, h.zero_count);
    write_spans(w, 8, &h.negative_spans);
    w.packed_doubles(10, &h.negative_buckets);
    write_spans(w, 11, &h.positive_spans);
    w.packed_doubles(13, &h.positive_buckets);
    w.varint(14, h.counter_reset_hint as u64);
    w.packed_doubles(16, &h.custom_values);
}

fn write_spans(w: &mut Writer, field: u32, spans: &[Span]) {
    for span in spans {
        w.message(field, |w| {
            w.sint64(1, span.offset.into());
            w.varint(2, span.length.into());
        });
    }
}
