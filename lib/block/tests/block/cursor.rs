//! Series one after the other, from stretches of any size, are those of the block, and little is held of them.

use std::sync::atomic::Ordering::Relaxed;

use mneme_block::Error;
use mneme_block::meta::SeriesKey;
use mneme_block::read::{BatchBuilder, BlockReader, PartCursor, Select};
use mneme_block::write::WriterOptions;
use mneme_model::chunk::{RawSamples, SeriesBatch};
use mneme_model::{Labels, MatchOp, Matcher};
use proptest::prelude::*;

use crate::hostile::series;
use crate::support::{Block, Memory, Series, block_on, small};

/// Fetches stretches of about so many bytes until the next series' samples are here; tells how many bytes came.
fn fetch(cursor: &mut PartCursor, bytes: u64) -> u64 {
    let mut came = 0;
    while !cursor.is_fetched() {
        let fetch = cursor.fetch(bytes).expect("something is left to be fetched");
        assert!(cursor.fetch(bytes).is_none(), "one at a time");
        came += fetch.bytes();
        cursor.take(&block_on(fetch.run()).unwrap());
    }
    came
}

/// All series of a block, by batches of some.
fn walk(reader: &BlockReader, select: &Select, bytes: u64) -> SeriesBatch {
    let mut builder = BatchBuilder::new(select.start, select.end).unwrap();
    let mut all = SeriesBatch::new();
    for mut cursor in block_on(reader.cursors(select)).unwrap() {
        let mut left = cursor.left();
        while let Some(labels) = cursor.labels().unwrap() {
            assert_eq!(cursor.left(), left);
            left -= 1;
            fetch(&mut cursor, bytes);
            cursor.read(&mut builder).unwrap();
            let identity = labels.view().identity();
            builder.end_series(labels, identity);
            if builder.len() == 3 {
                builder.finish(&mut all);
                assert!(builder.is_empty() && builder.bytes() == 0);
            }
        }
        assert_eq!(left, 0);
    }
    builder.finish(&mut all);
    all
}

fn shown(batch: &SeriesBatch) -> Vec<String> {
    batch.iter().map(|one| format!("{} {:?}", one.labels, one.chunks)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn stretches_of_any_size_make_the_same_series_in_order(
        series in series(),
        (start, end) in (-20_000_000i64..20_000_000, 0i64..40_000_000).prop_map(|(s, len)| (s, s + len)),
        bytes in prop_oneof![Just(0u64), 1u64..4000, Just(u64::MAX)],
        newest_only in any::<bool>(),
        odd in any::<bool>(),
    ) {
        let mut memory = Memory::new(series);
        if memory.series.iter().all(|series| series.samples.is_empty()) {
            return Ok(());
        }
        let block = Block::write(&small(7_200_000), &mut memory);
        // So that pages are left out.
        let pattern = if odd { ".*[13579].*" } else { ".*" };
        let matchers = vec![Matcher::new(MatchOp::Regex, "__name__", pattern).unwrap()];
        let select = Select { newest_only, ..Select::new(matchers, start, end) };
        let walked = walk(&block.reader(), &select, bytes);
        prop_assert_eq!(shown(&walked), shown(&block_on(block.reader().batch(&select)).unwrap()));
        let keys: Vec<SeriesKey> = walked.iter().map(|one| SeriesKey(one.labels.clone())).collect();
        prop_assert!(keys.is_sorted());
    }
}

fn noise(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Series of one metric with values that do not pack well.
fn noisy(count: u64) -> Memory {
    let series = (0..count).map(|i| {
        let mut samples = RawSamples::default();
        for step in 0..240u64 {
            samples.push_float(step as i64 * 30_000, (noise(step ^ i << 20) >> 44) as f64, 0);
        }
        let labels = Labels::from_pairs([("__name__", "m".to_owned()), ("pod", format!("pod-{i:05}"))]);
        Series { labels, samples, exemplars: Vec::new() }
    });
    Memory::new(series.collect())
}

#[test]
fn a_stretch_is_about_as_large_as_was_asked_for_and_no_page_comes_twice() {
    let options = WriterOptions { page_rows: 16, group_rows: 512, ..WriterOptions::flush() };
    let mut block = Block::write(&options, &mut noisy(2000));
    // Only what is needed, and what its checksums are of.
    block.options.coalesce_bytes = 0;
    let select = Select::new(Vec::new(), 0, 7_200_000);
    let all = {
        let mut cursors = block_on(block.reader().cursors(&select)).unwrap();
        cursors[0].fetch(u64::MAX).unwrap().bytes()
    };
    let mut cursor = block_on(block.reader().cursors(&select)).unwrap().remove(0);
    let mut builder = BatchBuilder::new(0, 7_200_000).unwrap();
    let before = block.ranges.bytes.load(Relaxed) as u64;
    let (mut sum, mut stretches) = (0, 0);
    while cursor.labels().unwrap().is_some() {
        let came = fetch(&mut cursor, all / 10);
        (sum, stretches) = (sum + came, stretches + u64::from(came > 0));
        assert!(came < all / 3, "{came} of {all}");
        cursor.read(&mut builder).unwrap();
    }
    assert_eq!(block.ranges.bytes.load(Relaxed) as u64 - before, sum);
    assert!((8..=14).contains(&stretches), "{stretches} stretches");
    assert!(cursor.fetch(1).is_none() && cursor.is_fetched());
}

#[test]
fn a_series_that_was_not_fetched_is_an_error() {
    let block = Block::write(&WriterOptions::flush(), &mut noisy(10));
    let mut cursor = block_on(block.reader().cursors(&Select::new(Vec::new(), 0, 1))).unwrap().remove(0);
    let read = cursor.read(&mut BatchBuilder::new(0, 1).unwrap());
    assert!(matches!(read, Err(Error::Corrupt { .. })));
}
