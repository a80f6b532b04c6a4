//! Queries over blocks alone: CPU per sample of a range query over a day, and the memory of one over thirty days, or over many series.
//!
//! `cargo bench -p mneme-querier --bench blocks [-- day | month | wide]`. CPU is that of all threads of the process.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[path = "support/counters.rs"]
mod counters;
#[path = "support/process.rs"]
mod process;
#[path = "support/store.rs"]
mod store;

use counters::Counters;
use store::Store;

const HOUR: i64 = 3_600_000;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    if runs("day") {
        day("2 h", 2 * HOUR, 0);
        day("24 h", 24 * HOUR, 2);
    }
    if runs("month") {
        held("30 days", 1000, 30, "step=3600");
    }
    if runs("wide") {
        held("a day of 20,000 series", 20_000, 1, "step=600");
        held("30 days of 4,000 series", 4000, 30, "step=3600");
    }
}

/// `sum(rate(m[5m]))` over a day of 2,000 series.
fn day(name: &str, block: i64, level: u8) {
    let mut store = Store::new();
    store.fill(Counters::new(2000, 15_000), 24 * HOUR, block, level);
    let query = "query=sum(rate(m[5m]))&start=0&end=86400&step=60";
    let mut best = f64::MAX;
    for _ in 0..4 {
        let before = process::cpu_ms();
        store.query(query);
        best = best.min(process::cpu_ms() - before);
    }
    let samples = store.samples as f64;
    println!(
        "a day in blocks of {name}: {samples} samples, best of 4: {best:.0} CPU-ms, {:.2} ns per sample",
        best * 1e6 / samples
    );
}

/// `sum by (x) (rate(m[5m]))` over some days in blocks of a day, within the default budget.
fn held(name: &str, series: u64, days: i64, step: &str) {
    let mut store = Store::new();
    store.fill(Counters::new(series, 15_000), days * 24 * HOUR, 24 * HOUR, 2);
    let (held, _) = process::memory_mib();
    process::forget_peak();
    let before = process::cpu_ms();
    let fetched =
        store.query(&format!("query=sum by (x) (rate(m[5m]))&start=0&end={}&{step}", days * 24 * 3600));
    let spent = process::cpu_ms() - before;
    let (_, peak) = process::memory_mib();
    let samples = store.samples as f64;
    println!(
        "{name}: {samples} samples, {:.2} bytes each in blocks; {spent:.0} CPU-ms, {:.2} ns per sample; budget's count {:.0} MiB of chunks, \
         peak of the process {peak:.0} MiB, {held:.0} before",
        store.bytes as f64 / samples,
        spent * 1e6 / samples,
        fetched as f64 / f64::from(1 << 20),
    );
}
