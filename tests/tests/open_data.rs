//! Blocks are open data: DuckDB (the view that is shipped) and pyarrow (the reader that is shipped) read the samples that Mneme reads.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use mneme_block::write::{ChunkSeries, ChunkSource, LongTable, MemorySink, WriterOptions, write_block};
use mneme_model::chunk::FloatChunkBuilder;
use mneme_model::{Labels, stale_nan};
use ulid::Ulid;

/// Times and values.
type Floats = Vec<(i64, f64)>;

/// A sample: series by its place, time, and value as text (bits in hex; `nan` for all NaNs, whose payload other engines may change).
type Line = (usize, i64, String);

fn text(v: f64) -> String {
    if v.is_nan() { "nan".to_owned() } else { format!("{:016x}", v.to_bits()) }
}

/// Series of every kind of row: grids, jitter, constants, counters, decimals, wide differences, raw doubles, exceptions.
fn series() -> Vec<(Labels, Floats)> {
    let value = |kind: usize, i: i64| match kind {
        0 => 1.0,
        1 => (i * i) as f64,
        2 => (i * 37 % 101) as f64 / 100.0,
        3 => (i % 7) as f64 * 1e13 + 0.0,
        4 => (i as f64).sqrt().sin(),
        5 => f64::NAN,
        6 if i % 50 == 3 => stale_nan(),
        6 if i % 50 == 4 => f64::INFINITY,
        6 => i as f64 / 8.0,
        7 if i % 60 == 0 => -0.0,
        _ => -(i as f64),
    };
    let time = |target: usize, i: i64| match target {
        0 => i * 15_000,
        1 => i * 15_000 + (i * 7919) % 13 - 6,
        _ => i * 15_000 + if i > 100 { 600_000 } else { 0 },
    };
    let kinds = (0..9).flat_map(|kind| (0..3).map(move |target| (kind, target)));
    let series = kinds.map(|(kind, target)| {
        let pairs = [("__name__", format!("metric_{kind}")), ("instance", format!("host \"{target}\" é"))];
        let samples = (0..900).map(|i| (1_700_000_000_000 + time(target, i), value(kind, i))).collect();
        (Labels::from_pairs(pairs), samples)
    });
    series.collect()
}

fn lines(series: &[(Labels, Floats)]) -> Vec<Line> {
    let of = |(at, (_, samples)): (usize, &(Labels, Floats))| {
        samples.iter().map(move |(t, v)| (at, *t, text(*v))).collect::<Vec<_>>()
    };
    series.iter().enumerate().flat_map(of).collect()
}

fn write(folder: &Path, series: &[(Labels, Floats)]) {
    let chunks = series.iter().map(|(labels, samples)| {
        let mut builder = FloatChunkBuilder::new(false);
        samples.iter().for_each(|(t, v)| builder.push(*t, *v, 0));
        ChunkSeries { labels: labels.clone(), chunks: vec![builder.chunk()], exemplars: Vec::new() }
    });
    let mut source = ChunkSource::new(chunks.collect(), Vec::new());
    let mut sink = MemorySink::default();
    let options = WriterOptions { group_rows: 16, page_rows: 4, ..WriterOptions::flush() };
    write_block(Ulid::from_parts(1, 1), &options, &mut source, &mut sink).unwrap().unwrap();
    for (path, bytes) in sink.files {
        std::fs::write(folder.join(Path::new(&path).file_name().unwrap()), bytes).unwrap();
    }
    let mut long = LongTable::new(std::fs::File::create(folder.join("long.parquet")).unwrap()).unwrap();
    for (labels, samples) in series {
        let (t, v): (Vec<i64>, Vec<f64>) = samples.iter().copied().unzip();
        long.push(labels, &t, &v).unwrap();
    }
    long.finish().unwrap();
}

/// The Python of the environment that `./test` makes; `None`, said aloud, where there is none.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/sql-venv/bin/python");
    if python.exists() {
        return Some(python);
    }
    println!("SKIPPED: {} is not there; `./test` makes it, with duckdb and pyarrow", python.display());
    None
}

/// The samples that a script prints, one `series time value` each.
fn run(python: &Path, folder: &Path, script: &str) -> Vec<Line> {
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/sql");
    let mut command = Command::new(python);
    command.arg("-c").arg(script).arg(sql.canonicalize().unwrap()).current_dir(folder);
    let output = command.output().unwrap();
    let (out, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    let line = |line: &str| {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap().to_owned();
        (next().parse().unwrap(), next().parse().unwrap(), next())
    };
    let mut found: Vec<Line> = out.lines().map(line).collect();
    found.sort();
    found
}

const PRINT: &str = "
import math, struct, sys
def show(series, t, v):
    text = 'nan' if math.isnan(v) else struct.pack('>d', v).hex()
    print(series, t, text)
";

#[test]
fn duckdb_and_pyarrow_read_every_sample() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let series = series();
    write(folder.path(), &series);
    let mut want = lines(&series);
    want.sort();

    let view = "
import duckdb
db = duckdb.connect()
for statement in open(sys.argv[1] + '/views.sql').read().split(';'):
    if statement.strip(): db.execute(statement)
for row in db.execute('select sid, ts, v from samples').fetchall(): show(*row)
";
    assert!(run(&python, folder.path(), &format!("{PRINT}{view}")) == want, "the view of DuckDB differs");

    let arrow = "
sys.path.insert(0, sys.argv[1])
import read_block
for sid, times, values in read_block.rows('.'):
    for t, v in zip(times, values): show(sid, t, v)
";
    assert!(run(&python, folder.path(), &format!("{PRINT}{arrow}")) == want, "the reader of pyarrow differs");

    let long = "
import duckdb, json
names = {}
for row in duckdb.sql(\"select s.sid, s.l___name__, s.l_instance from 'series.parquet' s\").fetchall(): names[row[1:]] = row[0]
for metric, labels, ts, v in duckdb.sql(\"select * from 'long.parquet'\").fetchall():
    show(names[metric, json.loads(labels)['instance']], ts, v)
";
    assert!(run(&python, folder.path(), &format!("{PRINT}{long}")) == want, "the long table differs");
    println!("{} samples read by DuckDB and pyarrow", want.len());
}
