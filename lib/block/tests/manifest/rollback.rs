//! A rollback undoes compactions and deletions, and keeps what flushes brought.

use std::sync::Arc;
use std::time::Duration;

use mneme_block::manifest::{
    Change, Committed, Diff, Manifest, Manifests, Removed, RollbackOptions, Tombstone,
};
use mneme_block::meta::BlockMeta;
use mneme_bucket::fake::{Fake, Faults};
use mneme_model::Cut;
use ulid::Ulid;

use crate::support::{HOUR, block, flush, manifests, partition, tenant};

const DAY: i64 = 24 * HOUR;
const AGE: Duration = Duration::from_secs(24 * 3600);

fn to(version: u64) -> RollbackOptions {
    RollbackOptions { to: version, over_broken: false, version_age: AGE }
}

async fn commit(manifests: &Manifests, base: &Manifest, change: &Change) -> Manifest {
    match manifests.commit(base, change, base.time() + 1).await.unwrap() {
        Committed::Committed(manifest) => manifest,
        Committed::Void { why, .. } => panic!("{why}"),
    }
}

/// 1, 2: flushes. 3: a compaction of both, and a deletion. 4: a flush. 5: a compaction of all.
async fn history(fake: &Arc<Fake>) -> (Manifests, Vec<BlockMeta>, Manifest) {
    fake.set_now(1000 * DAY);
    let manifests = manifests(fake, 1);
    let blocks: Vec<BlockMeta> =
        (0..5).map(|at| block(manifests.fresh_id(1000 * DAY), at * HOUR, (at + 1) * HOUR)).collect();
    let mut at = manifests.newest(&tenant()).await.unwrap();
    at = commit(&manifests, &at, &flush(1, 0, 2, blocks[0].clone())).await;
    at = commit(&manifests, &at, &flush(2, 0, 2, blocks[1].clone())).await;
    let id = Ulid::from_parts(9, 9);
    let tombstone = Tombstone { id, matchers: Vec::new(), start: 0, end: 5, below: Cut(2) };
    let merge = |add: usize, remove: &[usize]| Change {
        add: vec![blocks[add].clone()],
        remove: remove.iter().map(|at| Removed::from(&blocks[*at])).collect(),
        ..Change::default()
    };
    let third = Change { add_tombstones: vec![tombstone], ..merge(2, &[0, 1]) };
    at = commit(&manifests, &at, &third).await;
    at = commit(&manifests, &at, &flush(1, 2, 5, blocks[3].clone())).await;
    at = commit(&manifests, &at, &merge(4, &[2, 3])).await;
    (manifests, blocks, at)
}

async fn listed(manifest: &Manifest) -> Vec<Ulid> {
    manifest.all_blocks().await.unwrap().iter().map(|block| block.id).collect()
}

#[tokio::test]
async fn compactions_and_deletions_are_undone_and_flushes_stay() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let (manifests, blocks, newest) = history(&fake).await;
    let rolled = manifests.rollback(&tenant(), to(2), 1000 * DAY + HOUR).await.unwrap();
    let now = rolled.manifest;
    assert_eq!(now.version(), 6);
    assert_eq!(listed(&now).await, [blocks[0].id, blocks[1].id, blocks[3].id]);
    assert_eq!(rolled.kept, [blocks[3].id]);
    assert_eq!((now.mark(partition(1)), now.mark(partition(2))), (Cut(5), Cut(2)), "marks never go back");
    assert!(now.content().tombstones.is_empty());
    let diff = Diff::between(&newest, &now).await.unwrap();
    let ids = |blocks: &[Arc<BlockMeta>]| blocks.iter().map(|block| block.id).collect::<Vec<_>>();
    assert_eq!((ids(&diff.removed), diff.added.len()), (vec![blocks[4].id], 3));
    assert_eq!((diff.marks.len(), diff.tombstones_removed.len(), diff.tombstones_added.len()), (0, 1, 0));
}

#[tokio::test]
async fn what_cannot_be_gone_back_to_is_refused() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let (manifests, ..) = history(&fake).await;
    for (version, now, words) in [
        (5, 1000 * DAY, "not older than the newest"),
        (0, 1000 * DAY, "not older than the newest"),
        (2, 1001 * DAY, "is about to be deleted"),
    ] {
        let error = manifests.rollback(&tenant(), to(version), now).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    fake.remove("tenants/team-a/manifest/00000000000000000002");
    let error = manifests.rollback(&tenant(), to(2), 1000 * DAY).await.unwrap_err().to_string();
    assert!(error.contains("version 2 is gone"), "{error}");
}

#[tokio::test]
async fn a_broken_newest_version_is_passed_over_only_where_that_is_wanted() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let (manifests, blocks, _) = history(&fake).await;
    let key = "tenants/team-a/manifest/00000000000000000005";
    let half = fake.peek(key).unwrap().slice(..100);
    fake.poke(key, half);
    let error = manifests.rollback(&tenant(), to(4), 1000 * DAY).await.unwrap_err().to_string();
    assert!(error.contains(key), "{error}");
    let options = RollbackOptions { over_broken: true, ..to(4) };
    let rolled = manifests.rollback(&tenant(), options, 1000 * DAY).await.unwrap();
    assert_eq!((rolled.manifest.version(), rolled.broken.len()), (6, 1));
    assert_eq!(listed(&rolled.manifest).await, [blocks[2].id, blocks[3].id]);
    assert_eq!(manifests.newest(&tenant()).await.unwrap().version(), 6, "the tenant can be read again");
}
