//! A flush: what is in blocks leaves memory, once, and stays so.

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::Bucket;
use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_ingester::Config;
use mneme_model::TenantId;

use crate::blocks::{Found, everything, in_blocks, manifest, manifests};
use crate::support::{Running, counter, gauge, held, keys, quick, records, writer};

const HOUR: i64 = 3_600_000;
const NOW: i64 = 100_000 * HOUR;

pub(crate) fn config() -> Config {
    Config {
        flush_interval: Duration::ZERO,
        orphan_age: Duration::ZERO,
        version_age: Duration::ZERO,
        ..quick()
    }
}

fn tenant(name: &str) -> Option<TenantId> {
    Some(TenantId::new(name).unwrap())
}

fn sent(samples: &[(&str, i64, f64)]) -> Found {
    samples.iter().map(|(name, t, v)| (((*name).to_owned(), *t), vec![*v])).collect()
}

#[tokio::test(start_paused = true)]
async fn everything_is_in_blocks_and_leaves_memory_and_a_start_does_not_bring_it_back() {
    let bucket = Bucket::memory();
    let running = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    let old = [("a", NOW - 50 * HOUR, 1.0), ("b", NOW - 9 * HOUR, 2.0)];
    let new = [("a", NOW, 3.0), ("b", NOW, 4.0), ("b", NOW + 1000, f64::NAN), ("c", NOW - HOUR, 5.0)];
    wal.append(&records("t", &old)).await.unwrap();
    wal.append(&records("t", &new)).await.unwrap();
    wal.append(&records("u", &new[..1])).await.unwrap();
    let report = running.ingester.flush(None).await.unwrap();
    assert_eq!((report.tenants, report.blocks, report.samples, report.failed.len()), (2, 3, 7, 0));
    assert!(held(&running.ingester, "t").await.is_empty() && held(&running.ingester, "u").await.is_empty());
    assert_eq!(gauge(&running.registry, "mneme_ingester_flush_cut"), report.cut.0 as f64);
    let blocks = manifest(&bucket, "t").await.all_blocks().await.unwrap();
    let ranges: Vec<_> = blocks.iter().map(|block| (block.min_time, block.max_time)).collect();
    assert_eq!(ranges, [(NOW - 50 * HOUR, NOW - 9 * HOUR), (NOW - HOUR, NOW + 1000)], "late, current");
    let whole = in_blocks(&bucket, "t").await;
    assert_eq!(whole.len(), 6);
    assert!(whole[&("b".to_owned(), NOW + 1000)][0].is_nan());

    // More of the same series, and a second flush of it.
    let more = [("a", NOW + 5000, 6.0), ("d", NOW + 5000, 7.0)];
    wal.append(&records("t", &more)).await.unwrap();
    assert_eq!(held(&running.ingester, "t").await.len(), 2);
    let report = running.ingester.flush(tenant("t")).await.unwrap();
    assert_eq!((report.tenants, report.blocks, report.samples), (1, 1, 2));
    let again = running.ingester.flush(None).await.unwrap();
    assert_eq!((again.blocks, again.samples), (0, 0), "nothing new");
    running.kill().await;
    let running = Running::start(&bucket, config()).await;
    assert!(held(&running.ingester, "t").await.is_empty(), "marks are applied at the start");
    assert_eq!(in_blocks(&bucket, "t").await.len(), 8);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn checkpoints_and_segments_go_behind_the_marks_and_a_start_reads_little() {
    let bucket = Bucket::memory();
    let running = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    let mut all = Vec::new();
    for i in 0..12 {
        let sample = ("x", NOW + i * 1000, i as f64);
        wal.append(&records("t", &[sample])).await.unwrap();
        all.push(sample);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let before = keys(&bucket, "partitions").await.len();
    running.ingester.flush(None).await.unwrap();
    let flushed = running.cut();
    running.saved(flushed + 4).await;
    let few = 3 * usize::from(crate::support::PARTITIONS);
    let left = keys(&bucket, "partitions").await.len();
    assert!(before > few && left <= few, "{before} before, {left} left");
    wal.append(&records("t", &[("x", NOW + 60_000, 60.0)])).await.unwrap();
    all.push(("x", NOW + 60_000, 60.0));
    running.kill().await;
    let running = Running::start(&bucket, config()).await;
    for name in ["mneme_ingester_checkpoint_gaps_total", "mneme_ingester_lost_partitions_total"] {
        assert_eq!(counter(&running.registry, name), 0.0, "{name}: what is in blocks is not missing");
    }
    assert_eq!(held(&running.ingester, "t").await["x"], [(NOW + 60_000, 60.0)]);
    assert_eq!(everything(&running.ingester, &bucket, "t").await, sent(&all));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_cannot_be_committed_holds_nobody_up_and_loses_nothing() {
    let fake = Arc::new(Fake::new(7, Faults::none()));
    let bucket = Bucket::new(fake.clone(), mneme_bucket::Options::default());
    let running = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    for name in ["bad", "good"] {
        wal.append(&records(name, &[("x", NOW, 1.0), ("y", NOW, 2.0)])).await.unwrap();
    }
    fake.set_faults_for(Scope::everything().below("tenants/bad"), Faults::down());
    let report = running.ingester.flush(None).await.unwrap();
    assert_eq!((report.tenants, report.blocks), (1, 1));
    assert_eq!(report.failed.iter().map(|(tenant, _)| tenant.as_str()).collect::<Vec<_>>(), ["bad"]);
    assert_eq!(gauge(&running.registry, "mneme_ingester_flush_failing_tenants"), 1.0);
    assert!(held(&running.ingester, "good").await.is_empty());
    assert_eq!(held(&running.ingester, "bad").await.len(), 2);
    let cut = running.cut();
    running.saved(cut + 3).await;
    fake.set_faults(Faults::none());
    running.kill().await;

    let running = Running::start(&bucket, config()).await;
    assert_eq!(held(&running.ingester, "bad").await.len(), 2, "its checkpoints are kept");
    assert!(held(&running.ingester, "good").await.is_empty());
    let report = running.ingester.flush(None).await.unwrap();
    assert_eq!((report.samples, report.failed.len()), (2, 0));
    assert_eq!(everything(&running.ingester, &bucket, "bad").await.len(), 2);
    assert_eq!(everything(&running.ingester, &bucket, "good").await.len(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_owners_of_the_same_partitions_one_flush_counts() {
    let bucket = Bucket::memory();
    let first = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &first.ingester, 0).await;
    let samples: Vec<_> = (0..40).map(|i| ("x", NOW + i * 1000, i as f64)).collect();
    wal.append(&records("t", &samples[..20])).await.unwrap();
    // It believes that it is the primary as well: seals nobody, for it is not alone.
    let second = Running::shared(&bucket, config()).await;
    let (one, two) = tokio::join!(first.ingester.flush(None), second.ingester.flush(None));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.samples + two.samples, 20, "{one:?} {two:?}");
    assert_eq!(in_blocks(&bucket, "t").await, sent(&samples[..20]));
    wal.append(&records("t", &samples[20..])).await.unwrap();
    first.ingester.flush(None).await.unwrap();
    // The other has not heard of it.
    let stale = second.ingester.flush(None).await.unwrap();
    assert_eq!((stale.blocks, stale.failed.len()), (0, 0));
    assert_eq!(in_blocks(&bucket, "t").await, sent(&samples));
    for running in [&first, &second] {
        assert!(held(&running.ingester, "t").await.is_empty(), "both drop what the marks cover");
    }
    let tenant = TenantId::new("t").unwrap();
    let verified = manifests(&bucket).verify(&tenant).await.unwrap();
    assert_eq!((verified.problems.len(), verified.orphans), (0, 0), "{:?}", verified.problems);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn memory_that_is_short_brings_a_flush_about() {
    let bucket = Bucket::memory();
    let config = Config { flush_head_bytes: 1, ..config() };
    let running = Running::start(&bucket, config).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&records("t", &[("x", NOW, 1.0)])).await.unwrap();
    let flushed = || counter(&running.registry, "mneme_ingester_flushed_samples_total") == 1.0;
    crate::support::until("a flush", flushed).await;
    assert_eq!(in_blocks(&bucket, "t").await, sent(&[("x", NOW, 1.0)]));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_flushes_everything_where_that_is_wanted() {
    let bucket = Bucket::memory();
    let config = Config { flush_on_shutdown: true, ..config() };
    let running = Running::start(&bucket, config).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&records("t", &[("x", NOW, 1.0)])).await.unwrap();
    assert!(wal.close(Duration::from_secs(5)).await);
    running.stop().await;
    assert_eq!(in_blocks(&bucket, "t").await, sent(&[("x", NOW, 1.0)]));
}

#[tokio::test(start_paused = true)]
async fn orphans_of_a_tenant_that_sends_nothing_any_more_are_cleaned_too() {
    let bucket = Bucket::memory();
    let orphan = "tenants/silent/blocks/01ARZ3NDEKTSV4RRFFQ69G5FAV/0000/samples.parquet";
    bucket.put(orphan, bytes::Bytes::from_static(b"of a flush that came to no end")).await.unwrap();
    let running = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&records("t", &[("x", NOW, 1.0)])).await.unwrap();
    running.ingester.flush(None).await.unwrap();
    assert!(bucket.head(orphan).await.is_err(), "it is deleted");
    assert_eq!(in_blocks(&bucket, "t").await, sent(&[("x", NOW, 1.0)]));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_until_the_tenant_is_flushed() {
    let fake = Arc::new(Fake::new(7, Faults::none()));
    let bucket = Bucket::new(fake.clone(), mneme_bucket::Options::default());
    let running = Running::start(&bucket, config()).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&records("bad", &[("x", NOW, 1.0)])).await.unwrap();
    fake.set_faults_for(Scope::everything().below("tenants/bad"), Faults::down());
    let report = running.ingester.flush(None).await.unwrap();
    assert_eq!(report.failed.len(), 1, "{report:?}");
    assert_eq!(counter(&running.registry, "mneme_ingester_flush_failures_total"), 1.0);
    let last = || gauge(&running.registry, "mneme_ingester_flush_last_success_timestamp_seconds");
    assert_eq!(last(), 0.0);
    fake.set_faults(Faults::none());
    running.ingester.flush(tenant("bad")).await.unwrap();
    assert_eq!(gauge(&running.registry, "mneme_ingester_flush_failing_tenants"), 0.0);
    running.ingester.flush(None).await.unwrap();
    assert!(last() > 0.0);
    assert_eq!(in_blocks(&bucket, "bad").await, sent(&[("x", NOW, 1.0)]));
    running.stop().await;
}
