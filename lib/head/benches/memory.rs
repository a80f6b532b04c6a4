//! Counts every byte that an active series costs, and what it costs to make, to append to, to export, to load and to drop.
//!
//! `cargo bench -p mneme-head --bench memory [-- SERIES [HEADS]]`; default 100000 and 1000000 in one head, 1000000 in 64.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod kube;

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};

use kube::{cpu, labels, sample};
use mimalloc::MiMalloc;
use mneme_head::{ExportedSeries, Head, HeadConfig, MemoryUse, SeriesRef};
use mneme_model::{Cut, Labels, PartitionId, TenantId};

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
    fn line(&self, what: &str, heads: &[Head]) {
        settle();
        let now = Held::now();
        let per = |now: usize, start: usize| now.saturating_sub(start) as f64 / self.series as f64;
        let (live, rss) = (per(now.live, self.start.live), per(now.rss, self.start.rss));
        let estimate = heads.iter().map(|head| head.stats().bytes).sum::<usize>() as f64 / self.series as f64;
        println!(
            "| {what} | {live:.0} | {:.1} | {rss:.0} | {:.0} | {estimate:.0} |",
            per(now.blocks, self.start.blocks),
            rss - live
        );
    }
}

/// What the head's bytes are.
fn parts(series: usize, eight: &[(&'static str, usize)], many: &[(&'static str, usize)]) {
    println!("\n| part, bytes per series | 8 samples | 240 samples |");
    println!("|---|---|---|");
    let per = |bytes: usize| bytes as f64 / series as f64;
    for ((part, few), (_, more)) in eight.iter().zip(many).filter(|(_, more)| more.1 > 0) {
        println!("| {part} | {:.1} | {:.1} |", per(*few), per(*more));
    }
}

/// The parts' bytes over all heads.
fn memory_use(heads: &[Head]) -> Vec<(&'static str, usize)> {
    let mut sum: Vec<(&str, usize)> = MemoryUse::default().parts().collect();
    for head in heads {
        for (all, (_, one)) in sum.iter_mut().zip(head.memory_use().parts()) {
            all.1 += one;
        }
    }
    sum
}

/// Each head's series: their number and reference, in the order of their numbers.
type References = Vec<Vec<(u32, SeriesRef)>>;

fn register(heads: &[Head], references: &mut References, series: std::ops::Range<usize>) -> u64 {
    let tenant = TenantId::anonymous();
    let mut nanos = 0;
    for from in series.clone().step_by(2000) {
        let mut batches: Vec<Vec<(u32, Labels)>> = vec![Vec::new(); heads.len()];
        for i in from..series.end.min(from + 2000) {
            let labels = labels(i);
            let partition = PartitionId::of_hash(labels.view().hash(0), heads.len() as u16);
            batches[usize::from(partition.0)].push((i as u32, labels));
        }
        let start = cpu();
        for (at, batch) in batches.iter().enumerate() {
            let mut appender = heads[at].appender();
            let named = batch.iter().map(|(i, labels)| (*i, appender.series(&tenant, labels.view(), Cut(0))));
            references[at].extend(named);
        }
        nanos += cpu() - start;
    }
    nanos
}

/// As segments bring them: one section for each head.
fn scrape(heads: &[Head], references: &References, steps: std::ops::Range<usize>) {
    for step in steps {
        for (head, series) in heads.iter().zip(references) {
            let mut appender = head.appender();
            series.iter().for_each(|(i, series)| sample(&mut appender, *i as usize, *series, step));
        }
    }
}

fn export(head: &Head) -> Vec<ExportedSeries> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = head.export(None, Cut(0)..Cut(1), after);
        all.extend(page.series);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn load(head: &Head, exported: &[ExportedSeries]) {
    for batch in exported.chunks(1000) {
        let mut appender = head.appender();
        for series in batch {
            let reference = appender.series(&series.tenant, series.labels.view(), Cut(0));
            for (cut, chunk) in &series.chunks {
                let _ = appender.chunk(reference, *cut, chunk.clone()).expect("a chunk of this program");
            }
        }
    }
}

fn measure(series: usize, count: usize) {
    let heads: Vec<Head> = (0..count).map(|_| Head::new(HeadConfig::default())).collect();
    // The caller's references are no part of the heads: their memory is touched before the count starts.
    let any = Head::default().appender().series(&TenantId::anonymous(), labels(0).view(), Cut(0));
    let mut references: References = vec![vec![(0, any); series / count * 11 / 10 + 100]; count];
    references.iter_mut().for_each(Vec::clear);
    let table = Table { series, start: Held::now() };
    println!("\n{series} series of one tenant in {count} head(s); bytes per series");
    println!("| after | requested | blocks | RSS | slack (RSS - requested) | the heads' own count |");
    println!("|---|---|---|---|---|---|");
    let nanos = register(&heads, &mut references, 0..series);
    let each = |nanos: u64, times: usize| nanos as f64 / series as f64 / times as f64;
    table.line("registration", &heads);
    let ((), first) = timed(|| scrape(&heads, &references, 0..8));
    table.line("8 samples", &heads);
    let eight = memory_use(&heads);
    let ((), rest) = timed(|| scrape(&heads, &references, 8..240));
    table.line("240 samples, 4 generations", &heads);
    let many = memory_use(&heads);
    let (mut exporting, mut loading) = (0, 0);
    for head in &heads {
        let (exported, spent) = timed(|| export(head));
        exporting += spent;
        loading += timed(|| load(&Head::default(), &exported)).1;
    }
    table.line("one generation exported and loaded into other heads, all that gone", &heads);
    let ((), dropped) = timed(|| heads.iter().for_each(|head| head.drop_below(Cut(3))));
    table.line("3 generations dropped", &heads);
    let late = register(&heads, &mut references, series..series + series / 10) * 10;
    let ((), all) = timed(|| heads.iter().for_each(|head| head.drop_below(Cut(10))));
    table.line("all dropped", &heads);
    parts(series, &eight, &many);
    println!(
        "\nns of CPU: a new series {:.0}, an append {:.0} (the first 8) {:.0} (the rest), a series with one chunk exported {:.0} and loaded {:.0}, \
         a series of which 3 of 4 generations are dropped {:.0}, a new series after that {:.0}, a series that leaves {:.0}",
        each(nanos, 1),
        each(first, 8),
        each(rest, 232),
        each(exporting, 1),
        each(loading, 1),
        each(dropped, 1),
        each(late, 1),
        each(all, 1)
    );
}

fn main() {
    let mut words = std::env::args().filter_map(|word| word.parse().ok());
    match (words.next(), words.next()) {
        (None, _) => {
            measure(100_000, 1);
            measure(1_000_000, 1);
            measure(1_000_000, 64);
        }
        (Some(series), heads) => measure(series, heads.unwrap_or(1)),
    }
}
