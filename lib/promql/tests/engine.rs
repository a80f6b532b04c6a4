//! What the engine asks of a store, what it holds, and how it is stopped.

use std::sync::atomic::{AtomicUsize, Ordering};

use mneme_model::{Labels, Samples};
use mneme_promql::{
    Cancel, Error, Features, Plan, QueryParams, QueryResult, Queryable, ReadSamples, ResultValue, Select,
    SeriesSink, StorageError, evaluate, parse,
};

/// `series` series `m{i="..", job=".."}` with a sample a minute from 0, for two hours; counts how often it is asked.
struct Synthetic {
    series: usize,
    asked: AtomicUsize,
    /// Thrown at this series.
    cancel_at: Option<(usize, Cancel)>,
}

impl Synthetic {
    fn new(series: usize) -> Self {
        Self { series, asked: AtomicUsize::new(0), cancel_at: None }
    }
}

impl Queryable for Synthetic {
    fn select(&self, _select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        (0..self.series).try_for_each(|i| {
            if let Some((_, cancel)) = self.cancel_at.as_ref().filter(|(at, _)| i == *at) {
                cancel.cancel();
            }
            let (i, job) = (i.to_string(), format!("job{}", i % 3));
            let labels =
                Labels::from_pairs([("__name__", "m_total"), ("i", i.as_str()), ("job", job.as_str())]);
            let mut samples = Samples::default();
            for minute in 0..120 {
                samples.push_float(minute * 60_000, minute as f64, 0);
            }
            sink(&labels, &samples)
        })
    }
}

fn plan(params: &QueryParams) -> Plan {
    let expr = parse(&params.text, &Features::all()).expect("the query parses");
    Plan::new(&expr, params).expect("the query can be planned")
}

fn run(params: &QueryParams, store: &Synthetic) -> Result<QueryResult, Error> {
    evaluate(&plan(params), store, &Cancel::new())
}

fn an_hour(text: &str) -> QueryParams {
    QueryParams::range(text, 3_600_000, 7_200_000, 60_000)
}

#[test]
fn an_aggregation_holds_groups_and_not_series() {
    let params = an_hour("sum by (job) (rate(m_total[5m]))");
    let peak = |series| run(&params, &Synthetic::new(series)).unwrap().stats.peak_bytes;
    let (few, many) = (peak(30), peak(3000));
    assert!(many < few + 1000, "{few} bytes for 30 series, {many} for 3000");
    let result = run(&params, &Synthetic::new(30)).unwrap();
    let ResultValue::Matrix(series) = result.value else { panic!("not a matrix") };
    assert_eq!(series.len(), 3);
    assert!(series.iter().all(|series| series.floats.1.iter().all(|v| (v - 10.0 / 60.0).abs() < 1e-9)));
    assert_eq!((result.warnings.len(), result.infos.len()), (0, 0));
}

#[test]
fn equal_selectors_are_listed_and_counted_once() {
    let params = an_hour("rate(m_total[5m]) / on (i) rate(m_total[1h]) > 0 * m_total offset 1d");
    let selects = plan(&params).selects().to_vec();
    assert_eq!(selects.len(), 2, "{selects:?}");
    assert_eq!((selects[0].start, selects[0].end), (1, 7_200_000));
    assert_eq!(
        (selects[1].start, selects[1].end),
        (3_600_000 - 86_400_000 - 299_999, 7_200_000 - 86_400_000)
    );
    let store = Synthetic::new(3);
    let result = run(&params, &store).unwrap();
    assert_eq!((store.asked.load(Ordering::Relaxed), result.stats.series), (3, 6));
}

#[test]
fn time_ranges_of_selects_follow_offset_at_and_subqueries() {
    let range = |text: &str| {
        let select = plan(&QueryParams::instant(text, 10_000_000)).selects()[0].clone();
        (select.start, select.end)
    };
    assert_eq!(range("m"), (10_000_000 - 299_999, 10_000_000));
    assert_eq!(range("m @ 100 offset 1m"), (40_000 - 299_999, 40_000));
    assert_eq!(range("rate(m[1m] offset -1m)"), (10_000_001, 10_060_000));
    assert_eq!(range("sum_over_time(m[10m:1m] offset 1m)"), (10_000_000 - 660_000 - 299_999, 9_940_000));
    assert_eq!(range("rate(m[1m] smoothed)"), (10_000_000 - 60_000 - 299_999, 10_300_000));
}

#[test]
fn a_query_over_its_budget_is_refused() {
    let store = Synthetic::new(1000);
    let few_bytes = QueryParams { max_bytes: 100_000, ..an_hour("m_total") };
    assert_eq!(run(&few_bytes, &store), Err(Error::TooManyBytes { limit: 100_000 }));
    let few_samples = QueryParams { max_samples: 1000, ..an_hour("m_total") };
    assert_eq!(run(&few_samples, &store), Err(Error::TooManySamples));
    let enough = QueryParams { max_bytes: 100_000, ..an_hour("sum(m_total)") };
    assert!(run(&enough, &store).is_ok());
}

#[test]
fn an_absurd_number_of_steps_is_refused_before_memory_is_taken() {
    let params = QueryParams::instant("sum_over_time(vector(1)[100y:1ms])", 0);
    assert_eq!(run(&params, &Synthetic::new(1)), Err(Error::TooManySamples));
    let params = QueryParams::range("time()", i64::MIN, i64::MAX, 1);
    assert_eq!(run(&params, &Synthetic::new(1)), Err(Error::TooManySamples));
}

#[test]
fn a_running_query_can_be_stopped() {
    let cancel = Cancel::new();
    let store = Synthetic { cancel_at: Some((10, cancel.clone())), ..Synthetic::new(1_000_000) };
    assert_eq!(evaluate(&plan(&an_hour("sum(m_total)")), &store, &cancel), Err(Error::Canceled));
    let cancel = Cancel::new();
    cancel.time_out();
    assert_eq!(evaluate(&plan(&an_hour("time()")), &Synthetic::new(1), &cancel), Err(Error::Timeout));
}

/// One series of a week at a second, during whose reading somebody stops the query.
struct Stopped(Cancel);

impl Queryable for Stopped {
    fn select(&self, _select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        sink(&Labels::from_pairs([("__name__", "m")]), self)
    }
}

impl ReadSamples for Stopped {
    fn read(&self, _start: i64, _end: i64, out: &mut Samples) -> Result<(), StorageError> {
        (0..604_800).for_each(|second| out.push_float(second * 1000, second as f64 / 3.0, 0));
        self.0.cancel();
        Ok(())
    }
}

#[test]
fn a_query_can_be_stopped_inside_one_huge_series() {
    for text in [
        "sum_over_time(m[3d])",
        "avg_over_time(m[3d])",
        "stddev_over_time(m[3d])",
        "quantile_over_time(0.5, m[3d])",
    ] {
        let cancel = Cancel::new();
        let params = QueryParams::range(text, 0, 604_800_000, 60_000);
        assert_eq!(
            evaluate(&plan(&params), &Stopped(cancel.clone()), &cancel),
            Err(Error::Canceled),
            "{text}"
        );
    }
}

#[test]
fn counted_values_come_in_the_order_in_which_they_are_met() {
    let params = QueryParams::instant("count_values by (i) (\"v\", m_total)", 3_600_000);
    let result = run(&params, &Synthetic::new(40)).unwrap();
    let ResultValue::Vector(samples) = result.value else { panic!("{:?}", result.value) };
    let order: Vec<&str> = samples.iter().map(|sample| sample.labels.get("i").unwrap()).collect();
    let met: Vec<String> = (0..40).map(|i| i.to_string()).collect();
    assert_eq!(order, met);
}

#[test]
fn a_range_query_of_a_range_vector_is_bad() {
    let params = an_hour("m_total[5m]");
    let expr = parse(&params.text, &Features::all()).unwrap();
    let error = Plan::new(&expr, &params).unwrap_err();
    let text = "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector";
    assert_eq!(error, Error::BadQuery(text.to_owned()));
}
