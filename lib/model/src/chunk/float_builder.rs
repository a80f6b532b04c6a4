//! Compresses floats.

use bytes::Bytes;

use super::bits::BitWriter;
use super::value::ValueCodec;
use super::{Chunk, Encoding};
use crate::TimestampMs;

/// A growing chunk of floats. Appending costs some ten nanoseconds and rarely allocates.
#[derive(Clone, Debug)]
pub struct FloatChunkBuilder {
    bits: BitWriter,
    with_st: bool,
    count: u32,
    min_time: TimestampMs,
    last_time: TimestampMs,
    last_step: i64,
    last_st: TimestampMs,
    value: ValueCodec,
}

impl FloatChunkBuilder {
    /// An empty builder; `with_st` = with start timestamps ([`Encoding::FloatSt`]).
    #[must_use]
    pub fn new(with_st: bool) -> Self {
        Self {
            bits: BitWriter::default(),
            with_st,
            count: 0,
            min_time: 0,
            last_time: 0,
            last_step: 0,
            last_st: 0,
            value: ValueCodec::default(),
        }
    }

    /// Begins a new chunk in the same memory.
    pub fn restart(&mut self, with_st: bool) {
        let mut bits = std::mem::take(&mut self.bits);
        bits.clear();
        *self = Self { bits, ..Self::new(with_st) };
    }

    /// Whether start timestamps are kept.
    #[must_use]
    pub fn with_st(&self) -> bool {
        self.with_st
    }

    /// Appends a sample whose time is after the last one's. `st` must be 0 unless [`Self::with_st`].
    #[inline]
    pub fn push(&mut self, t: TimestampMs, v: f64, st: TimestampMs) {
        debug_assert!(self.count == 0 || t > self.last_time, "samples ascend");
        debug_assert!(self.with_st || st == 0, "this chunk has no start timestamps");
        let before = self.last_time;
        if self.count == 0 {
            self.min_time = t;
            self.last_st = t;
        } else {
            let step = t.wrapping_sub(before);
            self.bits.write_varbit(step.wrapping_sub(self.last_step));
            self.last_step = step;
        }
        self.last_time = t;
        if self.with_st {
            self.push_st(st, before);
        }
        self.value.encode(&mut self.bits, v);
        self.count += 1;
    }

    fn push_st(&mut self, st: TimestampMs, previous_time: TimestampMs) {
        if st == self.last_st {
            self.bits.write(0, 1);
        } else if self.count > 0 && st == previous_time {
            self.bits.write(0b10, 2);
        } else {
            self.bits.write(0b11, 2);
            self.bits.write_varbit(st.wrapping_sub(self.last_st));
        }
        self.last_st = st;
    }

    /// How many samples.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
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

    /// The last sample's value where it is known without decoding; meaningless while empty.
    #[must_use]
    pub fn last_value(&self) -> Option<f64> {
        self.value.last()
    }

    /// The last sample's start timestamp.
    #[must_use]
    pub fn last_st(&self) -> TimestampMs {
        if self.with_st { self.last_st } else { 0 }
    }

    /// Size of the compressed samples so far, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Heap bytes held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bits.capacity()
    }

    /// The encoding of its chunks.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        if self.with_st { Encoding::FloatSt } else { Encoding::Float }
    }

    /// Appends the compressed samples so far, [`Self::len`] bytes: what [`Self::chunk`] has as its data.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        self.bits.append_to(out);
    }

    /// The samples so far as a chunk of its own, without spare room.
    #[must_use]
    pub fn chunk(&self) -> Chunk {
        Chunk {
            encoding: self.encoding(),
            min_time: self.min_time,
            max_time: self.last_time,
            count: self.count,
            data: Bytes::from(self.bits.to_vec()),
        }
    }
}
