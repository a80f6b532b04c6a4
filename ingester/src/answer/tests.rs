//! Answers of many batches, while series arrive, move to other partitions and are flushed between two pulls.

use std::collections::BTreeMap;

use mneme_head::HeadConfig;
use mneme_model::chunk::merge;
use mneme_model::{Cut, Labels, Matcher, ReadHints, Samples, TenantId};
use mneme_proto::internal::ingester::{Seam, drain};
use prometheus::{Histogram, HistogramOpts};
use proptest::prelude::*;

use super::*;

const COUNT: u16 = 3;

/// Times by the number of the series.
type Times = BTreeMap<u32, Vec<i64>>;

fn tenant() -> TenantId {
    TenantId::new("team").unwrap()
}

/// A sample of one of a few series, in one of the partitions: the series' own one, or, after a change of the shard size, another.
#[derive(Clone, Copy, Debug)]
struct Addition {
    series: u32,
    partition: u16,
    cut: u64,
    t: i64,
}

/// What happens between two pulls.
#[derive(Clone, Debug)]
enum Event {
    Add(Addition),
    /// A flush of all partitions below a cut; series of which nothing is left leave.
    Drop(u64),
    /// Series of another tenant, which take free slots.
    Other(u32),
}

fn addition(series: u32) -> impl Strategy<Value = Addition> {
    let partition = move |other: Option<u16>| other.unwrap_or((series % u32::from(COUNT)) as u16);
    let other = prop::option::weighted(0.1, 0..COUNT);
    (other, 1u64..4, 0i64..40).prop_map(move |(other, cut, t)| Addition {
        series,
        partition: partition(other),
        cut,
        t: t + 100 * cut as i64,
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0u32..60).prop_flat_map(addition).prop_map(Event::Add),
        1 => (1u64..5).prop_map(Event::Drop),
        1 => (0u32..60).prop_map(Event::Other),
    ]
}

fn labels(series: u32) -> Labels {
    Labels::from_pairs([("__name__", "m".to_owned()), ("id", series.to_string())])
}

fn add(heads: &Partitions, one: Addition) {
    let mut appender = heads[PartitionId(one.partition)].appender();
    let series = appender.series(&tenant(), labels(one.series).view(), Cut(one.cut));
    let _known = appender.float(series, Cut(one.cut), one.t, 1.0, 0);
}

fn happen(heads: &Partitions, event: &Event) {
    match event {
        Event::Add(one) => add(heads, *one),
        Event::Drop(cut) => heads.iter().for_each(|head| head.drop_tenant_below("team", Cut(*cut))),
        Event::Other(series) => {
            let mut appender = heads[PartitionId(0)].appender();
            let series = appender.series(&TenantId::new("other").unwrap(), labels(*series).view(), Cut(9));
            let _known = appender.float(series, Cut(9), 1, 1.0, 0);
        }
    }
}

fn answer(heads: &Partitions, from: Cut, budget: &Arc<FetchBudget>, most: usize) -> Answer {
    let seam = Some(Seam::default().at_least(from));
    let matchers = vec![Matcher::equal("__name__", "m")];
    let request = SeriesRequest { seam, ..SeriesRequest::all_times(tenant(), matchers) };
    let times = Histogram::with_opts(HistogramOpts::new("t", "t")).unwrap();
    let mut answer = Answer::new(heads.clone(), times, request, Arc::clone(budget));
    (answer.selection, answer.most) = (Selection::of(most), most);
    answer
}

/// All there is from a generation on, found head by head.
fn held(heads: &Partitions, from: Cut) -> Times {
    let mut all = Times::new();
    for head in heads.iter() {
        let window = mneme_head::Window::all().from_cut(from);
        for one in head.select("team", &[], window).unwrap() {
            let mut samples = Samples::default();
            merge(&one.chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
            let times = all.entry(one.labels.get("id").unwrap().parse().unwrap()).or_default();
            times.extend(samples.t);
            times.sort_unstable();
            times.dedup();
        }
    }
    all
}

fn read(batch: &SeriesBatch, all: &mut Times) {
    for one in batch.iter() {
        let mut samples = Samples::default();
        merge(one.chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
        let before = all.insert(one.labels.get("id").unwrap().parse().unwrap(), samples.t);
        assert_eq!(before, None, "each series once");
    }
}

fn within(few: &Times, many: &Times) -> bool {
    few.iter().all(|(series, times)| {
        many.get(series).is_some_and(|held| times.iter().all(|t| held.binary_search(t).is_ok()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn many_batches_are_the_whole_answer_or_none(
        before in prop::collection::vec((0u32..60).prop_flat_map(addition), 0..150),
        events in prop::collection::vec(prop::collection::vec(event(), 0..4), 0..12),
        (from, most) in (1u64..4, 1usize..9),
    ) {
        let heads = Partitions::new(COUNT, &HeadConfig::default());
        before.iter().for_each(|one| add(&heads, *one));
        let from = Cut(from);
        let begin = held(&heads, from);
        let budget = Arc::new(FetchBudget::default());
        let mut answer = answer(&heads, from, &budget, most);
        let (mut found, mut batch, mut dropped) = (Times::new(), SeriesBatch::new(), Cut(0));
        let mut ever = begin.clone();
        let mut events = events.iter();
        let failed = loop {
            match answer.next_batch(&mut batch) {
                Ok(Some(_held)) => read(&batch, &mut found),
                Ok(None) => break false,
                Err(Error::FloorAboveMark(floors)) => {
                    prop_assert!(floors.iter().all(|floor| floor.cut > from && floor.cut <= dropped));
                    break true;
                }
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
            for event in events.next().into_iter().flatten() {
                happen(&heads, event);
                if let Event::Drop(cut) = event {
                    dropped = dropped.max(Cut(*cut));
                }
                for (series, times) in held(&heads, from) {
                    let all = ever.entry(series).or_default();
                    all.extend(times);
                    all.sort_unstable();
                    all.dedup();
                }
            }
        };
        if failed {
            prop_assert!(dropped > from);
        } else {
            prop_assert!(within(&begin, &found), "{:?} lacks some of {:?}", found, begin);
            prop_assert!(within(&found, &ever), "{:?} has more than {:?}", found, ever);
        }
    }

    #[test]
    fn hints_and_one_large_batch_are_answered_alike(
        before in prop::collection::vec((0u32..60).prop_flat_map(addition), 0..150), most in 1usize..9,
    ) {
        let heads = Partitions::new(COUNT, &HeadConfig::default());
        before.iter().for_each(|one| add(&heads, *one));
        let of = |most: usize, hints: ReadHints| {
            let mut answer = answer(&heads, Cut(2), &Arc::default(), most);
            answer.request.hints = hints;
            let (all, _held) = drain(&mut answer).unwrap();
            let mut all: Vec<_> = all.iter().map(|one| (one.identity, one.labels.clone())).collect();
            all.sort();
            all
        };
        let none = ReadHints { labels: Some([].into()), newest_only: true };
        let (few, many) = (of(most, ReadHints::default()), of(1000, ReadHints::default()));
        let identities = |all: &[(u64, Labels)]| all.iter().map(|one| one.0).collect::<Vec<_>>();
        prop_assert_eq!(identities(&of(most, none)), identities(&many));
        prop_assert_eq!(few, many);
    }
}

#[test]
fn a_budget_holds_a_batch_and_not_the_answer() {
    let heads = Partitions::new(COUNT, &HeadConfig::default());
    for series in 0..20_000 {
        let partition = (series % u32::from(COUNT)) as u16;
        (0..5).for_each(|t| add(&heads, Addition { series, partition, cut: 1, t }));
    }
    let budget = Arc::new(FetchBudget::new(0, 1 << 20));
    let mut answer = answer(&heads, Cut(0), &budget, BATCH_SERIES);
    let (mut series, mut batch) = (0, SeriesBatch::new());
    while let Some(_held) = answer.next_batch(&mut batch).unwrap() {
        series += batch.len();
    }
    assert_eq!((series, budget.found().series), (20_000, 20_000));
    assert!(
        budget.peak_bytes() * 15 < budget.found().bytes,
        "{} of {:?}",
        budget.peak_bytes(),
        budget.found()
    );
    budget.stop();
    let stopped = answer.next_batch(&mut batch).unwrap_err();
    assert!(matches!(stopped, Error::OverBudget(mneme_proto::internal::ingester::OverBudget::Stopped)));
}
