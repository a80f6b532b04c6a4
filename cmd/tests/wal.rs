//! `mneme wal` on a bucket that a server is running on, and on one that was damaged.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod running;

use std::path::PathBuf;

use running::{Running, run, texts};

#[test]
fn segments_are_listed_shown_and_checked_and_damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path());
    let push = format!("{}/api/v1/push", server.url);
    let load = ["--series", "40", "--steps", "5", "--histograms", "0.2", "--connections", "1"];
    assert!(run(&[&["bench", "write", "--quiet", "--url", &push][..], &load].concat()).status.success());
    let bucket = format!("file://{}", dir.path().join("bucket").display());

    let (listed, stderr) = texts(&run(&["wal", "ls", "--bucket", &bucket]));
    assert!(listed.contains("writer 1: instance") && listed.contains("  1/2: cut 0"), "{listed}{stderr}");
    let (shown, _) = texts(&run(&["wal", "inspect", "--bucket", &bucket, "1/2", "--records"]));
    assert!(shown.contains("  partition "), "{shown}");
    assert!(shown.contains("    float ") || shown.contains("    histogram "), "{shown}");
    let sound = run(&["wal", "verify", "--bucket", &bucket]);
    assert!(sound.status.success(), "{:?}", texts(&sound));
    assert!(texts(&sound).0.contains("0 problems"));
    server.stop();
    let (listed, _) = texts(&run(&["wal", "ls", "--bucket", &bucket, "--writers"]));
    assert!(listed.contains("sealed"), "a clean end seals: {listed}");

    let chain = dir.path().join("bucket/wal/00000000000000000001");
    let segment = |seq: u64| -> PathBuf { chain.join(format!("{seq:020}")) };
    let mut bytes = std::fs::read(segment(2)).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(segment(2), &bytes).unwrap();
    std::fs::write(segment(3), &std::fs::read(segment(3)).unwrap()[..50]).unwrap();
    std::fs::remove_file(segment(4)).unwrap();
    std::fs::write(chain.join("notes.txt"), "mine").unwrap();
    let broken = run(&["wal", "verify", "--bucket", &bucket]);
    let (told, _) = texts(&broken);
    assert!(!broken.status.success());
    for words in [
        "/00000000000000000002: byte ",
        "checksum is wrong",
        "/00000000000000000003: byte ",
        "a hole: objects 4..=4 are gone",
        "notes.txt: not the name",
        "4 problems",
    ] {
        assert!(told.contains(words), "{words:?} in\n{told}");
    }
    let shown = run(&["wal", "inspect", "--bucket", &bucket, "1/2"]);
    assert!(!shown.status.success() && texts(&shown).0.contains("BROKEN"), "{:?}", texts(&shown));
    for (segment, words) in [("1/99", "no object"), ("x", "not WRITER/SEQ")] {
        let (_, stderr) = texts(&run(&["wal", "inspect", "--bucket", &bucket, segment]));
        assert!(stderr.contains(words), "{stderr}");
    }
}
