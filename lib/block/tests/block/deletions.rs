//! What label answers say of series of which something is deleted.

use mneme_block::read::{Deletion, Select};
use mneme_model::chunk::RawSamples;
use mneme_model::{Labels, Matcher};
use proptest::prelude::*;

use crate::support::{Block, Memory, Series, block_on, small};

/// Series `s0`, `s1` .. of metric `m` with samples at these times.
fn block(times: &[Vec<i64>]) -> Block {
    let series = times.iter().enumerate().map(|(number, times)| {
        let mut samples = RawSamples::default();
        times.iter().for_each(|t| samples.push_float(*t, 1.5, 0));
        let labels = Labels::from_pairs([("__name__", "m".to_owned()), ("x", format!("s{number}"))]);
        Series { labels, samples, ..Series::default() }
    });
    Block::write(&small(100_000), &mut Memory::new(series.collect()))
}

/// The values of `x` of the series that have samples in the range.
fn found(block: &Block, deletions: &[Deletion], (start, end): (i64, i64)) -> Vec<String> {
    let reader = block.reader().without(deletions.to_vec());
    let series = block_on(reader.series(&Select::new(Vec::new(), start, end))).unwrap();
    series.iter().map(|labels| labels.get("x").unwrap().to_owned()).collect()
}

fn deletion(x: &str, start: i64, end: i64) -> Deletion {
    Deletion { matchers: vec![Matcher::equal("x", x)], start, end }
}

#[test]
fn a_series_whose_samples_within_the_range_are_all_deleted_is_not_there() {
    let block = block(&[vec![0, 50_000, 250_000], vec![0, 50_000, 60_000, 250_000]]);
    let deletions = [deletion("s0", 40_000, 60_000), deletion("s1", 40_000, 55_000)];
    assert_eq!(found(&block, &deletions, (20_000, 80_000)), ["s1"]);
    assert_eq!(found(&block, &deletions, (20_000, 250_000)), ["s0", "s1"]);
    assert_eq!(found(&block, &deletions, (0, 80_000)), ["s0", "s1"]);
    assert_eq!(found(&block, &[], (20_000, 80_000)), ["s0", "s1"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn of_series_that_a_deletion_meets_those_with_a_sample_left_are_found(
        times in prop::collection::vec(prop::collection::btree_set(0..400i64, 1..12), 1..6),
        holes in prop::collection::vec((0..6usize, 0..400i64, 0..150i64), 1..6),
        (start, len) in (0..400i64, 0..200i64),
    ) {
        let times: Vec<Vec<i64>> =
            times.into_iter().map(|times| times.into_iter().map(|t| t * 1000).collect()).collect();
        let block = block(&times);
        let range = (start * 1000, (start + len) * 1000);
        let deletions: Vec<Deletion> = holes
            .iter()
            .map(|(series, from, len)| deletion(&format!("s{series}"), from * 1000, (from + len) * 1000))
            .collect();
        let found = found(&block, &deletions, range);
        for (number, times) in times.iter().enumerate() {
            let x = format!("s{number}");
            let own = || deletions.iter().filter(|it| it.matchers[0].value() == x);
            if !own().any(|it| it.overlaps(range.0, range.1)) {
                continue;
            }
            let is_left = |t: &i64| {
                (range.0..=range.1).contains(t) && !own().any(|it| (it.start..=it.end).contains(t))
            };
            prop_assert_eq!(found.contains(&x), times.iter().any(is_left), "{}: {:?}", x, times);
        }
    }
}
