//! Decompresses native histograms.

use std::sync::Arc;

use super::Error;
use super::bits::BitReader;
use super::histogram_builder::{DEFAULT_ZERO_THRESHOLD, MAX_ELEMENTS};
use super::histogram_view::View;
use crate::TimestampMs;
use crate::histogram::{AnyHistogram, CounterResetHint, FloatHistogram, Histogram, Span};

/// One native histogram of a chunk, as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramSample {
    /// When.
    pub t: TimestampMs,
    /// What.
    pub histogram: AnyHistogram,
    /// The start timestamp, 0 if unknown.
    pub st: TimestampMs,
}

/// Iterates over a chunk's histograms; ends after the first error.
#[derive(Clone, Debug)]
pub struct HistogramReader<'a> {
    bits: BitReader<'a>,
    first: bool,
    remaining: u32,
    elements: usize,
    t: TimestampMs,
    max_time: TimestampMs,
    step: i64,
    st: TimestampMs,
    last: AnyHistogram,
    /// `last` with float counts, made when asked for and shared while it repeats.
    float: Option<Arc<FloatHistogram>>,
}

impl<'a> HistogramReader<'a> {
    pub(super) fn new(min_time: TimestampMs, max_time: TimestampMs, count: u32, data: &'a [u8]) -> Self {
        Self {
            bits: BitReader::new(data),
            first: true,
            remaining: count,
            elements: 0,
            t: min_time,
            max_time,
            step: 0,
            st: 0,
            last: AnyHistogram::Integer(Histogram::default()),
            float: None,
        }
    }

    /// Steps to the next histogram and says its time; `None` at the end. After an error the end is reached.
    pub fn next_time(&mut self) -> Result<Option<TimestampMs>, Error> {
        let Some(remaining) = self.remaining.checked_sub(1) else { return Ok(None) };
        self.remaining = 0;
        self.decode(remaining == 0)?;
        self.remaining = remaining;
        Ok(Some(self.t))
    }

    /// The histogram stepped to, with float counts.
    pub fn float(&mut self) -> Result<Arc<FloatHistogram>, Error> {
        if let Some(float) = &self.float {
            return Ok(Arc::clone(float));
        }
        let float = Arc::new(to_float(&self.last));
        self.float = Some(Arc::clone(&float));
        Ok(float)
    }

    /// The histogram stepped to, as it was sent.
    #[must_use]
    pub fn histogram(&self) -> &AnyHistogram {
        &self.last
    }

    /// The start timestamp of the histogram stepped to, 0 if unknown.
    #[must_use]
    pub fn st(&self) -> TimestampMs {
        self.st
    }

    fn decode(&mut self, is_last: bool) -> Result<(), Error> {
        if !self.first {
            self.step = self.step.wrapping_add(self.bits.read_varbit()?);
            let t = self.t.wrapping_add(self.step);
            if t <= self.t {
                return Err(Error::Time);
            }
            self.t = t;
        }
        if self.t > self.max_time || (is_last && self.t != self.max_time) {
            return Err(Error::Time);
        }
        if self.bits.read_bit()? {
            let hint = match self.bits.read(2)? {
                0 => CounterResetHint::Unknown,
                1 => CounterResetHint::CounterReset,
                2 => CounterResetHint::NotCounterReset,
                _ => CounterResetHint::Gauge,
            };
            if self.bits.read_bit()? {
                self.st = self.st.wrapping_add(self.bits.read_varbit()?);
            }
            if self.bits.read_bit()? {
                self.last = read_layout(&mut self.bits)?;
            } else if self.first {
                return Err(Error::Invalid("layout"));
            }
            read_counts(&mut self.bits, &mut self.last, hint)?;
            self.float = None;
        } else if self.first {
            return Err(Error::Invalid("repetition"));
        }
        self.elements = self.elements.saturating_add(View::from(&self.last).elements());
        if self.elements > MAX_ELEMENTS && !self.first {
            return Err(Error::TooLarge);
        }
        self.first = false;
        Ok(())
    }
}

impl Iterator for HistogramReader<'_> {
    type Item = Result<HistogramSample, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_time() {
            Ok(None) => None,
            Ok(Some(t)) => Some(Ok(HistogramSample { t, histogram: self.last.clone(), st: self.st })),
            Err(error) => Some(Err(error)),
        }
    }
}

/// The same histogram with absolute float counts, as PromQL computes with it.
#[must_use]
pub fn to_float(histogram: &AnyHistogram) -> FloatHistogram {
    match histogram {
        AnyHistogram::Float(h) => h.clone(),
        AnyHistogram::Integer(h) => FloatHistogram {
            counter_reset_hint: h.counter_reset_hint,
            schema: h.schema,
            zero_threshold: h.zero_threshold,
            zero_count: h.zero_count as f64,
            count: h.count as f64,
            sum: h.sum,
            positive_spans: h.positive_spans.clone(),
            negative_spans: h.negative_spans.clone(),
            positive_buckets: absolute(&h.positive_deltas),
            negative_buckets: absolute(&h.negative_deltas),
            custom_values: h.custom_values.clone(),
        },
    }
}

/// The running sums of bucket deltas.
fn absolute(deltas: &[i64]) -> Vec<f64> {
    let sums = deltas.iter().scan(0i64, |sum, delta| {
        *sum = sum.wrapping_add(*delta);
        Some(*sum as f64)
    });
    sums.collect()
}

/// A histogram of the written layout with all counts zero.
fn read_layout(bits: &mut BitReader<'_>) -> Result<AnyHistogram, Error> {
    let float = bits.read_bit()?;
    let schema = i32::try_from(bits.read_varbit()?).map_err(|_| Error::Invalid("schema"))?;
    let zero_threshold = if bits.read_bit()? { bits.read_wide(64)? } else { DEFAULT_ZERO_THRESHOLD };
    let zero_threshold = f64::from_bits(zero_threshold);
    let (positive_spans, positive) = read_side(bits)?;
    let (negative_spans, negative) = read_side(bits)?;
    let custom_values = (0..bits.read_len(64)?)
        .map(|_| bits.read_wide(64).map(f64::from_bits))
        .collect::<Result<Vec<_>, _>>()?;
    // Every bucket still takes a bit.
    if positive.saturating_add(negative) > bits.remaining() {
        return Err(Error::Truncated);
    }
    Ok(if float {
        AnyHistogram::Float(FloatHistogram {
            schema,
            zero_threshold,
            positive_spans,
            negative_spans,
            positive_buckets: vec![0.0; positive],
            negative_buckets: vec![0.0; negative],
            custom_values,
            ..FloatHistogram::default()
        })
    } else {
        AnyHistogram::Integer(Histogram {
            schema,
            zero_threshold,
            positive_spans,
            negative_spans,
            positive_deltas: vec![0; positive],
            negative_deltas: vec![0; negative],
            custom_values,
            ..Histogram::default()
        })
    })
}

/// Spans, and how many buckets.
fn read_side(bits: &mut BitReader<'_>) -> Result<(Vec<Span>, usize), Error> {
    let mut spans = Vec::new();
    let len = bits.read_len(2)?;
    spans.reserve_exact(len);
    for _ in 0..len {
        let offset = i32::try_from(bits.read_varbit()?).map_err(|_| Error::Invalid("span"))?;
        let length = u32::try_from(bits.read_varbit()?).map_err(|_| Error::Invalid("span"))?;
        spans.push(Span { offset, length });
    }
    Ok((spans, bits.read_len(1)?))
}

/// Adds the written differences to the counts of `last`.
fn read_counts(
    bits: &mut BitReader<'_>,
    last: &mut AnyHistogram,
    hint: CounterResetHint,
) -> Result<(), Error> {
    match last {
        AnyHistogram::Integer(h) => {
            h.counter_reset_hint = hint;
            read_xor(bits, &mut h.sum)?;
            h.count = h.count.wrapping_add(bits.read_varbit()? as u64);
            h.zero_count = h.zero_count.wrapping_add(bits.read_varbit()? as u64);
            for bucket in h.positive_deltas.iter_mut().chain(&mut h.negative_deltas) {
                *bucket = bucket.wrapping_add(bits.read_varbit()?);
            }
        }
        AnyHistogram::Float(h) => {
            h.counter_reset_hint = hint;
            read_xor(bits, &mut h.sum)?;
            read_xor(bits, &mut h.count)?;
            read_xor(bits, &mut h.zero_count)?;
            for bucket in h.positive_buckets.iter_mut().chain(&mut h.negative_buckets) {
                read_xor(bits, bucket)?;
            }
        }
    }
    Ok(())
}

fn read_xor(bits: &mut BitReader<'_>, value: &mut f64) -> Result<(), Error> {
    if bits.read_bit()? {
        let window = bits.read(12)? as u32;
        let (leading, significant) = (window >> 6, (window & 63) + 1);
        let trailing = 64u32.checked_sub(leading + significant).ok_or(Error::Invalid("window"))?;
        *value = f64::from_bits(value.to_bits() ^ (bits.read_wide(significant)? << trailing));
    }
    Ok(())
}
