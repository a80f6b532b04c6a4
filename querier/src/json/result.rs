//! A query's answer: `{"resultType":"matrix","result":[..]}`.

use mneme_model::{FloatHistogram, TimestampMs};
use mneme_promql::functions::contract::Value;
use mneme_promql::{ResultSeries, ResultValue, VectorSample};

use super::histogram::push_histogram;
use super::pieces::push_items;
use super::{
    PIECE_BYTES, Pieces, push_go_text, push_labels, push_plain, push_seconds, push_timestamp, push_value,
};

/// Writes an answer in pieces; a series of any length may be cut between two points.
pub(crate) struct ResultPieces {
    value: ResultValue,
    stats: Option<Vec<u8>>,
    begun: bool,
    /// The next series or sample.
    item: usize,
    /// The next point of that series: its floats, then its histograms.
    point: usize,
}

impl ResultPieces {
    /// `stats` is JSON for the member of that name, if it was asked for.
    pub(crate) fn new(value: ResultValue, stats: Option<Vec<u8>>) -> Self {
        Self { value, stats, begun: false, item: 0, point: 0 }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            let (name, open) = match &self.value {
                ResultValue::Scalar { .. } => ("scalar", ""),
                ResultValue::String { .. } => ("string", ""),
                ResultValue::Vector(_) => ("vector", "["),
                ResultValue::Matrix(_) => ("matrix", "["),
            };
            out.extend_from_slice(format!("{{\"resultType\":\"{name}\",\"result\":{open}").as_bytes());
            self.begun = true;
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        if matches!(self.value, ResultValue::Vector(_) | ResultValue::Matrix(_)) {
            out.push(b']');
        }
        if let Some(stats) = &self.stats {
            out.extend_from_slice(b",\"stats\":");
            out.extend_from_slice(stats);
        }
        out.push(b'}');
    }
}

impl Pieces for ResultPieces {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        self.begin(out);
        let more = match &self.value {
            ResultValue::Scalar { t, v } => push_single(out, *t, |out| {
                out.push(b'"');
                push_plain(out, *v);
                out.push(b'"');
            }),
            ResultValue::String { t, s } => push_single(out, *t, |out| push_go_text(out, s)),
            ResultValue::Vector(samples) => push_items(out, samples, &mut self.item, push_sample),
            ResultValue::Matrix(series) => push_matrix(out, series, &mut self.item, &mut self.point),
        };
        if !more {
            self.end(out);
        }
        more
    }
}

fn push_single(out: &mut Vec<u8>, t: TimestampMs, value: impl FnOnce(&mut Vec<u8>)) -> bool {
    out.push(b'[');
    push_seconds(out, t);
    out.push(b',');
    value(out);
    out.push(b']');
    false
}

fn push_sample(out: &mut Vec<u8>, sample: &VectorSample) {
    out.extend_from_slice(b"{\"metric\":");
    push_labels(out, &sample.labels);
    match &sample.value {
        Value::Float(value) => {
            out.extend_from_slice(b",\"value\":");
            push_float_point(out, sample.t, *value);
        }
        Value::Histogram(histogram) => {
            out.extend_from_slice(b",\"histogram\":");
            push_histogram_point(out, sample.t, histogram);
        }
    }
    out.push(b'}');
}

fn push_float_point(out: &mut Vec<u8>, t: TimestampMs, value: f64) {
    out.push(b'[');
    push_timestamp(out, t);
    out.push(b',');
    push_value(out, value);
    out.push(b']');
}

fn push_histogram_point(out: &mut Vec<u8>, t: TimestampMs, histogram: &FloatHistogram) {
    out.push(b'[');
    push_timestamp(out, t);
    out.push(b',');
    push_histogram(out, histogram);
    out.push(b']');
}

/// Appends points until the piece is full; `true` if there are more.
fn push_matrix(out: &mut Vec<u8>, series: &[ResultSeries], item: &mut usize, point: &mut usize) -> bool {
    let full = out.len() + PIECE_BYTES;
    while let Some(current) = series.get(*item) {
        if *point == 0 {
            out.extend_from_slice(if *item > 0 { b",{\"metric\":" } else { b"{\"metric\":" });
            push_labels(out, &current.labels);
        }
        // One point at least: labels that fill the piece by themselves would be written again with the next one.
        push_points(out, current, point, full.max(out.len() + 1));
        if *point == current.floats.0.len() + current.histograms.len() {
            out.push(b'}');
            *item += 1;
            *point = 0;
        }
        if out.len() >= full {
            break;
        }
    }
    *item < series.len()
}

fn push_points(out: &mut Vec<u8>, series: &ResultSeries, point: &mut usize, full: usize) {
    let (times, values) = &series.floats;
    while *point < times.len() && out.len() < full {
        open(out, "values", *point);
        push_float_point(out, times[*point], values[*point]);
        *point += 1;
        close(out, *point, times.len());
    }
    while *point >= times.len() && out.len() < full {
        let at = *point - times.len();
        let Some((t, histogram)) = series.histograms.get(at) else { break };
        open(out, "histograms", at);
        push_histogram_point(out, *t, histogram);
        *point += 1;
        close(out, at + 1, series.histograms.len());
    }
}

fn open(out: &mut Vec<u8>, name: &str, at: usize) {
    out.push(b',');
    if at == 0 {
        out.extend_from_slice(format!("\"{name}\":[").as_bytes());
    }
}

fn close(out: &mut Vec<u8>, written: usize, all: usize) {
    if written == all {
        out.push(b']');
    }
}

#[cfg(test)]
mod tests;
