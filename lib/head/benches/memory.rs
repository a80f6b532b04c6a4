//! Counts every byte that an active series costs, and what it costs to make, to append to, to export, to load and to drop.
//!
//! `cargo bench -p mneme-head --bench memory [-- SERIES...]`; default 100000 and 1000000. Prints one table per size.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod kube;

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};

use kube::{cpu, labels, scrape};
use mimalloc::MiMalloc;
use mneme_head::{Head, HeadConfig, MemoryUse, SeriesRef};
use mneme_model::{Cut, TenantId};

/// The allocator of the `mneme` binary, counted.
struct Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is an unsafe trait; this one only counts and passes on")]
// SAFETY: every call goes to mimalloc with the same arguments.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        BLOCKS.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// What the process holds.
#[derive(Clone, Copy)]
struct Held {
    live: usize,
    blocks: usize,
    rss: usize,
}

impl Held {
    fn now() -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
        let pages: usize = statm.split(' ').nth(1).expect("a field").parse().expect("a number");
        Self { live: LIVE.load(Ordering::Relaxed), blocks: BLOCKS.load(Ordering::Relaxed), rss: pages * 4096 }
    }
}

/// Runs `work` and returns its CPU nanoseconds.
fn timed<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let start = cpu();
    let result = work();
    (result, cpu() - start)
}

/// Lets the allocator give back what is free: it does so a second later, with the next calls.
fn settle() {
    for _ in 0..2 {
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let blocks: Vec<Vec<u8>> = (4..24).map(|size| Vec::with_capacity(1 << size)).collect();
        drop(std::hint::black_box(blocks));
    }
}

struct Table {
    series: usize,
    start: Held,
}

impl Table {
    fn line(&self, what: &str, head: &Head) {
        settle();
        let now = Held::now();
        let per = |now: usize, start: usize| now.saturating_sub(start) as f64 / self.series as f64;
        let (live, rss) = (per(now.live, self.start.live), per(now.rss, self.start.rss));
        let estimate = head.stats().bytes as f64 / self.series as f64;
        println!(
            "| {what} | {live:.0} | {:.1} | {rss:.0} | {:.0} | {estimate:.0} |",
            per(now.blocks, self.start.blocks),
            rss - live
        );
    }
}

/// What the head's bytes are.
fn parts(series: usize, eight: &MemoryUse, many: &MemoryUse) {
    println!("\n| part, bytes per series | 8 samples | 240 samples |");
    println!("|---|---|---|");
    let per = |bytes: usize| bytes as f64 / series as f64;
    for ((part, few), (_, more)) in eight.parts().zip(many.parts()).filter(|(_, more)| more.1 > 0) {
        println!("| {part} | {:.1} | {:.1} |", per(few), per(more));
    }
}

fn measure(series: usize) {
    let tenant = TenantId::anonymous();
    // The caller's references are no part of the head: their memory is touched before the count starts.
    let any = Head::default().appender().series(&tenant, labels(0).view(), Cut(0));
    let mut references: Vec<SeriesRef> = vec![any; series];
    references.clear();
    let table = Table { series, start: Held::now() };
    println!("\n{series} series; bytes per series");
    println!("| after | requested | blocks | RSS | slack (RSS - requested) | the head's own count |");
    println!("|---|---|---|---|---|---|");
    let head = Head::new(HeadConfig::default());
    let mut nanos = 0;
    for from in (0..series).step_by(2000) {
        let batch: Vec<_> = (from..series.min(from + 2000)).map(labels).collect();
        let ((), spent) = timed(|| {
            let mut appender = head.appender();
            references.extend(batch.iter().map(|labels| appender.series(&tenant, labels.view(), Cut(0))));
        });
        nanos += spent;
    }
    let each = |nanos: u64, times: usize| nanos as f64 / series as f64 / times as f64;
    table.line("registration", &head);
    let ((), first) = timed(|| (0..8).for_each(|step| scrape(&mut head.appender(), &references, step)));
    table.line("8 samples", &head);
    let eight = head.memory_use();
    let ((), rest) = timed(|| (8..240).for_each(|step| scrape(&mut head.appender(), &references, step)));
    table.line("240 samples, 4 generations", &head);
    let many = head.memory_use();
    let (page, export) = timed(|| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = head.export(None, Cut(0)..Cut(1), after);
            all.extend(page.series);
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    });
    let copy = Head::new(HeadConfig::default());
    let ((), import) = timed(|| {
        for batch in page.chunks(1000) {
            let mut appender = copy.appender();
            for series in batch {
                let reference = appender.series(&series.tenant, series.labels.view(), Cut(0));
                for (cut, chunk) in &series.chunks {
                    let _ = appender.chunk(reference, *cut, chunk.clone()).expect("a chunk of this program");
                }
            }
        }
    });
    drop(page);
    drop(copy);
    table.line("export and import of one generation, both gone", &head);
    let ((), dropped) = timed(|| head.drop_below(Cut(3)));
    table.line("3 generations dropped", &head);
    head.drop_below(Cut(10));
    table.line("all dropped", &head);
    parts(series, &eight, &many);
    println!(
        "\nns of CPU: a new series {:.0}, an append {:.0} (the first 8) {:.0} (the rest), a series exported {:.0} and loaded {:.0} with one chunk, \
         dropped (3 of 4 generations) {:.0}",
        each(nanos, 1),
        each(first, 8),
        each(rest, 232),
        each(export, 1),
        each(import, 1),
        each(dropped, 1)
    );
}

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100_000, 1_000_000] } else { sizes };
    for series in sizes {
        measure(series);
    }
}
