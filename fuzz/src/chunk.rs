//! Compressed chunks.

use bytes::Bytes;
use mneme_model::Samples;
use mneme_model::chunk::{Chunk, Encoding};

/// Encoding, count, first time and duration in the first 8 bytes, the data behind.
///
/// # Panics
/// Where a chunk yields more samples than it declares, or times that do not ascend or are out of its bounds.
pub fn chunk(data: &[u8]) {
    let Some((&[encoding, a, b, c, d, e, f, g], rest)) = data.split_first_chunk::<8>() else { return };
    let Some(encoding) = Encoding::from_number(encoding) else { return };
    let min_time = i64::from(u16::from_le_bytes([c, d]));
    let max_time = min_time + i64::from(u32::from_le_bytes([e, f, g, 0]));
    let count = u32::from(u16::from_le_bytes([a, b]));
    let chunk = Chunk { encoding, min_time, max_time, count, data: Bytes::copy_from_slice(rest) };
    let mut last = None;
    for (n, sample) in chunk.floats().enumerate() {
        assert!(n < count as usize);
        let Ok(sample) = sample else { break };
        assert!(last < Some(sample.t) && (min_time..=max_time).contains(&sample.t));
        last = Some(sample.t);
    }
    let mut histograms = chunk.histograms();
    let (mut last, mut n) = (None, 0);
    while let Ok(Some(t)) = histograms.next_time() {
        assert!(last < Some(t) && (min_time..=max_time).contains(&t));
        last = Some(t);
        n += 1;
        assert!(n <= count);
        drop(histograms.float());
    }
    let mut out = Samples::default();
    let read = chunk.read(min_time + 1, max_time - 1, &mut out);
    assert!(read.is_err() || out.len() <= count as usize);
}
