//! Series of 12 labels as in a Kubernetes cluster, 500 per target, and values as scrapes bring them (PERF.md's shapes).
#![allow(dead_code, reason = "each benchmark uses its part")]

use mneme_head::{Appender, Outcome, SeriesRef};
use mneme_model::{Cut, Labels};

/// The labels of series `i`.
pub(crate) fn labels(i: usize) -> Labels {
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

/// The value of series `i` in scrape `step`: 40 % constant, counters, seconds to two decimals, small gauges, 10 % noise.
pub(crate) fn value(i: usize, step: usize) -> f64 {
    match i % 10 {
        0..=3 => 1.0,
        4..=5 => (step * (i % 1000) + i) as f64,
        6..=7 => ((step * 37 + i) % 100) as f64 / 100.0,
        8 => ((step * i) % 7) as f64,
        _ => f64::from_bits(
            0x3ff0_0000_0000_0000 | ((step * 31 + i) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 12,
        ),
    }
}

/// A sample of series `i`; a cut every 60 scrapes of 15 s.
pub(crate) fn sample(appender: &mut Appender<'_>, i: usize, series: SeriesRef, step: usize) {
    let t = 1_700_000_000_000 + step as i64 * 15_000;
    let outcome = appender.float(series, Cut(step as u64 / 60), t, value(i, step), 0);
    assert_eq!(outcome, Outcome::Appended);
}

/// One sample for each series.
pub(crate) fn scrape(appender: &mut Appender<'_>, series: &[SeriesRef], step: usize) {
    series.iter().enumerate().for_each(|(i, series)| sample(appender, i, *series, step));
}

/// Nanoseconds that this thread ran.
pub(crate) fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().expect("a field").parse().expect("a number")
}
