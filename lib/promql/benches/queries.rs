//! PERF.md's list of queries over the samples of 100,000 series, CPU time of the engine alone: the answers of the store are
//! at hand, compressed.

mod kube;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use kube::{SCRAPES, START, STEP, Store};
use mneme_promql::{Cancel, Features, Plan, QueryParams, evaluate, parse};
use rustix::time::{ClockId, clock_gettime};

/// What the server allocates with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TARGETS: usize = 200;

const INSTANT: [(&str, &str); 6] = [
    ("i_count_all", r#"count({__name__=~".+"})"#),
    ("i_sum_rate_4k", "sum by (job) (rate(http_requests_total[5m]))"),
    ("i_sum_rate_10k", "sum by (job) (rate(http_request_duration_seconds_bucket[5m]))"),
    ("i_topk_4k", "topk(10, rate(http_requests_total[5m]))"),
    (
        "i_quantile_10k",
        "histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m])))",
    ),
    ("i_quantile_over_4k", "quantile by (job) (0.9, http_requests_total)"),
];

const RANGE: [(&str, &str); 12] = [
    ("r_raw_100", r#"http_requests_total{job="checkout",method=~"GET|POST"}"#),
    ("r_rate_100", r#"rate(http_requests_total{job="checkout",method=~"GET|POST"}[5m])"#),
    ("r_sum_rate_4k", "sum by (job) (rate(http_requests_total[5m]))"),
    ("r_sum_rate_10k", "sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))"),
    (
        "r_quantile_10k",
        "histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m])))",
    ),
    (
        "r_regex_pod",
        r#"sum by (namespace) (rate(node_cpu_seconds_total{pod=~".*[b-m][a-z0-9]$",mode!~"idle|iowait"}[5m]))"#,
    ),
    ("r_max_over_time", "max by (cluster) (max_over_time(process_resident_memory_bytes[10m]))"),
    (
        "r_binop",
        r#"sum by (job) (rate(http_requests_total{code=~"4..|5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))"#,
    ),
    ("r_binop_series_4k", "rate(http_requests_total[5m]) / on (pod, method, code) http_requests_total"),
    ("r_topk_4k", "topk(10, rate(http_requests_total[5m]))"),
    ("r_rate_1h_4k", "sum by (job) (rate(http_requests_total[1h]))"),
    ("r_avg_over_1h_200", "avg by (job) (avg_over_time(process_resident_memory_bytes[1h]))"),
];

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn bench(criterion: &mut Criterion) {
    let store = Store::new(TARGETS);
    let end = START + SCRAPES as i64 * STEP;
    let instant = INSTANT.map(|(name, text)| (name, QueryParams::instant(text, end)));
    let range = RANGE.map(|(name, text)| (name, QueryParams::range(text, end - 3_600_000, end, STEP)));
    for (name, params) in instant.into_iter().chain(range) {
        let expr = parse(&params.text, &Features::default()).expect("the query parses");
        let plan = Plan::new(&expr, &params).expect("the query can be planned");
        let fetched = store.fetch(plan.selects());
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let before = cpu();
                for _ in 0..times {
                    black_box(evaluate(&plan, &fetched, &Cancel::new()).expect("the query has an answer"));
                }
                cpu() - before
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(500));
    targets = bench
}
criterion_main!(benches);
