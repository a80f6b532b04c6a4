//! Files of blocks whose data changed.

mod written;

use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use mneme_block::Error;
use mneme_block::read::{BlockReader, MemoryRanges, RangeReader, ReadBudget, ReadOptions, Select};
use mneme_model::chunk::{RawSamples, merge_raw};
use mneme_model::{Matcher, Samples};

use written::{Written, written};

/// What a read may hold.
const BUDGET: u64 = 16 << 20;
/// Far more than the block has.
const MOST_SAMPLES: usize = 1 << 20;

/// A byte that chooses a file of a small block, then four bytes for each change: a place in the file's data (3 bytes, modulo its size)
/// and the new byte. The footers are as they were written: a checksum that the manifest has proves them. The data is not proven,
/// as if its own checksums fitted.
///
/// # Panics
/// Where a read panics, gives more samples than its budget pays for, or times that do not ascend or are out of the range.
pub fn block(data: &[u8]) {
    let Some((file, changes)) = data.split_first() else { return };
    let Written { tenant, meta, files, data } = written();
    let Some((key, bytes)) = files.iter().nth(usize::from(*file) % files.len()) else { return };
    let len = data.get(key).copied().unwrap_or(0);
    let mut changed = bytes.to_vec();
    for [a, b, c, new] in changes.as_chunks::<4>().0 {
        let place = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        if let Some(byte) = place.checked_rem(len).and_then(|place| changed.get_mut(place)) {
            *byte = *new;
        }
    }
    let mut files = files.clone();
    files.insert(key.clone(), Bytes::from(changed));
    let ranges: Arc<dyn RangeReader> = Arc::new(MemoryRanges(files));
    let reader = BlockReader::new(tenant.clone(), Arc::clone(meta), ranges, ReadOptions::default());
    // An error is as good as an answer.
    for (start, end) in [(i64::MIN, i64::MAX), (1_000_000, 9_000_000)] {
        let _ = read(&reader, start, end);
        let _ = batch(&reader, start, end);
    }
    let _ = block_on(reader.label_values("instance", &[], i64::MIN, i64::MAX));
    let _ = block_on(reader.label_names(&[Matcher::equal("job", "b")], i64::MIN, i64::MAX));
    let _ = block_on(reader.exemplars(&select(i64::MIN, i64::MAX)));
    let _ = block_on(reader.metadata());
}

fn select(start: i64, end: i64) -> Select {
    Select { budget: ReadBudget::new(BUDGET), ..Select::new(Vec::new(), start, end) }
}

/// Row by row.
fn read(reader: &BlockReader, start: i64, end: i64) -> Result<(), Error> {
    for series in block_on(reader.select(&select(start, end)))? {
        let mut samples = Samples::default();
        series.read(start, end, &mut samples)?;
        check(&samples.t, start, end);
        let mut raw = RawSamples::default();
        series.read_raw(start, end, &mut raw)?;
        check(&raw.t, start, end);
    }
    Ok(())
}

/// As chunks, which is how queries read.
fn batch(reader: &BlockReader, start: i64, end: i64) -> Result<(), Error> {
    let batch = block_on(reader.batch(&select(start, end)))?;
    for series in batch.iter() {
        let mut raw = RawSamples::default();
        if merge_raw(series.chunks, start, end, &mut raw).is_ok() {
            check(&raw.t, start, end);
        }
    }
    Ok(())
}

fn check(times: &[i64], start: i64, end: i64) {
    assert!(times.len() <= MOST_SAMPLES);
    assert!(times.is_sorted_by(|a, b| a < b), "times ascend");
    assert!(times.iter().all(|t| (start..=end).contains(t)), "times are in the range");
}
