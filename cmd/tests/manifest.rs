//! `mneme manifest` on a bucket with three versions, and on one that was damaged.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod running;

use std::path::Path;
use std::sync::Arc;

use mneme_block::manifest::{Change, Committed, Manifests, MarkMove, PartitionOf, Removed};
use mneme_block::meta::BlockMeta;
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::{Cut, PartitionId, TenantId};
use mneme_server::{Clock, SystemClock};

use running::{run, texts};

fn block(manifests: &Manifests) -> BlockMeta {
    BlockMeta {
        id: manifests.fresh_id(SystemClock.now_ms()),
        level: 0,
        resolution_ms: 0,
        window_ms: 7_200_000,
        min_time: 5,
        max_time: 10,
        series: 3,
        samples: 6,
        histograms: 0,
        exemplars: 0,
        parts: Vec::new(),
        metadata: None,
        carried_out: Vec::new(),
    }
}

/// Two flushes, then a compaction of both; returns the blocks' ids.
async fn fill(dir: &Path) -> Vec<String> {
    let bucket = Bucket::open(&format!("file://{}", dir.display()), Options::default()).await.unwrap();
    let manifests = Manifests::new(bucket, Arc::new(AttemptIds::random()));
    let tenant = TenantId::new("team-a").unwrap();
    let blocks: Vec<BlockMeta> = (0..3).map(|_| block(&manifests)).collect();
    let flush = |from: u64, block: &BlockMeta| {
        let partition = PartitionOf::new(PartitionId(3), 64);
        let moved = MarkMove { partition, from: Cut(from), to: Cut(from + 1) };
        Change { marks: vec![moved], add: vec![block.clone()], ..Change::default() }
    };
    let remove = blocks[..2].iter().map(Removed::from).collect();
    let compaction = Change { add: vec![blocks[2].clone()], remove, ..Change::default() };
    for change in [flush(0, &blocks[0]), flush(1, &blocks[1]), compaction] {
        let base = manifests.newest(&tenant).await.unwrap();
        let committed = manifests.commit(&base, &change, SystemClock.now_ms()).await.unwrap();
        assert!(matches!(committed, Committed::Committed(_)));
    }
    blocks.iter().map(|block| block.id.to_string()).collect()
}

#[test]
fn versions_are_shown_compared_checked_and_gone_back_to() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ids = runtime.block_on(fill(dir.path()));
    let bucket = format!("file://{}", dir.path().display());
    let manifest = |command: &str, rest: &[&str]| {
        let output =
            run(&[&["manifest", command, "--bucket", &bucket, "--tenant", "team-a"][..], rest].concat());
        (output.status.success(), texts(&output))
    };

    let (_, (shown, stderr)) = manifest("show", &[]);
    for words in ["version 3", "1 blocks", "mark 3of64: cut 2", &format!("block {}: level 0, raw", ids[2])] {
        assert!(shown.contains(words), "{words:?} in {shown}{stderr}");
    }
    assert!(!shown.contains(&ids[0]), "{shown}");
    let (_, (json, _)) = manifest("show", &["--json", "--version", "2"]);
    let body: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&body["marks"]["3of64"], body["blocks"].as_array().unwrap().len()), (&2.into(), 2));
    let (_, (diff, _)) = manifest("diff", &["1"]);
    for words in [
        "version 1 -> 3",
        "mark 3of64: cut 1 -> 2",
        &format!("- block {}", ids[0]),
        &format!("+ block {}", ids[2]),
    ] {
        assert!(diff.contains(words), "{words:?} in {diff}");
    }
    let (sound, (told, _)) = manifest("verify", &[]);
    assert!(sound && told.contains("3 versions, 3 blocks") && told.contains("0 problems"), "{told}");

    let (rolled, (told, stderr)) = manifest("rollback", &["--to", "1"]);
    assert!(rolled && told.contains("version 4 is as version 1 was"), "{told}{stderr}");
    assert!(told.contains(&format!("block {} is kept", ids[1])), "{told}");
    let (_, (shown, _)) = manifest("show", &[]);
    assert!(shown.contains(&ids[0]) && shown.contains(&ids[1]) && !shown.contains(&ids[2]), "{shown}");
    let (rolled, (_, stderr)) = manifest("rollback", &["--to", "9"]);
    assert!(!rolled && stderr.contains("not older than the newest"), "{stderr}");

    let newest = dir.path().join("tenants/team-a/manifest/00000000000000000004");
    let mut bytes = std::fs::read(&newest).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&newest, &bytes).unwrap();
    let output = run(&["manifest", "verify", "--bucket", &bucket]);
    let (told, _) = texts(&output);
    assert!(!output.status.success(), "{told}");
    for words in ["/00000000000000000004", "corrupt at byte 80", "mneme manifest rollback", "1 problems"] {
        assert!(told.contains(words), "{words:?} in {told}");
    }
    let (shown, (_, stderr)) = manifest("show", &[]);
    assert!(!shown && stderr.contains("corrupt at byte 80"), "{stderr}");
}
