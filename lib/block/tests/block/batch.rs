//! Chunks of a block are its samples: in any range, without what was deleted, by workers or not, from a cache or not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use async_trait::async_trait;
use mneme_block::read::{
    Access, BlockReader, Deletion, ParsedCache, RangeReader, ReadOptions, Select, Work, Workers,
};
use mneme_block::write::WriterOptions;
use mneme_model::chunk::{Encoding, RawSamples, SeriesBatch, merge, merge_raw};
use mneme_model::{Labels, MatchOp, Matcher, Samples};
use proptest::prelude::*;

use crate::hostile::series;
use crate::support::{Block, Memory, Series, bits, block_on, clip, small, tenant};

/// Does work at once, and counts it.
#[derive(Default)]
struct Counter(AtomicUsize);

#[async_trait]
impl Workers for Counter {
    async fn run(&self, work: Work) -> Result<(), String> {
        self.0.fetch_add(1, Relaxed);
        work();
        Ok(())
    }
}

fn access(block: &Block, cache_bytes: u64) -> Access {
    let reader = Arc::clone(&block.ranges) as Arc<dyn RangeReader>;
    Access {
        parsed: Some(Arc::new(ParsedCache::new(cache_bytes))),
        workers: Some(Arc::new(Counter::default())),
        ..Access::new(reader, ReadOptions::default())
    }
}

fn reader(block: &Block, access: &Access) -> BlockReader {
    BlockReader::with(tenant(), Arc::new(block.meta.clone()), access.clone())
}

/// Every sample of a batch by series.
fn samples(batch: &SeriesBatch, start: i64, end: i64) -> BTreeMap<Labels, RawSamples> {
    let read = batch.iter().map(|series| {
        let mut out = RawSamples::default();
        merge_raw(series.chunks, start, end, &mut out).unwrap();
        // Chunk by chunk, sample by sample it is the same.
        let one_by_one = series.chunks.iter().flat_map(|chunk| chunk.floats().map(Result::unwrap));
        let inside = one_by_one.filter(|sample| (start..=end).contains(&sample.t));
        assert!(
            inside.map(|sample| (sample.t, sample.v.to_bits())).eq(out
                .t
                .iter()
                .copied()
                .zip(out.v.iter().map(|v| v.to_bits())))
        );
        assert_eq!(series.identity, series.labels.view().identity());
        (series.labels.clone(), out)
    });
    read.filter(|(_, samples)| !samples.is_empty()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chunks_have_every_bit_of_the_samples(
        series in series(),
        (start, end) in (-20_000_000i64..20_000_000, 0i64..40_000_000).prop_map(|(s, len)| (s, s + len)),
        hole in prop::option::of((-20_000_000i64..20_000_000, 0i64..20_000_000)),
        split in any::<bool>(),
    ) {
        let mut memory = Memory::new(series);
        if memory.series.iter().all(|series| series.samples.is_empty()) {
            return Ok(());
        }
        let options = WriterOptions { byte_stream_split: split, ..small(7_200_000) };
        let block = Block::write(&options, &mut memory);
        let access = access(&block, 1 << 20);
        let deletion = hole.map(|(from, len)| {
            let matchers = vec![Matcher::new(MatchOp::NotEqual, "__name__", "").unwrap()];
            Deletion { matchers, start: from, end: from + len }
        });
        for _ in 0..2 {
            let reader = reader(&block, &access).without(deletion.clone());
            let batch = block_on(reader.batch(&Select::new(Vec::new(), start, end))).unwrap();
            let found = samples(&batch, start, end);
            for one in &memory.series {
                let mut want = clip(&one.samples, start, end);
                if let Some(Deletion { start, end, .. }) = deletion
                    && !one.labels.metric_name().is_empty()
                {
                    let before = clip(&want, i64::MIN, start - 1);
                    let mut rest = clip(&want, end + 1, i64::MAX);
                    want = before;
                    for (i, t) in rest.t.iter().enumerate() {
                        want.push_float(*t, rest.v[i], rest.st.get(i).copied().unwrap_or(0));
                    }
                    want.histograms.append(&mut rest.histograms);
                }
                let none = RawSamples::default();
                let got = found.get(&one.labels).unwrap_or(&none);
                prop_assert_eq!(bits(got), bits(&want), "{}", one.labels);
            }
        }
    }
}

fn counters(count: i64) -> Memory {
    let series = (0..count).map(|i| {
        let mut samples = RawSamples::default();
        (0..240).for_each(|step| samples.push_float(step * 60_000, (step * (i % 7)) as f64, 0));
        let pairs = [("__name__", "m".to_owned()), ("pod", format!("pod-{i:03}"))];
        Series { labels: Labels::from_pairs(pairs), samples, exemplars: Vec::new() }
    });
    Memory::new(series.collect())
}

#[test]
fn rows_are_not_encoded_anew_and_the_newest_sample_is_one() {
    let block = Block::write(&small(7_200_000), &mut counters(50));
    let reader = block.reader();
    let select = Select::new(Vec::new(), 0, 10_000_000);
    let batch = block_on(reader.batch(&select)).unwrap();
    assert_eq!(batch.len(), 50);
    assert!(batch.iter().all(|one| one.chunks.len() == 2));
    assert!(batch.iter().flat_map(|one| one.chunks).all(|chunk| chunk.encoding == Encoding::Columns));
    let newest = block_on(reader.batch(&Select { newest_only: true, ..select })).unwrap();
    for one in newest.iter() {
        let mut samples = Samples::default();
        merge(one.chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
        assert_eq!(samples.t, [9_960_000], "{}", one.labels);
    }
}

#[test]
fn footers_and_series_tables_are_parsed_once() {
    let block = Block::write(&WriterOptions::flush(), &mut counters(500));
    let access = access(&block, 1 << 20);
    let ask = || {
        let select = Select::new(vec![Matcher::equal("pod", "pod-007")], 0, 10_000_000);
        assert_eq!(block_on(reader(&block, &access).batch(&select)).unwrap().len(), 1);
        std::mem::take(&mut *block.ranges.log.lock().unwrap())
    };
    let (cold, warm) = (ask(), ask());
    assert_eq!(cold.len(), 3, "table, footer, pages: {cold:?}");
    assert_eq!(warm.len(), 1, "pages only: {warm:?}");
    assert!(warm[0].contains("samples.parquet"), "{warm:?}");
    assert!(access.parsed.as_ref().unwrap().bytes() > 1000);
    // Another label of the same table: the table comes whole again, as a cache of ranges knows it.
    let values = block_on(reader(&block, &access).label_values("pod", &[], 0, 10_000_000)).unwrap();
    assert_eq!(values.len(), 500);
    let log = block.ranges.log.lock().unwrap();
    assert!(log.iter().all(|line| line.contains("series.parquet [0..")), "{log:?}");
}
