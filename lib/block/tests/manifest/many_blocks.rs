//! A version stays small and a commit cheap, however many blocks there are.

use std::sync::Arc;

use mneme_block::manifest::{Change, Committed, Manifest, Manifests, Removed};
use mneme_bucket::Operation;
use mneme_bucket::fake::{Fake, Faults};
use ulid::Ulid;

use crate::support::{HOUR, block, flush, manifests, tenant};

/// Commits flushes of two hours until there are so many blocks: of `per_flush` instances.
async fn grow(manifests: &Manifests, manifest: &mut Manifest, blocks: u64, per_commit: u64) {
    let mut count = manifest.content().block_count();
    while count < blocks {
        let at = count as i64 / 10 * 2 * HOUR;
        let few = (blocks - count).min(per_commit);
        let add = (0..few).map(|_| block(manifests.fresh_id(at), at, at + 2 * HOUR - 1)).collect();
        let change = Change { add, ..Change::default() };
        let Committed::Committed(next) = manifests.commit(manifest, &change, at).await.unwrap() else {
            panic!("nobody else is here")
        };
        *manifest = next;
        count += few;
    }
}

fn requests(manifests: &Manifests) -> u64 {
    Operation::ALL.into_iter().map(|one| manifests.bucket().stats().of(one).requests).sum()
}

fn written(manifests: &Manifests) -> u64 {
    let of = |one| manifests.bucket().stats().of(one).bytes;
    of(Operation::Put) + of(Operation::Create)
}

#[tokio::test]
async fn bytes_and_requests_of_a_commit_are_bounded() {
    let manifests = manifests(&Arc::new(Fake::new(1, Faults::none())), 1);
    let mut manifest = manifests.newest(&tenant()).await.unwrap();
    let mut cut = 0;
    println!(
        "| blocks | version, bytes | recent blocks | lists | commits | requests per commit | bytes written per commit |"
    );
    for (blocks, per_commit) in [(10, 1), (1_000, 10), (50_000, 250)] {
        grow(&manifests, &mut manifest, blocks, per_commit).await;
        let (before, bytes) = (requests(&manifests), written(&manifests));
        let commits = 60;
        for _ in 0..commits {
            let at = manifest.content().block_count() as i64 / 10 * 2 * HOUR;
            let change = flush(1, cut, cut + 1, block(manifests.fresh_id(at), at, at + 2 * HOUR - 1));
            let Committed::Committed(next) = manifests.commit(&manifest, &change, at).await.unwrap() else {
                panic!("nobody else is here")
            };
            (manifest, cut) = (next, cut + 1);
        }
        let (size, content) = (manifest.size(), manifest.content());
        let per_commit = (requests(&manifests) - before) as f64 / f64::from(commits);
        let bytes = (written(&manifests) - bytes) / commits as u64;
        println!(
            "| {} | {size} | {} | {} | {commits} | {per_commit:.2} | {bytes} |",
            content.block_count(),
            content.blocks.len(),
            content.lists.len(),
        );
        assert!(size < 64 << 10, "{blocks} blocks: {size} bytes");
        assert!(
            per_commit < 4.0 && bytes < 160 << 10,
            "{blocks} blocks: {per_commit} requests, {bytes} bytes"
        );
        assert_eq!(content.block_count(), manifest.all_blocks().await.unwrap().len() as u64);
    }
}

#[tokio::test]
async fn a_cold_reader_of_a_day_reads_few_lists_and_a_compaction_takes_blocks_out_of_one() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let writer = manifests(&fake, 1);
    let mut manifest = writer.newest(&tenant()).await.unwrap();
    grow(&writer, &mut manifest, 5_000, 10).await;
    assert!(!manifest.content().lists.is_empty());
    let reader = manifests(&fake, 2);
    let cold = reader.newest(&tenant()).await.unwrap();
    let before = requests(&reader);
    let day = 24 * HOUR;
    let found = cold.blocks(10 * day, 11 * day - 1).await.unwrap();
    assert_eq!((found.len(), requests(&reader) - before), (120, 1), "one list holds the day");
    assert!(found.is_sorted_by_key(|block| block.min_time));
    let before = requests(&reader);
    cold.blocks(10 * day, 11 * day - 1).await.unwrap();
    assert_eq!(requests(&reader), before, "lists never change: they are kept");

    let merged = block(writer.fresh_id(manifest.time()), 10 * day, 11 * day - 1);
    let remove = found.iter().map(|block| Removed::from(&**block)).collect();
    let change = Change { add: vec![merged.clone()], remove, ..Change::default() };
    let outcome = reader.commit(&cold, &change, manifest.time()).await.unwrap();
    let Committed::Committed(compacted) = outcome else { panic!("nobody else is here") };
    let left: Vec<Ulid> =
        compacted.blocks(10 * day, 11 * day - 1).await.unwrap().iter().map(|b| b.id).collect();
    assert_eq!(left, [merged.id]);
    assert_eq!(compacted.content().block_count(), 5_000 - 120 + 1);
    assert!(compacted.content().blocks.len() <= 256, "what was left of the list is in another one");
    assert_eq!(manifest.all_blocks().await.unwrap().len(), 5_000, "the version before is as it was");
}
