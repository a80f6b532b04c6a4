//! Whatever a query is busy with, it ends soon after somebody has stopped it.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use mneme_model::{Labels, Samples};
use mneme_promql::{
    Cancel, Error, Features, Plan, QueryParams, Queryable, Select, SeriesSink, evaluate, parse,
};

const SERIES: usize = 600;
const SAMPLES: i64 = 1440;
/// What users are promised.
const SOON: Duration = Duration::from_millis(100);
/// Other programs may have the processor for longer than that: the best of so many attempts counts.
const ATTEMPTS: usize = 4;
/// No query of this test takes longer, even where tests run slowly.
const LONG: Duration = Duration::from_secs(120);

/// Series `m{i="..", le=".."}` with a sample each 15 s.
struct Store {
    series: Vec<Labels>,
    samples: Samples,
}

impl Store {
    fn new() -> Self {
        let labels = |i: usize| {
            let (i, le) = (format!("{:04}", i % 120), (i / 120).to_string());
            Labels::from_pairs([("__name__", "m"), ("i", i.as_str()), ("le", le.as_str())])
        };
        let mut samples = Samples::default();
        (0..SAMPLES).for_each(|at| samples.push_float(at * 15_000, (at * 37 % 101) as f64 / 7.0, 0));
        Self { series: (0..SERIES).map(labels).collect(), samples }
    }
}

impl Queryable for Store {
    fn select(&self, _select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        self.series.iter().try_for_each(|labels| sink(labels, &self.samples))
    }
}

/// Stops the query after `delay`; how long it went on. `None` if it was done before.
fn stopped_after(plan: &Plan, store: &Store, delay: Duration) -> Option<Duration> {
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let (done, ended) = mpsc::channel();
        let switch = &cancel;
        scope.spawn(move || {
            let result = evaluate(plan, store, switch);
            let _ = done.send(result.map(|_| ()));
        });
        if ended.recv_timeout(delay).is_ok() {
            return None;
        }
        let begun = Instant::now();
        cancel.cancel();
        match ended.recv_timeout(LONG).expect("it ends at all") {
            Ok(()) => None,
            Err(error) => {
                assert_eq!(error, Error::Canceled);
                Some(begun.elapsed())
            }
        }
    })
}

#[test]
fn a_query_ends_soon_after_it_was_stopped() {
    let store = Store::new();
    for text in [
        "sum by (le) (rate(m[5m]))",
        "quantile_over_time(0.9, m[15m])",
        "stddev_over_time(m[30m])",
        "m + on (i, le) m offset 1m",
        "m * on (le) group_left () sum by (le) (m)",
        "m and on (i) m > 3",
        "topk(5, m)",
        "quantile(0.5, m)",
        "count_values('v', m)",
        "histogram_quantile(0.9, m)",
        "sort(label_replace(m, 'j', '$1', 'i', '(.*)'))",
        "max_over_time(avg(m)[1h:15s])",
    ] {
        let params = QueryParams::range(text, 6 * 3_600_000 / 2, 6 * 3_600_000, 15_000);
        let plan = Plan::new(&parse(text, &Features::all()).expect("parses"), &params).expect("plans");
        let begun = Instant::now();
        evaluate(&plan, &store, &Cancel::new()).expect("an answer");
        let whole = begun.elapsed();
        for share in [0.1, 0.6, 0.95] {
            let late = |_| {
                let took = stopped_after(&plan, &store, whole.mul_f64(share)).unwrap_or_default();
                (took > SOON).then_some(took)
            };
            let attempts: Vec<Duration> = (0..ATTEMPTS).map_while(late).collect();
            assert!(
                attempts.len() < ATTEMPTS,
                "{text}: stopped at {share} of {whole:?}, went on for {attempts:?}"
            );
        }
    }
}
