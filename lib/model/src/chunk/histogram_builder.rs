//! Compresses native histograms.

use bytes::Bytes;

use super::bits::BitWriter;
use super::histogram_view::View;
use super::{Chunk, Encoding};
use crate::TimestampMs;
use crate::histogram::AnyHistogram;

/// No builder lets its histograms together have more spans, bounds and buckets than this, unless one alone has; a reader
/// refuses more. So a few foreign bytes cannot repeat a large layout until memory is gone.
pub(super) const MAX_ELEMENTS: usize = 1 << 20;

/// `zero_threshold` of practically all exponential histograms: 2^-128.
pub(super) const DEFAULT_ZERO_THRESHOLD: u64 = 0x37f0_0000_0000_0000;

/// A growing chunk of native histograms; integer and float ones may alternate.
#[derive(Clone, Debug)]
pub struct HistogramChunkBuilder {
    bits: BitWriter,
    count: u32,
    elements: usize,
    min_time: TimestampMs,
    last_time: TimestampMs,
    last_step: i64,
    last_st: TimestampMs,
    last: AnyHistogram,
}

impl Default for HistogramChunkBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl HistogramChunkBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bits: BitWriter::default(),
            count: 0,
            elements: 0,
            min_time: 0,
            last_time: 0,
            last_step: 0,
            last_st: 0,
            last: AnyHistogram::Integer(crate::Histogram::default()),
        }
    }

    /// Whether `histogram` still fits; a first one always does.
    #[must_use]
    pub fn fits(&self, histogram: &AnyHistogram) -> bool {
        self.count == 0 || self.elements + View::from(histogram).elements() <= MAX_ELEMENTS
    }

    /// Appends a histogram that [`Self::fits`] and whose time is after the last one's; `st` is 0 if unknown.
    pub fn push(&mut self, t: TimestampMs, histogram: &AnyHistogram, st: TimestampMs) {
        debug_assert!(self.count == 0 || t > self.last_time, "samples ascend");
        if self.count == 0 {
            self.min_time = t;
        } else {
            let step = t.wrapping_sub(self.last_time);
            self.bits.write_varbit(step.wrapping_sub(self.last_step));
            self.last_step = step;
        }
        let (next, last) = (View::from(histogram), View::from(&self.last));
        self.elements += next.elements();
        if self.count > 0 && st == self.last_st && next.same(&last) {
            self.bits.write(0, 1);
        } else {
            let same_layout = self.count > 0 && next.same_layout(&last);
            self.bits.write((1 << 3) | ((next.hint as u64) << 1) | u64::from(st != self.last_st), 4);
            if st != self.last_st {
                self.bits.write_varbit(st.wrapping_sub(self.last_st));
            }
            self.bits.write(u64::from(!same_layout), 1);
            if !same_layout {
                write_layout(&mut self.bits, &next);
            }
            write_counts(&mut self.bits, &next, same_layout.then_some(&last));
            self.last.clone_from(histogram);
        }
        self.last_time = t;
        self.last_st = st;
        self.count += 1;
    }

    /// How many samples.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Time of the first sample; meaningless while empty.
    #[must_use]
    pub fn min_time(&self) -> TimestampMs {
        self.min_time
    }

    /// Time of the last sample; meaningless while empty.
    #[must_use]
    pub fn max_time(&self) -> TimestampMs {
        self.last_time
    }

    /// Size of the compressed samples so far, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Heap bytes held, about.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bits.capacity() + View::from(&self.last).elements() * 8
    }

    /// The samples so far as a chunk of its own.
    #[must_use]
    pub fn chunk(&self) -> Chunk {
        Chunk {
            encoding: Encoding::Histogram,
            min_time: self.min_time,
            max_time: self.last_time,
            count: self.count,
            data: Bytes::from(self.bits.to_vec()),
        }
    }
}

fn write_layout(out: &mut BitWriter, h: &View<'_>) {
    out.write(u64::from(h.float), 1);
    out.write_varbit(i64::from(h.schema));
    if h.zero_threshold == DEFAULT_ZERO_THRESHOLD {
        out.write(0, 1);
    } else {
        out.write(1, 1);
        out.write_wide(h.zero_threshold, 64);
    }
    for side in 0..2 {
        out.write_varbit(h.spans[side].len() as i64);
        for span in h.spans[side] {
            out.write_varbit(i64::from(span.offset));
            out.write_varbit(i64::from(span.length));
        }
        out.write_varbit(h.buckets[side].len() as i64);
    }
    out.write_varbit(h.custom_values.len() as i64);
    for bound in h.custom_values {
        out.write_wide(bound.to_bits(), 64);
    }
}

/// Counts and buckets as differences to those of `last`, or to zeros.
fn write_counts(out: &mut BitWriter, h: &View<'_>, last: Option<&View<'_>>) {
    let word = if h.float { write_xor } else { write_difference };
    write_xor(out, h.sum, last.map_or(0, |last| last.sum));
    word(out, h.count, last.map_or(0, |last| last.count));
    word(out, h.zero_count, last.map_or(0, |last| last.zero_count));
    for side in 0..2 {
        let mut before = last.map(|last| last.buckets[side].words());
        for bucket in h.buckets[side].words() {
            word(out, bucket, before.as_mut().and_then(Iterator::next).unwrap_or(0));
        }
    }
}

fn write_difference(out: &mut BitWriter, new: u64, old: u64) {
    out.write_varbit(new.wrapping_sub(old) as i64);
}

/// A zero bit for the same bits, else a one, 6 bits of leading zeros, 6 bits of length less one, the significant bits.
fn write_xor(out: &mut BitWriter, new: u64, old: u64) {
    let xor = new ^ old;
    if xor == 0 {
        return out.write(0, 1);
    }
    let significant = 64 - xor.leading_zeros() - xor.trailing_zeros();
    out.write((1 << 12) | (u64::from(xor.leading_zeros()) << 6) | u64::from(significant - 1), 13);
    out.write_wide(xor >> xor.trailing_zeros(), significant);
}
