//! How many requests cold selectors take: two round trips, and few GETs (docs/decisions/0012).

use mneme_block::read::Select;
use mneme_block::write::WriterOptions;
use mneme_model::chunk::RawSamples;
use mneme_model::{Labels, MatchOp, Matcher};

use crate::support::{Block, Memory, Series};

const HOUR: i64 = 3_600_000;

/// 4,000 series of 40 metrics, a minute between samples.
fn block(options: &WriterOptions, hours: i64) -> Block {
    let series = (0..4000).map(|i: u64| {
        let mut samples = RawSamples::default();
        for step in 0..hours * 60 {
            let noise = (step as u64 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
            samples.push_float(step * 60_000, if i.is_multiple_of(2) { 1.0 } else { noise as f64 }, 0);
        }
        let pairs = [
            ("__name__", format!("metric_{}", i / 100)),
            ("pod", format!("pod-{}", i % 100)),
            ("job", format!("job-{}", i % 5)),
        ];
        Series { labels: Labels::from_pairs(pairs), samples, exemplars: Vec::new() }
    });
    Block::write(options, &mut Memory::new(series.collect()))
}

/// GETs of a cold selector; checks that there are at most two round trips.
fn cold(block: &Block, matchers: Vec<Matcher>, start: i64, end: i64) -> usize {
    block.requests();
    block.ranges.log.lock().unwrap().clear();
    let found = block.select(&Select::new(matchers, start, end));
    assert!(!found.is_empty());
    let log = block.ranges.log.lock().unwrap();
    let of = |file: &str| log.iter().filter(|line| line.contains(file)).count();
    assert_eq!(of("series.parquet"), 1, "the series table comes whole: {log:?}");
    assert!(of("samples.parquet") <= 2, "the samples' footer beside it, then the pages: {log:?}");
    drop(log);
    block.requests().0
}

#[test]
fn a_cold_selector_takes_two_round_trips_and_few_requests() {
    let name = vec![Matcher::equal("__name__", "metric_7")];
    let one = vec![Matcher::equal("__name__", "metric_7"), Matcher::equal("pod", "pod-51")];
    let pods = vec![name[0].clone(), Matcher::new(MatchOp::Regex, "pod", "pod-1.*").unwrap()];
    let two_hours = block(&WriterOptions::flush(), 2);
    for matchers in [one.clone(), name.clone(), pods.clone()] {
        let gets = cold(&two_hours, matchers.clone(), 0, 2 * HOUR);
        assert!(gets <= 5, "{gets} GETs of {matchers:?} in a block of 2 h");
    }
    let day = block(&WriterOptions::compaction(2), 24);
    for matchers in [one.clone(), name, pods] {
        let gets = cold(&day, matchers.clone(), 0, 24 * HOUR);
        assert!(gets <= 10, "{gets} GETs of {matchers:?} in a block of 24 h");
    }
    // Five minutes touch one window only.
    assert!(cold(&day, one, 9 * HOUR, 9 * HOUR + 300_000) <= 4);
}
