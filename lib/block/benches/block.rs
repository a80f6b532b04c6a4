//! What a block of a cluster's metrics costs: bytes per sample and per series, nanoseconds to encode and to decode.
//!
//! `cargo bench -p mneme-block --bench block` prints the figures of docs/decisions/0012; times are CPU time of one thread, with the allocator
//! of the program. `-- decode` reads windows of 2 h and 8 h over and over, for profilers; `-- decode 2` those of 2 h alone.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[path = "support/kube.rs"]
mod kube;
#[path = "support/node.rs"]
mod node;
#[path = "support/source.rs"]
mod source;

use std::sync::Arc;

use mneme_block::meta::{BlockMeta, FileKind};
use mneme_block::read::{Access, BlockReader, MemoryRanges, ParsedCache, ReadOptions, Select};
use mneme_block::write::{MemorySink, WriterOptions, write_block};
use mneme_model::chunk::{Chunk, merge_each};
use mneme_model::{Matcher, Samples, TenantId};
use source::Columns;
use ulid::Ulid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Each figure is the best of so many runs.
const RUNS: usize = 5;

fn main() {
    let hour = 3_600_000;
    // As the program does.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "decode") {
        let only: Option<usize> = arguments.iter().find_map(|argument| argument.parse().ok());
        for hours in [2, 8].into_iter().filter(|hours| only.is_none_or(|only| only == *hours)) {
            let options = if hours == 2 { WriterOptions::flush() } else { WriterOptions::compaction(1) };
            let mut sink = MemorySink::default();
            let mut source = kube::series(8000 / hours, hours as i64 * hour);
            let meta =
                write_block(Ulid::from_parts(1, 1), &options, &mut source, &mut sink).unwrap().unwrap();
            decode(&format!("kube {hours} h"), &meta, sink, source.samples() as f64, 100);
        }
        return;
    }
    measure("kube 2 h, level 0", &WriterOptions::flush(), &mut kube::series(20_000, 2 * hour));
    measure("kube 8 h, level 1", &WriterOptions::compaction(1), &mut kube::series(5_000, 8 * hour));
    measure("kube 24 h, level 2", &WriterOptions::compaction(2), &mut kube::series(2_500, 24 * hour));
    match node::series() {
        Some(mut node) => measure("node_exporter, 668 scrapes", &WriterOptions::flush(), &mut node),
        None => println!("node_exporter: skipped, the corpus is not here"),
    }
    wide(500_000);
}

fn measure(name: &str, options: &WriterOptions, source: &mut Columns) {
    let samples = source.samples() as f64;
    let (mut encode, mut best) = (f64::MAX, None);
    for _ in 0..RUNS {
        let mut sink = MemorySink::default();
        let before = cpu();
        let meta = write_block(Ulid::from_parts(1, 1), options, source, &mut sink).unwrap().unwrap();
        encode = encode.min((cpu() - before) as f64 / samples);
        best = Some((meta, sink));
    }
    let (meta, sink) = best.unwrap();
    let size = |kind: FileKind| {
        meta.parts.iter().filter_map(|part| part.file(kind)).map(|file| file.size).sum::<u64>()
    };
    let (table, data) = (size(FileKind::Series) as f64, size(FileKind::Samples) as f64);
    println!(
        "{name}: {} series, {samples} samples; {:.3} B/sample, {:.2} B/series, together {:.3} B/sample; encode {encode:.1} ns/sample",
        source.series.len(),
        data / samples,
        table / source.series.len() as f64,
        (data + table) / samples,
    );
    decode(name, &meta, sink, samples, RUNS);
}

fn decode(name: &str, meta: &BlockMeta, sink: MemorySink, samples: f64, runs: usize) {
    let tenant = TenantId::anonymous();
    let folder = BlockMeta::folder(&tenant, meta.id);
    let files = sink.files.into_iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes)).collect();
    let meta = Arc::new(meta.clone());
    let cold = Access::new(Arc::new(MemoryRanges(files)), ReadOptions::default());
    let parsed = Some(Arc::new(ParsedCache::new(256 << 20)));
    let warm = BlockReader::with(tenant.clone(), Arc::clone(&meta), Access { parsed, ..cold.clone() });
    let reader = BlockReader::with(tenant, meta, cold);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let all = Select::new(Vec::new(), i64::MIN, i64::MAX);
    let [mut labels, mut fetch, mut read, mut one, mut again, mut chunks, mut merge] = [f64::MAX; 7];
    let mut out = Samples::default();
    let mut outs = vec![Samples::default(); 16];
    for _ in 0..runs {
        least(&mut labels, samples, || assert!(!runtime.block_on(reader.series(&all)).unwrap().is_empty()));
        let found = least(&mut fetch, samples, || runtime.block_on(reader.select(&all)).unwrap());
        least(&mut read, samples, || {
            for series in &found {
                out.clear();
                series.read(i64::MIN, i64::MAX, &mut out).unwrap();
            }
        });
        let metric = found[found.len() / 2].labels.metric_name().to_owned();
        let select = Select::new(vec![Matcher::equal("__name__", &metric)], i64::MIN, i64::MAX);
        drop(found);
        for (least_of, reader) in [(&mut one, &reader), (&mut again, &warm)] {
            least(least_of, 1e6, || assert!(!runtime.block_on(reader.batch(&select)).unwrap().is_empty()));
        }
        // As queries do.
        let batch = least(&mut chunks, samples, || runtime.block_on(warm.batch(&all)).unwrap());
        least(&mut merge, samples, || {
            let chunks: Vec<&[Chunk]> = batch.iter().map(|series| series.chunks).collect();
            for series in chunks.chunks(outs.len()) {
                outs.iter_mut().for_each(Samples::clear);
                merge_each(series, i64::MIN, i64::MAX, &mut outs).unwrap();
            }
        });
    }
    println!(
        "{name}: labels {labels:.2} + unpack {:.2} + decode {read:.2} = {:.2} ns/sample, {:.2} without labels; \
         as queries do: {chunks:.2} to chunks with labels + decode {merge:.2} = {:.2}; one metric {one:.2} ms, again {again:.2}",
        fetch - labels,
        fetch + read,
        fetch - labels + read,
        chunks + merge,
    );
}

/// Does `work`, and lowers `least` to the nanoseconds that it took, per so many units.
fn least<T>(least: &mut f64, units: f64, work: impl FnOnce() -> T) -> T {
    let before = cpu();
    let made = work();
    *least = least.min((cpu() - before) as f64 / units);
    made
}

/// The series table of many series with 85 label names.
fn wide(count: usize) {
    let mut source = kube::wide(count);
    let mut sink = MemorySink::default();
    let options = WriterOptions { max_part_series: count, ..WriterOptions::flush() };
    let before = cpu();
    let meta = write_block(Ulid::from_parts(1, 1), &options, &mut source, &mut sink).unwrap().unwrap();
    let spent = cpu() - before;
    let file = meta.parts[0].series_file;
    println!(
        "series table of {count} series: {:.2} B/series, footer and indexes {} KB; {:.2} us/series with one sample each",
        file.size as f64 / count as f64,
        file.tail / 1024,
        spent as f64 / 1e3 / count as f64
    );
}

/// Nanoseconds that this thread ran.
fn cpu() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}
