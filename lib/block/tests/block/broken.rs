//! Files whose bytes changed: an error or an answer, never a panic.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use mneme_block::Error;
use mneme_block::read::{BlockReader, MemoryRanges, RangeReader, ReadBudget, ReadOptions, Select};
use mneme_model::chunk::RawSamples;
use mneme_model::{Labels, Matcher, Samples};
use proptest::prelude::*;

use crate::hostile::series;
use crate::support::{Block, Memory, Series, block_on, small, tenant};

fn read_all(reader: &BlockReader) -> Result<(), Error> {
    let all = Select { budget: ReadBudget::new(1 << 28), ..Select::new(Vec::new(), i64::MIN, i64::MAX) };
    for series in block_on(reader.select(&all))? {
        series.read(i64::MIN, i64::MAX, &mut Samples::default())?;
        series.read_raw(i64::MIN, i64::MAX, &mut RawSamples::default())?;
    }
    block_on(reader.label_values("instance", &[], i64::MIN, i64::MAX))?;
    block_on(reader.label_names(&[Matcher::equal("job", "1")], i64::MIN, i64::MAX))?;
    block_on(reader.exemplars(&all))?;
    Ok(())
}

/// A reader of the same block whose files are these.
fn with(block: &Block, files: BTreeMap<String, Bytes>) -> BlockReader {
    let ranges: Arc<dyn RangeReader> = Arc::new(MemoryRanges(files));
    BlockReader::new(tenant(), Arc::new(block.meta.clone()), ranges, ReadOptions::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_flipped_bit_is_told_with_the_file(
        series in series(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8u8), 20),
    ) {
        let mut memory = Memory::new(series);
        if memory.series.iter().all(|series| series.samples.is_empty()) {
            return Ok(());
        }
        let block = Block::write(&small(7_200_000), &mut memory);
        for key in block.ranges.inner.0.keys() {
            for (at, bit) in &flips {
                let mut files = block.ranges.inner.0.clone();
                let mut bytes = files[key].to_vec();
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
                files.insert(key.clone(), bytes.into());
                let read = read_all(&with(&block, files));
                let read = if key.ends_with("metadata.parquet") { Ok(()) } else { read };
                match read {
                    Err(error) => prop_assert!(error.to_string().contains(key.as_str()), "{}", error),
                    Ok(()) => prop_assert!(key.ends_with("metadata.parquet"), "bit {bit} of byte {at} of {key}"),
                }
            }
        }
    }
}

#[test]
fn an_error_names_the_file_and_a_missing_file_is_told_apart() {
    let mut samples = RawSamples::default();
    samples.push_float(1, 1.0, 0);
    let labels = Labels::from_pairs([("__name__", "up")]);
    let mut memory = Memory::new(vec![Series { labels, samples, exemplars: Vec::new() }]);
    let block = Block::write(&small(7_200_000), &mut memory);
    let mut files = block.ranges.inner.0.clone();
    let key = files.keys().find(|key| key.ends_with("samples.parquet")).unwrap().clone();
    let mut bytes = files[&key].to_vec();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    files.insert(key.clone(), bytes.into());
    let error = read_all(&with(&block, files.clone())).unwrap_err().to_string();
    assert!(error.starts_with(&format!("block file {key} is broken: column footer, at byte ")), "{error}");
    files.remove(&key);
    assert!(read_all(&with(&block, files)).unwrap_err().is_missing());
}
