//! A flush and deletions: what was deleted is in no block, what came later is, also where the deletion comes in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use mneme_block::manifest::{Change, Committed, Tombstone, TombstoneMatcher};
use mneme_bucket::Bucket;
use mneme_ingester::{FlushHook, FlushPoint};
use mneme_model::{Cut, MatchOp, TenantId};
use ulid::Ulid;

use crate::blocks::{in_blocks, manifest, manifests};
use crate::flush::config;
use crate::support::{Running, records, writer};

const NOW: i64 = 360_000_000_000;

/// Of the series `gone`, over all times.
fn tombstone(id: u64, below: u64) -> Tombstone {
    let name = TombstoneMatcher { name: "__name__".to_owned(), op: MatchOp::Equal, value: "gone".to_owned() };
    Tombstone {
        id: Ulid::from_parts(id, 0),
        matchers: vec![name],
        start: 0,
        end: i64::MAX,
        below: Cut(below),
    }
}

async fn delete(bucket: &Bucket, tombstone: Tombstone) {
    let (manifests, tenant) = (manifests(bucket), TenantId::new("t").unwrap());
    let change = Change { add_tombstones: vec![tombstone], ..Change::default() };
    let newest = manifests.newest(&tenant).await.unwrap();
    let committed = manifests.commit(&newest, &change, NOW).await.unwrap();
    assert!(matches!(committed, Committed::Committed(_)), "{committed:?}");
}

/// Deletes once the first block of a flush is written.
struct Meanwhile {
    bucket: Bucket,
    tombstone: Tombstone,
    done: AtomicBool,
}

impl FlushHook for Meanwhile {
    fn reached(&self, point: FlushPoint, _: Option<&TenantId>) -> BoxFuture<'static, ()> {
        if point != FlushPoint::CurrentWritten || self.done.swap(true, Ordering::SeqCst) {
            return std::future::ready(()).boxed();
        }
        let (bucket, tombstone) = (self.bucket.clone(), self.tombstone.clone());
        async move { delete(&bucket, tombstone).await }.boxed()
    }
}

fn values(found: &crate::blocks::Found) -> Vec<(&str, i64, f64)> {
    found.iter().map(|((name, t), values)| (name.as_str(), *t - NOW, values[0])).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_is_in_no_block_and_what_was_sent_again_is() {
    let bucket = Bucket::memory();
    let running = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&records("t", &[("gone", NOW, 1.0), ("gone", NOW + 1, 2.0), ("kept", NOW, 3.0)]))
        .await
        .unwrap();
    let cut = running.cut();
    running.saved(cut + 2).await;
    delete(&bucket, tombstone(5, cut + 2)).await;
    wal.append(&records("t", &[("gone", NOW + 1, 4.0), ("gone", NOW + 2, 5.0)])).await.unwrap();
    let report = running.ingester.flush(None).await.unwrap();
    assert_eq!((report.blocks, report.samples), (1, 3));
    let found = in_blocks(&bucket, "t").await;
    assert_eq!(values(&found), [("gone", 1, 4.0), ("gone", 2, 5.0), ("kept", 0, 3.0)]);
    let blocks = manifest(&bucket, "t").await.all_blocks().await.unwrap();
    assert_eq!(
        blocks[0].carried_out,
        [Ulid::from_parts(5, 0)],
        "so that readers do not apply it to what came later"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_in_the_middle_of_a_flush_makes_it_void_and_the_next_try_carries_it_out() {
    let bucket = Bucket::memory();
    let running = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&records("t", &[("gone", NOW, 1.0), ("kept", NOW, 3.0)])).await.unwrap();
    let cut = running.cut();
    running.saved(cut + 2).await;
    wal.append(&records("t", &[("gone", NOW + 2, 5.0)])).await.unwrap();
    let (hooked, tombstone) = (bucket.clone(), tombstone(5, cut + 2));
    running.ingester.set_flush_hook(Arc::new(Meanwhile {
        bucket: hooked,
        tombstone,
        done: AtomicBool::new(false),
    }));
    let report = running.ingester.flush(None).await.unwrap();
    assert_eq!((report.blocks, report.samples, report.failed.len()), (1, 2, 0));
    assert_eq!(values(&in_blocks(&bucket, "t").await), [("gone", 2, 5.0), ("kept", 0, 3.0)]);
    let of = |outcome: &str| {
        let families = running.registry.gather();
        let flushes = families.iter().find(|it| it.name() == "mneme_ingester_flushes_total").unwrap();
        let found = flushes.get_metric().iter().find(|it| it.get_label()[0].value() == outcome).unwrap();
        found.get_counter().get_value()
    };
    assert_eq!((of("void"), of("committed")), (1.0, 1.0));
    running.stop().await;
}
