//! A pinned version stays as it is; a newer one is found by little.

use std::sync::Arc;
use std::time::Duration;

use mneme_block::manifest::{Committed, Manifest, ManifestCache};
use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{Operation, OperationCounts};
use mneme_model::Cut;

use crate::support::{HOUR, block, flush, manifests, partition, tenant};

fn committed(outcome: Committed) -> Manifest {
    match outcome {
        Committed::Committed(manifest) => manifest,
        Committed::Void { why, .. } => panic!("{why}"),
    }
}

#[tokio::test]
async fn a_pinned_version_does_not_change_and_answers_by_time() {
    let manifests = manifests(&Arc::new(Fake::new(1, Faults::none())), 1);
    let none = manifests.newest(&tenant()).await.unwrap();
    assert_eq!(
        (none.version(), none.mark(partition(1)), none.all_blocks().await.unwrap().len()),
        (0, Cut(0), 0)
    );
    let early = block(manifests.fresh_id(5), 0, HOUR);
    let first = committed(manifests.commit(&none, &flush(1, 0, 3, early.clone()), 5).await.unwrap());
    let late = block(manifests.fresh_id(6), 2 * HOUR, 3 * HOUR);
    let second = committed(manifests.commit(&none, &flush(1, 3, 4, late.clone()), 6).await.unwrap());
    assert_eq!((first.version(), second.version()), (1, 2), "a stale base is no obstacle");
    assert_eq!((first.mark(partition(1)), second.mark(partition(1))), (Cut(3), Cut(4)));
    let ids =
        |blocks: Vec<Arc<mneme_block::meta::BlockMeta>>| blocks.iter().map(|b| b.id).collect::<Vec<_>>();
    assert_eq!(ids(first.all_blocks().await.unwrap()), [early.id]);
    assert_eq!(ids(second.all_blocks().await.unwrap()), [early.id, late.id]);
    assert_eq!(ids(second.blocks(HOUR + 1, 2 * HOUR).await.unwrap()), [late.id]);
    assert!(second.blocks(HOUR + 1, 2 * HOUR - 1).await.unwrap().is_empty());
    assert_eq!(*second.all_blocks().await.unwrap()[0], early, "what is listed is what was committed");
}

#[tokio::test(start_paused = true)]
async fn a_cache_asks_only_when_an_answer_is_too_old_and_once_for_many() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let writer = manifests(&fake, 1);
    let reader = manifests(&fake, 2);
    let cache = ManifestCache::new(reader.clone(), 2);
    let gets = || reader.bucket().stats().of(Operation::Get);
    let age = Duration::from_secs(30);
    assert_eq!(cache.get(&tenant(), age).await.unwrap().version(), 0);
    let base = writer.newest(&tenant()).await.unwrap();
    let _ = writer.commit(&base, &flush(1, 0, 3, block(writer.fresh_id(5), 0, HOUR)), 5).await.unwrap();
    assert_eq!(cache.get(&tenant(), age).await.unwrap().version(), 0, "young enough");
    tokio::time::advance(age + Duration::from_secs(1)).await;
    let name = tenant();
    let many = futures::future::join_all((0..20).map(|_| cache.get(&name, age))).await;
    assert!(many.into_iter().all(|found| found.unwrap().version() == 1));
    let before: OperationCounts = gets();
    tokio::time::advance(age + Duration::from_secs(1)).await;
    cache.get(&tenant(), age).await.unwrap();
    assert_eq!(
        gets().requests - before.requests,
        2,
        "nothing new: the next number, and whether ours is there"
    );
    assert_eq!(cache.get(&tenant(), Duration::ZERO).await.unwrap().version(), 1);
    for other in ["b", "c", "d"] {
        cache.get(&mneme_model::TenantId::new(other).unwrap(), age).await.unwrap();
    }
    assert_eq!(cache.get(&tenant(), age).await.unwrap().version(), 1, "forgotten, and found again");
}
