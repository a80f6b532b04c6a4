//! Matchers, names and values, also of labels without a column of their own.

use mneme_block::read::Select;
use mneme_block::write::WriterOptions;
use mneme_model::chunk::RawSamples;
use mneme_model::{Labels, MatchOp, Matcher};

use crate::support::{Block, Memory, Series, block_on, small};

/// 6,000 series of 60 metrics, with a label that few have and one that differs in case.
fn block(options: &WriterOptions) -> (Memory, Block) {
    let series = (0..6000).map(|i| {
        let mut samples = RawSamples::default();
        samples.push_float(1000, f64::from(i), 0);
        let mut pairs = vec![
            ("__name__", format!("metric_{:02}", i / 100)),
            ("pod", format!("pod-{i}")),
            ("job", format!("job-{}", i % 7)),
        ];
        if i % 10 == 0 {
            pairs.push(("rare", format!("{}", i % 30)));
        }
        if i % 11 == 0 {
            pairs.push(("Job", "upper".to_owned()));
        }
        Series { labels: Labels::from_pairs(pairs), samples, exemplars: Vec::new() }
    });
    let mut memory = Memory::new(series.collect());
    let block = Block::write(options, &mut memory);
    (memory, block)
}

fn selectors() -> Vec<Vec<Matcher>> {
    use MatchOp::{Equal, NotEqual, NotRegex, Regex};
    let selectors: [&[(MatchOp, &str, &str)]; 13] = [
        &[],
        &[(Equal, "__name__", "metric_07")],
        &[(Equal, "__name__", "metric_99")],
        &[(Regex, "__name__", "metric_0[12]"), (Equal, "job", "job-3")],
        &[(Regex, "pod", "pod-1.*5"), (NotEqual, "job", "job-1")],
        &[(Equal, "pod", "pod-5999")],
        &[(Equal, "pod", "nobody")],
        &[(Equal, "rare", "20")],
        &[(NotEqual, "rare", "")],
        &[(Equal, "rare", ""), (Regex, "job", "job-[0-2]")],
        &[(Equal, "Job", "upper"), (NotRegex, "job", "job-1|job-2")],
        &[(Equal, "absent", "x")],
        &[(Regex, "absent", ".*"), (Equal, "__name__", "metric_00")],
    ];
    let matcher = |(op, name, value): &(MatchOp, &str, &str)| Matcher::new(*op, name, value).unwrap();
    selectors.iter().map(|selector| selector.iter().map(matcher).collect()).collect()
}

fn check(options: &WriterOptions, whole: u64) {
    let (memory, mut block) = block(options);
    block.options.whole_series_bytes = whole;
    for matchers in selectors() {
        let matches =
            |labels: &Labels| matchers.iter().all(|it| it.matches(labels.get(it.name()).unwrap_or("")));
        let all = memory.series.iter().map(|series| series.labels.clone());
        let want: Vec<Labels> = all.filter(|labels| matches(labels)).collect();
        let select = Select::new(matchers.clone(), 0, 2000);
        let got = block_on(block.reader().series(&select)).unwrap();
        assert!(got == want, "{matchers:?}: {} series, not {}", got.len(), want.len());
        for name in ["job", "rare", "Job", "absent"] {
            let values = want.iter().filter_map(|it| it.get(name).map(str::to_owned));
            let values: std::collections::BTreeSet<String> = values.collect();
            let got = block_on(block.reader().label_values(name, &matchers, 0, 2000)).unwrap();
            assert_eq!(got, values, "{matchers:?} {name}");
        }
        let names = block_on(block.reader().label_names(&matchers, 0, 2000)).unwrap();
        let wanted = want.iter().flat_map(|it| it.iter().map(|(name, _)| name.to_owned()));
        assert_eq!(names, wanted.collect(), "{matchers:?}");
    }
    let none = block_on(block.reader().series(&Select::new(Vec::new(), 2000, 3000))).unwrap();
    assert!(none.is_empty());
    let cardinality = block_on(block.reader().cardinality(&Select::new(Vec::new(), 0, 2000))).unwrap();
    assert!(cardinality.len() == 6000 && cardinality.iter().all(|(_, samples)| *samples == 1));
}

#[test]
fn matchers_find_what_they_say_in_a_table_read_whole() {
    check(&small(7_200_000), 2 << 20);
}

#[test]
fn matchers_find_what_they_say_in_a_table_read_by_pages() {
    check(&small(7_200_000), 0);
}

#[test]
fn labels_beyond_the_columns_lie_in_a_map() {
    let options = WriterOptions { max_label_columns: 2, ..small(7_200_000) };
    check(&options, 2 << 20);
    check(&options, 0);
}

#[test]
fn the_values_of_a_label_take_two_requests() {
    let (_, mut block) = block(&small(7_200_000));
    block.options.whole_series_bytes = 0;
    block.options.coalesce_bytes = 0;
    let values = block_on(block.reader().label_values("pod", &[], 0, 2000)).unwrap();
    assert_eq!((values.len(), block.requests().0), (6000, 2));
}
