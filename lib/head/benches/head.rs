//! What an append, a new series and a series' memory cost. The series have 12 labels, as in a Kubernetes cluster.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mneme_head::{Appender, Head, HeadConfig, Outcome, SeriesRef, Window};
use mneme_model::{Cut, Labels, MatchOp, Matcher, TenantId};

/// The system's allocator, counted.
struct Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is an unsafe trait; this one only counts and passes on")]
// SAFETY: every call goes to the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(block(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(block(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What the C library's allocator takes for so many bytes.
fn block(size: usize) -> usize {
    (size + 8).next_multiple_of(16).max(32)
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const SERIES: usize = 100_000;

fn labels(i: usize) -> Labels {
    let (target, metric) = (i / 500, i % 500);
    Labels::from_pairs([
        ("__name__", format!("component_requests_of_some_kind_{}_total", metric / 4)),
        ("cluster", format!("prod-eu-west-{}", target % 3)),
        ("namespace", format!("department-{}", target % 20)),
        ("job", format!("service-{}", target % 40)),
        ("instance", format!("10.0.{}.{}:8080", target / 250, target % 250)),
        ("pod", format!("service-{}-5d8f7c9b6d-{target:05x}", target % 40)),
        ("container", format!("service-{}", target % 40)),
        ("node", format!("ip-10-1-{}.eu-west-1.compute.internal", target % 97)),
        ("endpoint", "http-metrics".to_owned()),
        ("prometheus", "monitoring/k8s".to_owned()),
        ("method", ["GET", "POST", "PUT", "DELETE"][metric % 4].to_owned()),
        ("code", ["200", "404", "500"][metric / 4 % 3].to_owned()),
    ])
}

fn value(i: usize, step: usize) -> f64 {
    match i % 5 {
        0 | 1 => 1.0,
        2 => (step * (i % 1000) + i) as f64,
        3 => ((step * 37 + i) % 100) as f64 / 100.0,
        _ => ((step * i) % 7) as f64,
    }
}

fn scrape(appender: &mut Appender<'_>, series: &[SeriesRef], step: usize) {
    let t = 1_700_000_000_000 + step as i64 * 15_000;
    for (i, series) in series.iter().enumerate() {
        let outcome = appender.float(*series, Cut(step as u64 / 60), t, value(i, step), 0);
        assert_eq!(outcome, Outcome::Appended);
    }
}

fn register(head: &Head, tenant: &TenantId, all: &[Labels]) -> Vec<SeriesRef> {
    let mut appender = head.appender();
    all.iter().map(|labels| appender.series(tenant, labels.view(), Cut(1 << 40))).collect()
}

fn bench(criterion: &mut Criterion) {
    let tenant = TenantId::anonymous();
    let all: Vec<Labels> = (0..SERIES).map(labels).collect();
    let before = LIVE.load(Ordering::Relaxed);
    let head = Head::new(HeadConfig::default());
    let series = register(&head, &tenant, &all);
    let per_series = || (LIVE.load(Ordering::Relaxed) - before) as f64 / SERIES as f64;
    let report = |what: &str| {
        let estimate = head.stats().bytes as f64 / SERIES as f64;
        println!("bytes per series, {what}: {:.0} (the head's own estimate: {estimate:.0})", per_series());
    };
    report("100k series of 12 labels without samples");
    (0..8).for_each(|step| scrape(&mut head.appender(), &series, step));
    report("8 samples each");
    (8..240).for_each(|step| scrape(&mut head.appender(), &series, step));
    report("240 samples each, 4 generations");

    let mut step = 240;
    criterion.bench_function("append 100k floats in order (divide by 100,000)", |bencher| {
        bencher.iter(|| {
            scrape(&mut head.appender(), &series, step);
            step += 1;
        });
    });
    criterion.bench_function("find 100k series by labels (divide by 100,000)", |bencher| {
        bencher.iter(|| black_box(register(&head, &tenant, &all)));
    });
    criterion.bench_function("100k new series (divide by 100,000)", |bencher| {
        let fresh = || Head::new(HeadConfig::default());
        bencher.iter_batched_ref(fresh, |head| register(head, &tenant, &all), BatchSize::PerIteration);
    });
    for (name, matchers) in [
        ("select nothing of 100k", vec![Matcher::equal("job", "nobody")]),
        (
            "series of one metric (800)",
            vec![Matcher::equal("__name__", "component_requests_of_some_kind_7_total")],
        ),
        (
            "series by a regex on pods",
            vec![Matcher::new(MatchOp::Regex, "pod", ".*[b-m][a-z0-9]").expect("compiles")],
        ),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| black_box(head.series(tenant.as_str(), &matchers, Window::all())));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = bench
}
criterion_main!(benches);
