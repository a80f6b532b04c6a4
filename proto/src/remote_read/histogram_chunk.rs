//! Native histograms in Prometheus' float histogram encoding (`tsdb/chunkenc/float_histogram.go`, `histogram_meta.go`).
//!
//! Integer histograms are sent as floats too: to a query both are the same.

use mneme_model::histogram::{CounterResetHint, is_custom_schema};
use mneme_model::{FloatHistogram, HistogramPoint};

use super::bits::{Bits, Xor};
use super::{EncodedChunk, Encoding};

/// Most samples of one chunk.
const SAMPLES: usize = 120;

/// A series' histograms, cut into chunks: a chunk holds histograms of one layout without a counter reset between them.
#[derive(Clone, Debug)]
pub struct HistogramChunks<'a> {
    points: &'a [HistogramPoint],
}

impl<'a> HistogramChunks<'a> {
    /// Times ascend.
    #[must_use]
    pub fn new(points: &'a [HistogramPoint]) -> Self {
        Self { points }
    }
}

impl Iterator for HistogramChunks<'_> {
    type Item = EncodedChunk;

    fn next(&mut self) -> Option<EncodedChunk> {
        let first = self.points.first()?;
        let same = |point: &&HistogramPoint| continues(&first.h, &point.h);
        let len = 1 + self.points[1..].iter().take(SAMPLES - 1).take_while(same).count();
        let (points, later) = self.points.split_at(len);
        self.points = later;
        Some(EncodedChunk {
            min_time: first.t,
            max_time: points.last()?.t,
            encoding: Encoding::FloatHistogram,
            data: encode(points),
        })
    }
}

/// Whether the later one may stand in a chunk that the first one began. Readers take it that within a chunk there is no reset.
fn continues(first: &FloatHistogram, later: &FloatHistogram) -> bool {
    let hint = match (first.counter_reset_hint, later.counter_reset_hint) {
        (CounterResetHint::Gauge, CounterResetHint::Gauge) => true,
        (CounterResetHint::Gauge, _) => false,
        (_, later) => later == CounterResetHint::NotCounterReset,
    };
    hint && !first.is_stale()
        && !later.is_stale()
        && first.schema == later.schema
        && first.zero_threshold.to_bits() == later.zero_threshold.to_bits()
        && first.positive_spans == later.positive_spans
        && first.negative_spans == later.negative_spans
        && first.custom_values == later.custom_values
}

fn encode(points: &[HistogramPoint]) -> Vec<u8> {
    let mut bits = Bits::default();
    let Some(first) = points.first() else { return Vec::new() };
    bits.push(points.len() as u64, 16);
    let header = match first.h.counter_reset_hint {
        CounterResetHint::Unknown => 0,
        CounterResetHint::NotCounterReset => 0b01,
        CounterResetHint::CounterReset => 0b10,
        CounterResetHint::Gauge => 0b11,
    };
    bits.push(header << 6, 8);
    // A stale marker has a sum and nothing else.
    let stale;
    let layout = if first.h.is_stale() {
        stale = FloatHistogram { sum: first.h.sum, ..FloatHistogram::default() };
        &stale
    } else {
        &*first.h
    };
    push_layout(&mut bits, layout);
    bits.push_varbit_int(first.t);
    let mut columns: Vec<Xor> = values(layout).map(Xor::new).collect();
    values(layout).for_each(|value| bits.push_float(value));
    let (mut last, mut delta) = (first.t, 0i64);
    for point in &points[1..] {
        let next = point.t.wrapping_sub(last);
        bits.push_varbit_int(next.wrapping_sub(delta));
        (last, delta) = (point.t, next);
        for (column, value) in columns.iter_mut().zip(values(&point.h)) {
            column.push(&mut bits, value);
        }
    }
    bits.into_bytes()
}

/// All numbers of a histogram, in the encoding's order.
fn values(h: &FloatHistogram) -> impl Iterator<Item = f64> {
    let buckets = h.positive_buckets.iter().chain(&h.negative_buckets);
    [h.count, h.zero_count, h.sum].into_iter().chain(buckets.copied())
}

fn push_layout(bits: &mut Bits, h: &FloatHistogram) {
    push_zero_threshold(bits, h.zero_threshold);
    bits.push_varbit_int(h.schema.into());
    for spans in [&h.positive_spans, &h.negative_spans] {
        bits.push_varbit_uint(spans.len() as u64);
        for span in spans {
            bits.push_varbit_uint(span.length.into());
            bits.push_varbit_int(span.offset.into());
        }
    }
    if is_custom_schema(h.schema) {
        bits.push_varbit_uint(h.custom_values.len() as u64);
        h.custom_values.iter().for_each(|bound| push_bound(bits, *bound));
    }
}

/// A power of two between 2^-243 and 2^10 as one byte, anything else as nine.
fn push_zero_threshold(bits: &mut Bits, threshold: f64) {
    const FRACTION: u64 = (1 << 52) - 1;
    let raw = threshold.to_bits();
    // threshold = 0.5 * 2^exponent
    let exponent = ((raw >> 52) & 0x7ff).cast_signed() - 1022;
    if threshold == 0.0 {
        bits.push(0, 8);
    } else if threshold > 0.0 && raw & FRACTION == 0 && (-242..=11).contains(&exponent) {
        bits.push((exponent + 243).cast_unsigned(), 8);
    } else {
        bits.push(255, 8);
        bits.push(raw, 64);
    }
}

/// Thousandths up to 33554.430 as a number, anything else as a zero bit and a float.
fn push_bound(bits: &mut Bits, bound: f64) {
    let thousandths = bound * 1000.0;
    let whole = thousandths.round();
    if (0.0..=33_554_430.0).contains(&thousandths) && whole / 1000.0 == bound {
        bits.push_varbit_uint(whole as u64 + 1);
    } else {
        bits.push(0, 1);
        bits.push_float(bound);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::bits::reader::BitReader;
    use super::*;
    use mneme_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Span};
    use mneme_model::stale_nan;

    fn histogram(count: f64, hint: CounterResetHint) -> FloatHistogram {
        FloatHistogram {
            counter_reset_hint: hint,
            schema: 3,
            zero_threshold: 2f64.powi(-128),
            zero_count: 1.0,
            count,
            sum: count * 2.0,
            positive_spans: vec![Span { offset: -2, length: 2 }],
            positive_buckets: vec![count, 7.5],
            negative_spans: vec![Span { offset: 5, length: 1 }],
            negative_buckets: vec![0.25],
            ..FloatHistogram::default()
        }
    }

    fn point(t: i64, h: FloatHistogram) -> HistogramPoint {
        HistogramPoint { t, h: Arc::new(h), st: 0 }
    }

    #[test]
    fn histograms_of_one_layout_read_back_from_one_chunk() {
        let hints =
            [CounterResetHint::Unknown, CounterResetHint::NotCounterReset, CounterResetHint::NotCounterReset];
        let points: Vec<_> = hints
            .into_iter()
            .zip([1000, 2000, 3500])
            .map(|(hint, t)| point(t, histogram(t as f64, hint)))
            .collect();
        let chunks: Vec<_> = HistogramChunks::new(&points).collect();
        assert_eq!(chunks.len(), 1);
        let mut reader = BitReader(&chunks[0].data, 0);
        assert_eq!((reader.take(16), reader.take(8)), (3, 0));
        assert_eq!((reader.take(8), reader.varbit_int()), (116, 3));
        assert_eq!((reader.varbit_uint(), reader.varbit_uint(), reader.varbit_int()), (1, 2, -2));
        assert_eq!((reader.varbit_uint(), reader.varbit_uint(), reader.varbit_int()), (1, 1, 5));
        let mut t = reader.varbit_int();
        let mut columns: Vec<(f64, (u32, u32))> = (0..6).map(|_| (reader.float(), (0, 0))).collect();
        let mut delta = 0;
        for (number, expected) in points.iter().enumerate() {
            if number > 0 {
                delta += reader.varbit_int();
                t += delta;
                columns.iter_mut().for_each(|(value, window)| reader.xor(value, window));
            }
            let read: Vec<f64> = columns.iter().map(|(value, _)| *value).collect();
            let h = &expected.h;
            assert_eq!((t, read), (expected.t, vec![h.count, 1.0, h.sum, h.count, 7.5, 0.25]));
        }
    }

    #[test]
    fn a_reset_another_layout_and_a_stale_marker_begin_chunks() {
        let unknown = CounterResetHint::Unknown;
        let gauge = CounterResetHint::Gauge;
        let other = FloatHistogram { schema: 2, ..histogram(3.0, CounterResetHint::NotCounterReset) };
        let stale = FloatHistogram { sum: stale_nan(), ..FloatHistogram::default() };
        let points = [
            point(1, histogram(1.0, unknown)),
            point(2, histogram(2.0, unknown)),
            point(3, other),
            point(4, stale),
            point(5, histogram(5.0, gauge)),
            point(6, histogram(6.0, gauge)),
        ];
        let times: Vec<_> =
            HistogramChunks::new(&points).map(|chunk| (chunk.min_time, chunk.max_time)).collect();
        assert_eq!(times, [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6)]);
    }

    #[test]
    fn bounds_and_thresholds_have_short_forms() {
        let mut bits = Bits::default();
        for bound in [0.005, 1.0, 33_554.43, 40_000.0, -1.0, 0.0001] {
            push_bound(&mut bits, bound);
        }
        for threshold in [0.0, 1024.0, 2048.0, 0.3] {
            push_zero_threshold(&mut bits, threshold);
        }
        let bytes = bits.into_bytes();
        let mut reader = BitReader(&bytes, 0);
        for bound in [6, 1001, 33_554_431] {
            assert_eq!(reader.varbit_uint(), bound);
        }
        for bound in [40_000.0, -1.0, 0.0001] {
            assert_eq!((reader.varbit_uint(), reader.float()), (0, bound));
        }
        assert_eq!((reader.take(8), reader.take(8)), (0, 254));
        for threshold in [2048.0, 0.3] {
            assert_eq!((reader.take(8), reader.float()), (255, threshold));
        }
        assert!(is_custom_schema(CUSTOM_BUCKETS_SCHEMA));
    }
}
