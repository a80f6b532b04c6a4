//! Decoding rows of blocks, in CPU time per sample: a window of 2 h every 15 s.
#![expect(clippy::print_stdout, reason = "a benchmark")]

use std::hint::black_box;

use mneme_model::Samples;
use mneme_model::chunk::{Chunk, Columns, Planes, Values};

const SAMPLES: usize = 480;
const STEP: i64 = 15_000;

/// Numbers that look random, below `below`, as planes of their bytes.
fn planes(below: u64, count: usize) -> Vec<u8> {
    let mut state = below + 7;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) % below
    };
    let numbers: Vec<u64> = (0..count).map(|_| next()).collect();
    (0..8).flat_map(|at| numbers.iter().map(move |number| (number >> (8 * at)) as u8)).collect()
}

/// What values are: all the same, integers whose differences (as zigzags) lie below a bound, over a power of ten, or doubles.
enum Kind {
    Constant,
    Integers(u64, u8),
    Doubles,
}

fn chunk(jitter: Option<u64>, kind: &Kind) -> Chunk {
    let rest = SAMPLES - 1;
    let numbers = match kind {
        Kind::Constant => Vec::new(),
        Kind::Integers(below, _) => planes(*below, rest),
        Kind::Doubles => planes(1 << 53, SAMPLES),
    };
    let jitter = jitter.map(|below| planes(below, rest));
    let split = |bytes| Planes::new(bytes, bytes.len() / 8, 8, bytes.len() / 8).expect("whole planes");
    let columns = Columns {
        min_time: 1_700_000_000_000,
        count: SAMPLES,
        step: STEP,
        jitter: jitter.as_deref().map(split),
        values: match kind {
            Kind::Constant => Values::One(4096.0),
            Kind::Integers(_, exponent) => {
                Values::Integers { first: 1 << 20, exponent: *exponent, differences: split(&numbers) }
            }
            Kind::Doubles => Values::Bits(split(&numbers)),
        },
        places: &[],
        exceptions: &[],
        starts: None,
    };
    let mut data = Vec::new();
    columns.write(&mut data);
    Chunk::of_columns(&columns, data.into())
}

fn main() {
    let kinds = [
        ("constant", None, Kind::Constant),
        ("jitter of 3 ms", Some(6), Kind::Constant),
        ("jitter of 400 ms", Some(800), Kind::Constant),
        ("counter", None, Kind::Integers(100, 0)),
        ("fast counter", None, Kind::Integers(2000, 0)),
        ("seconds", None, Kind::Integers(2000, 2)),
        ("bytes", None, Kind::Integers(250_000, 0)),
        ("many bytes", None, Kind::Integers(1_000_000_000, 0)),
        ("doubles", None, Kind::Doubles),
    ];
    for (name, jitter, kind) in kinds {
        let chunk = chunk(jitter, &kind);
        let all = least(|out| chunk.read(i64::MIN, i64::MAX, out).expect("a whole chunk"));
        let end = chunk.max_time - 100 * STEP;
        let part = least(|out| chunk.read(end - 20 * STEP + 1, end, out).expect("a whole chunk"));
        println!("{name}: {:.2} ns/sample; 5 minutes {part:.0} ns", all / SAMPLES as f64);
    }
}

/// Nanoseconds of CPU time of the fastest of some runs.
fn least(read: impl Fn(&mut Samples)) -> f64 {
    let mut out = Samples::default();
    let mut least = f64::MAX;
    for _ in 0..2000 {
        let before = cpu();
        for _ in 0..20 {
            out.clear();
            read(&mut out);
            black_box(&mut out);
        }
        least = least.min((cpu() - before) as f64 / 20.0);
    }
    least
}

/// Nanoseconds that this thread ran.
fn cpu() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}
