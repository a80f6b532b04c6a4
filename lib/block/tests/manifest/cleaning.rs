//! Cleaning: the floor first, then what no live version lists, when it is old enough by the bucket's clock.

use std::sync::Arc;
use std::time::Duration;

use mneme_block::manifest::{Change, CleanOptions, Cleaned, Committed, Manifest, Manifests, Removed, Void};
use mneme_block::meta::BlockMeta;
use mneme_bucket::fake::{Fake, Faults};

use crate::support::{HOUR, block, flush, is_there, manifests, tenant, upload};

const DAY: i64 = 24 * HOUR;
const OPTIONS: CleanOptions =
    CleanOptions { version_age: Duration::from_secs(24 * 3600), orphan_age: Duration::from_secs(2 * 3600) };

async fn write(manifests: &Manifests, now: i64) -> BlockMeta {
    let block = block(manifests.fresh_id(now), now, now + HOUR);
    upload(manifests.bucket(), &tenant(), &block).await;
    block
}

async fn committed(manifests: &Manifests, base: &Manifest, change: &Change, now: i64) -> Manifest {
    match manifests.commit(base, change, now).await.unwrap() {
        Committed::Committed(manifest) => manifest,
        Committed::Void { why, .. } => panic!("{why}"),
    }
}

#[tokio::test]
async fn orphans_go_at_their_age_and_can_be_committed_no_more() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let manifests = manifests(&fake, 1);
    let mut now = 1000 * DAY;
    fake.set_now(now);
    let none = manifests.newest(&tenant()).await.unwrap();
    let (orphan, listed) = (write(&manifests, now).await, write(&manifests, now).await);
    committed(&manifests, &none, &flush(1, 0, 3, listed.clone()), now).await;
    assert_eq!(manifests.clean(&tenant(), now, OPTIONS).await.unwrap(), Cleaned::default(), "too young");
    now += 2 * HOUR + 1;
    fake.set_now(now);
    let late = write(&manifests, now).await;
    let cleaned = manifests.clean(&tenant(), now, OPTIONS).await.unwrap();
    assert_eq!((cleaned.blocks, cleaned.objects, cleaned.lists), (1, 3, 0));
    assert!(!is_there(&fake, &tenant(), &orphan));
    assert!(is_there(&fake, &tenant(), &listed) && is_there(&fake, &tenant(), &late));
    match manifests.commit(&none, &flush(2, 0, 3, orphan), now).await.unwrap() {
        Committed::Void { why: Void::BelowFloor { .. }, newest } => assert_eq!(newest.version(), 2),
        other => panic!("{other:?}"),
    }
    committed(&manifests, &none, &flush(2, 0, 3, late), now).await;
}

#[tokio::test]
async fn a_young_object_of_an_old_id_stays() {
    // Its author's clock is days behind, or its upload has taken long: it must not be deleted under his hands.
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let manifests = manifests(&fake, 1);
    fake.set_now(1000 * DAY);
    let young = block(manifests.fresh_id(10 * DAY), 0, HOUR);
    upload(manifests.bucket(), &tenant(), &young).await;
    let cleaned = manifests.clean(&tenant(), 1000 * DAY, OPTIONS).await.unwrap();
    assert_eq!(cleaned.objects, 0);
    assert!(is_there(&fake, &tenant(), &young));
    let none = manifests.newest(&tenant()).await.unwrap();
    let outcome = manifests.commit(&none, &flush(1, 0, 3, young), 1000 * DAY).await.unwrap();
    assert!(
        matches!(outcome, Committed::Void { why: Void::BelowFloor { .. }, .. }),
        "but it cannot be committed"
    );
}

#[tokio::test]
async fn replaced_blocks_and_versions_live_a_day_past_their_successor() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let manifests = manifests(&fake, 1);
    let mut now = 1000 * DAY;
    fake.set_now(now);
    let old = write(&manifests, now).await;
    let mut manifest = manifests.newest(&tenant()).await.unwrap();
    manifest = committed(&manifests, &manifest, &flush(1, 0, 3, old.clone()), now).await;
    now += 3 * DAY;
    fake.set_now(now);
    let new = write(&manifests, now).await;
    let replace = Change { add: vec![new.clone()], remove: vec![Removed::from(&old)], ..Change::default() };
    let pinned = manifest.clone();
    manifest = committed(&manifests, &manifest, &replace, now).await;
    now += DAY - 1;
    fake.set_now(now);
    manifests.clean(&tenant(), now, OPTIONS).await.unwrap();
    assert!(is_there(&fake, &tenant(), &old), "a query that pinned the version before reads it still");
    assert_eq!(pinned.all_blocks().await.unwrap().len(), 1);
    now += 2;
    fake.set_now(now);
    manifest = manifests.refresh(&manifest).await.unwrap();
    committed(&manifests, &manifest, &flush(1, 3, 4, write(&manifests, now).await), now).await;
    let cleaned = manifests.clean(&tenant(), now, OPTIONS).await.unwrap();
    assert_eq!((cleaned.versions, cleaned.blocks), (1, 1), "{cleaned:?}");
    assert!(!is_there(&fake, &tenant(), &old) && is_there(&fake, &tenant(), &new));
    let verified = manifests.verify(&tenant()).await.unwrap();
    assert_eq!((verified.blocks, verified.orphans), (2, 0));
}

#[tokio::test]
async fn a_version_that_cannot_be_read_keeps_what_it_may_list() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let manifests = manifests(&fake, 1);
    fake.set_now(1000 * DAY);
    let (orphan, kept) = (write(&manifests, 1000 * DAY).await, write(&manifests, 1000 * DAY).await);
    let mut manifest = manifests.newest(&tenant()).await.unwrap();
    manifest = committed(&manifests, &manifest, &flush(1, 0, 3, kept.clone()), 1000 * DAY).await;
    let later = 1000 * DAY + 3 * HOUR;
    fake.set_now(later);
    committed(&manifests, &manifest, &flush(1, 3, 4, write(&manifests, later).await), later).await;
    let key = "tenants/team-a/manifest/00000000000000000001";
    let mut bytes = fake.peek(key).unwrap().to_vec();
    bytes[100] ^= 1;
    fake.poke(key, bytes.into());
    let error = manifests.clean(&tenant(), later, OPTIONS).await.unwrap_err().to_string();
    assert!(error.contains(key) && error.contains("byte 80") && error.contains("rollback"), "{error}");
    assert!(is_there(&fake, &tenant(), &orphan) && is_there(&fake, &tenant(), &kept));
}
