//! Floats in Prometheus' XOR encoding (`tsdb/chunkenc/xor.go`, `tsdb/docs/format/chunks.md`).

use mneme_model::TimestampMs;

use super::bits::{Bits, Xor};
use super::{EncodedChunk, Encoding};
use crate::wire::zigzag;

/// Samples of one chunk, as Prometheus cuts them.
const SAMPLES: usize = 120;

/// A series' floats, cut into chunks one after the other.
#[derive(Clone, Debug)]
pub struct XorChunks<'a> {
    times: &'a [TimestampMs],
    values: &'a [f64],
}

impl<'a> XorChunks<'a> {
    /// Times ascend; what one list has more than the other is left out.
    #[must_use]
    pub fn new(times: &'a [TimestampMs], values: &'a [f64]) -> Self {
        let len = times.len().min(values.len());
        Self { times: &times[..len], values: &values[..len] }
    }
}

impl Iterator for XorChunks<'_> {
    type Item = EncodedChunk;

    fn next(&mut self) -> Option<EncodedChunk> {
        let len = self.times.len().min(SAMPLES);
        let ((times, later), (values, more)) = (self.times.split_at(len), self.values.split_at(len));
        let (min_time, max_time) = (*times.first()?, *times.last()?);
        (self.times, self.values) = (later, more);
        Some(EncodedChunk { min_time, max_time, encoding: Encoding::Xor, data: encode(times, values) })
    }
}

/// Number of samples, first sample, then differences of differences of times and differences of values.
fn encode(times: &[TimestampMs], values: &[f64]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(times.len() as u64, 16);
    let (mut last, mut delta, mut xor) = (0, 0, Xor::new(0.0));
    for (number, (&t, &v)) in times.iter().zip(values).enumerate() {
        let next = t.wrapping_sub(last);
        match number {
            0 => {
                bits.push_varint(zigzag(t));
                bits.push_float(v);
                xor = Xor::new(v);
            }
            1 => {
                bits.push_varint(next.cast_unsigned());
                xor.push(&mut bits, v);
            }
            _ => {
                push_change(&mut bits, next.wrapping_sub(delta));
                xor.push(&mut bits, v);
            }
        }
        (last, delta) = (t, if number == 0 { 0 } else { next });
    }
    bits.into_bytes()
}

fn push_change(bits: &mut Bits, change: i64) {
    let fits = |size: u32| -(1i64 << (size - 1)) < change && change <= 1i64 << (size - 1);
    let value = change.cast_unsigned();
    if change == 0 {
        bits.push(0, 1);
    } else if fits(14) {
        bits.push(0b10, 2);
        bits.push(value, 14);
    } else if fits(17) {
        bits.push(0b110, 3);
        bits.push(value, 17);
    } else if fits(20) {
        bits.push(0b1110, 4);
        bits.push(value, 20);
    } else {
        bits.push(0b1111, 4);
        bits.push(value, 64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bits::reader::BitReader;
    use super::*;
    use crate::wire::unzigzag;

    fn decode(data: &[u8]) -> Vec<(i64, u64)> {
        let mut reader = BitReader(data, 0);
        let count = reader.take(16);
        let (mut t, mut delta, mut v, mut window, mut all) = (0i64, 0i64, 0.0, (0, 0), Vec::new());
        for number in 0..count {
            match number {
                0 => (t, v) = (unzigzag(reader.varint()), reader.float()),
                1 => delta = reader.varint() as i64,
                _ => {
                    let ones = (0..4).take_while(|_| reader.take(1) == 1).count();
                    let size = [0, 14, 17, 20, 64][ones];
                    delta = delta.wrapping_add(reader.signed(size));
                }
            }
            if number > 0 {
                t = t.wrapping_add(delta);
                reader.xor(&mut v, &mut window);
            }
            all.push((t, v.to_bits()));
        }
        all
    }

    /// Bytes that Prometheus' own encoder makes of (1000, 1.0), (2000, 1.0), (3000, 2.0).
    #[test]
    fn bytes_are_prometheus_own() {
        let chunk = XorChunks::new(&[1000, 2000, 3000], &[1.0, 1.0, 2.0]).next().unwrap();
        assert_eq!((chunk.min_time, chunk.max_time, chunk.encoding), (1000, 3000, Encoding::Xor));
        let head = [0, 3, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xe8, 0x07];
        assert_eq!(chunk.data[..14], head);
        // 0: same value; 0: same step; 1 1, 1 leading zero, 11 bits, all of them ones.
        assert_eq!(chunk.data[14..], [0b0011_0000, 0b1001_0111, 0b1111_1111, 0b1100_0000]);
    }

    #[test]
    fn a_chunk_has_120_samples() {
        let times: Vec<i64> = (0..250).collect();
        let values = vec![1.0; 250];
        let counts: Vec<u8> = XorChunks::new(&times, &values).map(|chunk| chunk.data[1]).collect();
        assert_eq!(counts, [120, 120, 10]);
        assert_eq!(XorChunks::new(&[], &[]).count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_samples_read_back(
            samples in proptest::collection::vec((prop_oneof![0i64..100_000, any::<i64>()], any::<u64>()), 1..300)
        ) {
            let mut times: Vec<i64> = samples.iter().map(|(t, _)| *t).collect();
            times.sort_unstable();
            let values: Vec<f64> = samples.iter().map(|(_, bits)| f64::from_bits(*bits)).collect();
            let read: Vec<(i64, u64)> =
                XorChunks::new(&times, &values).flat_map(|chunk| decode(&chunk.data)).collect();
            let written: Vec<(i64, u64)> = times.iter().copied().zip(values.iter().map(|v| v.to_bits())).collect();
            prop_assert_eq!(read, written);
        }
    }
}
