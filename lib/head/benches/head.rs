//! What an append, a new series and a selection cost. The series have 12 labels, as in a Kubernetes cluster; their
//! memory is counted by the benchmark `memory`.

mod kube;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use kube::{labels, scrape};
use mneme_head::{Head, HeadConfig, SeriesRef, Window};
use mneme_model::{Cut, Labels, MatchOp, Matcher, TenantId};

const SERIES: usize = 100_000;

fn register(head: &Head, tenant: &TenantId, all: &[Labels]) -> Vec<SeriesRef> {
    let mut appender = head.appender();
    all.iter().map(|labels| appender.series(tenant, labels.view(), Cut(1 << 40))).collect()
}

fn bench(criterion: &mut Criterion) {
    let tenant = TenantId::anonymous();
    let all: Vec<Labels> = (0..SERIES).map(labels).collect();
    let head = Head::new(HeadConfig::default());
    let series = register(&head, &tenant, &all);
    (0..240).for_each(|step| scrape(&mut head.appender(), &series, step));
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
