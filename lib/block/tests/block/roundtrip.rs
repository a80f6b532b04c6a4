//! Exemplars, metadata, parts, and what the manifest is told.

use std::collections::BTreeSet;

use mneme_block::meta::{BlockMeta, FileKind};
use mneme_block::read::{Projection, ReadBudget, Select};
use mneme_block::write::{ChunkSeries, ChunkSource, MemorySink, MetadataRow, WriterOptions, write_block};
use mneme_model::chunk::{FloatChunkBuilder, RawSamples};
use mneme_model::{Exemplar, Labels, Matcher, Metadata, MetricType, Samples};
use ulid::Ulid;

use crate::support::{Block, Memory, Series, block_on, small};

const HOUR: i64 = 3_600_000;

fn series(i: usize, hours: i64) -> Series {
    let mut samples = RawSamples::default();
    for step in 0..hours * 60 {
        samples.push_float(step * 60_000, (step + i as i64) as f64, 0);
    }
    let pairs = [("__name__", format!("m{}", i / 4)), ("pod", format!("p{i:02}")), ("zone", "a".to_owned())];
    Series { labels: Labels::from_pairs(pairs), samples, exemplars: Vec::new() }
}

fn block(series_count: usize, hours: i64) -> Block {
    let series = (0..series_count).map(|i| series(i, hours));
    Block::write(&small(2 * HOUR as u32), &mut Memory::new(series.collect()))
}

#[test]
fn parts_cover_ranges_of_series_and_the_meta_adds_up() {
    let mut memory = Memory::new((0..20).map(|i| series(i, 5)).collect());
    let options = WriterOptions { max_part_series: 8, ..small(2 * HOUR as u32) };
    let block = Block::write(&options, &mut memory);
    let meta = &block.meta;
    assert_eq!((meta.series, meta.samples, meta.parts.len()), (20, 6000, 3));
    assert_eq!((meta.min_time, meta.max_time), (0, 5 * HOUR - 60_000));
    assert_eq!(meta.parts[0].windows, [0, 2 * HOUR, 4 * HOUR]);
    assert_eq!(meta.parts[1].first.metric_name(), "m2");
    assert!(meta.parts.windows(2).all(|pair| pair[0].last < pair[1].first));
    let stored: usize = block.ranges.inner.0.values().map(bytes::Bytes::len).sum();
    assert_eq!(meta.size(), stored as u64);
    let json = serde_json::to_string(meta).unwrap();
    assert_eq!(serde_json::from_str::<BlockMeta>(&json).unwrap(), *meta);

    // A metric of the second part, and an hour within the second window: no other part is touched.
    let select = Select::new(vec![Matcher::equal("__name__", "m2")], 2 * HOUR, 3 * HOUR - 1);
    let found = block.select(&select);
    assert_eq!(found.len(), 4);
    let mut samples = Samples::default();
    found[0].read(2 * HOUR, 3 * HOUR - 1, &mut samples).unwrap();
    assert_eq!((samples.t.len(), samples.v[0]), (60, 120.0 + 8.0));
    assert!(block.ranges.log.lock().unwrap().iter().all(|line| line.contains("/0001/")));
}

#[test]
fn exemplars_and_metadata_come_back() {
    let mut memory = Memory::new((0..3).map(|i| series(i, 1)).collect());
    let exemplar = |t, trace: &str| Exemplar {
        labels: Labels::from_pairs([("trace_id", trace), ("span", "x"), ("é", "ü")]),
        value: 0.25,
        timestamp: t,
    };
    memory.series[1].exemplars = vec![exemplar(9, "b"), exemplar(5, "a"), exemplar(9, "b")];
    memory.series[2].exemplars = vec![Exemplar { labels: Labels::empty(), value: f64::NAN, timestamp: 6 }];
    let row = |help: &str, first, last| MetadataRow {
        metric: "m0".to_owned(),
        first,
        last,
        metadata: Metadata { metric_type: MetricType::Counter, help: help.to_owned(), unit: "s".to_owned() },
    };
    memory.metadata = vec![row("new", 5, 9), row("old", 1, 4), row("new", 7, 12)];
    let block = Block::write(&small(2 * HOUR as u32), &mut memory);
    assert_eq!(block.meta.exemplars, 3);
    let all = block_on(block.reader().exemplars(&Select::new(Vec::new(), 0, 100))).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].labels, memory.series[1].labels);
    assert_eq!(all[0].exemplars, [exemplar(5, "a"), exemplar(9, "b")]);
    assert!(all[1].exemplars[0].value.is_nan() && all[1].exemplars[0].labels.is_empty());
    let some = Select::new(vec![Matcher::equal("pod", "p01")], 6, 100);
    assert_eq!(block_on(block.reader().exemplars(&some)).unwrap()[0].exemplars, [exemplar(9, "b")]);
    let metadata = block_on(block.reader().metadata()).unwrap();
    assert_eq!(metadata, [row("old", 1, 4), row("new", 5, 12)]);
}

#[test]
fn only_the_labels_asked_for_are_there_and_series_stay_apart() {
    let labels = Projection::Only(BTreeSet::from(["zone".to_owned(), "absent".to_owned()]));
    let select = Select { labels, ..Select::new(vec![Matcher::equal("__name__", "m1")], 0, HOUR) };
    let found = block(8, 1).select(&select);
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|series| series.labels == Labels::from_pairs([("zone", "a")])));
}

#[test]
fn a_read_over_its_budget_is_an_error() {
    let select = Select { budget: ReadBudget::new(1000), ..Select::new(Vec::new(), 0, 4 * HOUR) };
    let error = block_on(block(8, 4).reader().select(&select)).unwrap_err();
    assert!(matches!(error, mneme_block::Error::TooLarge { limit, .. } if limit <= 1000), "{error}");
}

#[test]
fn chunks_of_a_head_become_a_block_with_equal_times_merged() {
    let chunk = |samples: &[(i64, f64)]| {
        let mut builder = FloatChunkBuilder::new(false);
        samples.iter().for_each(|(t, v)| builder.push(*t, *v, 0));
        builder.chunk()
    };
    // One chunk that spans ten days, and an overlapping one.
    let chunks = vec![chunk(&[(0, 1.0), (5, 2.0), (240 * HOUR, 3.0)]), chunk(&[(5, 7.0), (9, 9.0)])];
    let labels = Labels::from_pairs([("__name__", "up")]);
    let mut source =
        ChunkSource::new(vec![ChunkSeries { labels, chunks, exemplars: Vec::new() }], Vec::new());
    let mut sink = MemorySink::default();
    let options = WriterOptions::flush();
    let id = Ulid::from_parts(1, 1);
    let meta = write_block(id, &options, &mut source, &mut sink).unwrap().unwrap();
    assert_eq!((meta.samples, meta.parts[0].windows.len()), (4, 2));
    assert!(sink.files.contains_key(&FileKind::Samples.path(0)));
    assert!(write_block(id, &options, &mut ChunkSource::default(), &mut sink).unwrap().is_none());
}
