//! Decoding floats, per sample: one series after the other, and several together, as queries do.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mneme_model::Samples;
use mneme_model::chunk::{Chunk, FloatChunkBuilder, merge, merge_each};

const SERIES: usize = 16;
const CHUNKS: i64 = 2;
const SAMPLES: i64 = 120;

/// A value at a scrape of a series, from a number that looks random.
type Value = fn(scrape: i64, random: u64) -> f64;

/// Kinds of series: counters of about 100 a scrape, counters that rarely move, gauges of two decimals, constants.
const KINDS: [(&str, Value); 4] = [
    ("counter", |i, random| (i * 100) as f64 + (random % 50) as f64),
    ("slow_counter", |i, random| (i / 7) as f64 + (random % 2) as f64),
    ("gauge", |_, random| (random % 10_000) as f64 / 100.0),
    ("constant", |_, _| 1.0),
];

fn series(value: Value) -> Vec<Vec<Chunk>> {
    let mut state = 7u64;
    let mut chunk = |from: i64| {
        let mut builder = FloatChunkBuilder::new(false);
        for i in from..from + SAMPLES {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            builder.push(i * 15_000, value(i, state >> 33), 0);
        }
        builder.chunk()
    };
    (0..SERIES).map(|_| (0..CHUNKS).map(|at| chunk(at * SAMPLES)).collect()).collect()
}

fn decode(c: &mut Criterion) {
    for (kind, value) in KINDS {
        let series = series(value);
        let chunks: Vec<&[Chunk]> = series.iter().map(Vec::as_slice).collect();
        let mut group = c.benchmark_group(format!("decode/{kind}"));
        group.throughput(Throughput::Elements(SERIES as u64 * (CHUNKS * SAMPLES) as u64));
        let outs = || vec![Samples::default(); SERIES];
        let mut warm = outs();
        group.bench_function("alone", |b| {
            b.iter(|| {
                for (chunks, out) in chunks.iter().zip(&mut warm) {
                    out.clear();
                    merge(chunks, i64::MIN, i64::MAX, out).expect("whole chunks");
                }
            });
        });
        group.bench_function("together", |b| {
            b.iter(|| {
                warm.iter_mut().for_each(Samples::clear);
                merge_each(&chunks, i64::MIN, i64::MAX, &mut warm).expect("whole chunks");
            });
        });
        group.bench_function("newest_of_each", |b| {
            b.iter_batched_ref(
                outs,
                |outs| merge_each(&chunks, 220 * 15_000, i64::MAX, outs).expect("whole chunks"),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
