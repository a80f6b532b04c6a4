//! `mneme block` on a bucket with a block, on a damaged one, and on none.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod running;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mneme_block::manifest::{Change, Committed, Manifests, Tombstone, TombstoneMatcher};
use mneme_block::meta::BlockMeta;
use mneme_block::write::{ChunkSeries, ChunkSource, MemorySink, WriterOptions, write_block};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::chunk::FloatChunkBuilder;
use mneme_model::{Cut, Labels, Matcher, TenantId};
use mneme_server::{Clock, SystemClock};
use ulid::Ulid;

use running::{run, texts};

/// A bucket with one block of `up` and `down`, two samples each, of tenant team-a.
struct Filled {
    dir: tempfile::TempDir,
    url: String,
    id: String,
}

impl Filled {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file://{}", dir.path().display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let id = runtime.block_on(fill(&url));
        Self { dir, url, id }
    }

    /// Runs `mneme block`: whether it succeeded, and what it said.
    fn block(&self, command: &str, rest: &[&str]) -> (bool, String) {
        block(&self.url, "team-a", command, rest)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("tenants/team-a/blocks/{}/0000/{name}", self.id))
    }
}

fn block(url: &str, tenant: &str, command: &str, rest: &[&str]) -> (bool, String) {
    let output = run(&[&["block", command, "--bucket", url, "--tenant", tenant][..], rest].concat());
    let (stdout, stderr) = texts(&output);
    (output.status.success(), format!("{stdout}{stderr}"))
}

async fn fill(url: &str) -> String {
    let bucket = Bucket::open(url, Options::default()).await.unwrap();
    let manifests = Manifests::new(bucket.clone(), Arc::new(AttemptIds::random()));
    let tenant = TenantId::new("team-a").unwrap();
    let series = ["down", "up"].map(|name| {
        let mut builder = FloatChunkBuilder::new(false);
        builder.push(1000, 1.5, 0);
        builder.push(2000, 2.5, 0);
        let labels = Labels::from_pairs([("__name__", name), ("job", "test")]);
        ChunkSeries { labels, chunks: vec![builder.chunk()], exemplars: Vec::new() }
    });
    let mut source = ChunkSource::new(series.into(), Vec::new());
    let mut sink = MemorySink::default();
    let id = manifests.fresh_id(SystemClock.now_ms());
    let meta = write_block(id, &WriterOptions::flush(), &mut source, &mut sink).unwrap().unwrap();
    for (path, bytes) in sink.files {
        bucket.put(&format!("{}/{path}", BlockMeta::folder(&tenant, id)), bytes).await.unwrap();
    }
    let matchers = vec![TombstoneMatcher::from(&Matcher::equal("__name__", "down"))];
    let tombstone = Tombstone { id: Ulid::from_parts(1, 1), matchers, start: 0, end: 1500, below: Cut(9) };
    let change = Change { add: vec![meta], add_tombstones: vec![tombstone], ..Change::default() };
    let base = manifests.newest(&tenant).await.unwrap();
    let committed = manifests.commit(&base, &change, SystemClock.now_ms()).await.unwrap();
    assert!(matches!(committed, Committed::Committed(_)));
    id.to_string()
}

/// All of these words are said.
#[track_caller]
fn said(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} in {text}");
    }
}

#[test]
fn a_sound_block_is_listed_shown_checked_and_exported() {
    let filled = Filled::new();
    let (done, text) = filled.block("ls", &[]);
    assert!(done, "{text}");
    said(&text, &[&filled.id, "level 0", "1000..=2000 ms", "2 series 4 floats"]);
    let (done, text) = filled.block("inspect", &[&filled.id]);
    assert!(done, "{text}");
    said(&text, &[&filled.id, "part 0000: 2 series", "0000/samples.parquet", "labels: __name__ job"]);
    let (done, text) = filled.block("verify", &[]);
    assert!(done, "{text}");
    said(&text, &[&format!("{} ok: 2 series, 4 samples", filled.id)]);
    let out = filled.dir.path().join("long.parquet");
    let (done, text) = filled.block("export", &["--long", "--out", &out.display().to_string()]);
    assert!(done, "{text}");
    said(&text, &["3 samples in ", "long.parquet"]);
    assert!(std::fs::read(out).unwrap().ends_with(b"PAR1"));
}

#[test]
fn what_is_not_there_is_named_with_what_to_do() {
    let filled = Filled::new();
    let nowhere = filled.dir.path().join("nowhere");
    for command in ["ls", "verify"] {
        let (done, text) = block(&format!("file://{}", nowhere.display()), "team-a", command, &[]);
        assert!(!done, "{text}");
        said(&text, &["nowhere", "--bucket"]);
        let (done, text) = block(&filled.url, "team-b", command, &[]);
        assert!(!done, "{text}");
        said(&text, &[&filled.url, "no manifest of tenant team-b", "--tenant"]);
    }
    let absent = Ulid::from_parts(7, 7).to_string();
    for (command, flags) in [("inspect", vec![absent.as_str()]), ("verify", vec!["--block", &absent])] {
        let (done, text) = filled.block(command, &flags);
        assert!(!done, "{text}");
        said(&text, &[&format!("lists no block {absent}"), "mneme block ls"]);
    }
    let (done, text) = filled.block("export", &["--long", "--out", "/nowhere/at/all.parquet"]);
    assert!(!done, "{text}");
    said(&text, &["cannot write /nowhere/at/all.parquet"]);
}

/// A file, what happens to it, and what is to be said.
type Damage<'a> = (&'a str, &'a dyn Fn(&Path), &'a [&'a str]);

#[test]
fn damage_is_named_with_its_file_and_place() {
    let damages: [Damage<'_>; 4] = [
        ("samples.parquet", &|path| flip(path, 60), &["at byte 0", "its checksum is not that of the footer"]),
        (
            "series.parquet",
            &|path| flip_last(path),
            &["column footer", "its checksum is not that of the manifest"],
        ),
        ("samples.parquet", &|path| truncate(path), &[]),
        ("series.parquet", &|path| std::fs::remove_file(path).unwrap(), &["is not there"]),
    ];
    for (name, damage, words) in damages {
        let filled = Filled::new();
        damage(&filled.file(name));
        let (done, text) = filled.block("verify", &[]);
        assert!(!done, "{text}");
        let key = format!("tenants/team-a/blocks/{}/0000/{name}", filled.id);
        said(
            &text,
            &[&format!("{} WRONG", filled.id), &key, "1 of 1 blocks are wrong", "another copy of the bucket"],
        );
        said(&text, words);
        let out = filled.dir.path().join("long.parquet").display().to_string();
        let (done, text) = filled.block("export", &["--long", "--out", &out]);
        assert!(!done, "{text}");
        said(&text, &[&key, "another copy of the bucket"]);
        if name == "series.parquet" {
            let (done, text) = filled.block("inspect", &[&filled.id]);
            assert!(!done, "{text}");
            said(&text, &[&key, "another copy of the bucket"]);
        }
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 4;
    std::fs::write(path, bytes).unwrap();
}

fn flip_last(path: &Path) {
    flip(path, std::fs::metadata(path).unwrap().len() as usize - 12);
}

fn truncate(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}
