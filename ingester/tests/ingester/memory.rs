//! Short of memory: samples go to disk, then nothing more is taken; never an answer that is not whole.

use mneme_bucket::Bucket;
use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_ingester::{Config, Ingester, Parts};
use mneme_proto::internal::ingester::{Error, QueryService};
use std::sync::Arc;
use std::time::Duration;

use crate::support::{PARTITIONS, Running, counter, everything, gauge, held, quick, records, until, writer};

async fn start(bucket: &Bucket, config: Config, spill: &std::path::Path) -> Running {
    let registry = prometheus::Registry::new();
    let parts = Parts {
        instance: "test".to_owned(),
        bucket: bucket.clone(),
        clock: Arc::new(mneme_server::SystemClock),
        registry: registry.clone(),
        partitions: PARTITIONS,
        attempts: Arc::new(mneme_bucket::AttemptIds::random()),
        exclusive: true,
        memory_bytes: 0,
        spill_directory: Some(spill.to_owned()),
    };
    let ingester = Ingester::new(config, parts).unwrap();
    ingester.replay().await.unwrap();
    Running::of(ingester, registry)
}

/// Samples that compress badly, `count` of each of `series` series.
async fn fill(wal: &mneme_wal::Wal, series: usize, times: std::ops::Range<i64>) {
    let names: Vec<String> = (0..series).map(|number| format!("m{number}")).collect();
    for t in times {
        let noise = |number: usize| ((number as i64 * 7919 + t * 104_729) as f64).sin();
        let samples: Vec<_> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), t * 997, noise(n))).collect();
        wal.append(&records("a", &samples)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn samples_over_the_budget_go_to_disk_and_are_answered_from_there() {
    let directory = tempfile::tempdir().unwrap();
    let spill = directory.path().join("spill");
    std::fs::create_dir_all(&spill).unwrap();
    std::fs::write(spill.join("old"), b"of a process before").unwrap();
    let bucket = Bucket::memory();
    let config = Config { max_head_bytes: 2 << 20, ..quick() };
    let running = start(&bucket, config.clone(), &spill).await;
    assert!(!spill.join("old").exists());
    let wal = writer(&bucket, &running.ingester, 0).await;
    let mut rounds = 0;
    while counter(&running.registry, "mneme_ingester_spilled_bytes_total") < 1e6 {
        fill(&wal, 1000, rounds * 100..(rounds + 1) * 100).await;
        rounds += 1;
        assert!(rounds < 50, "{}", gauge(&running.registry, "mneme_ingester_memory_bytes"));
    }
    until("room", || gauge(&running.registry, "mneme_ingester_behind") == 0.0).await;
    let found = held(&running.ingester, "a").await;
    assert_eq!((found.len(), found["m7"].len()), (1000, 100 * rounds as usize));
    running.kill().await;
    // The start keeps to the budget as well.
    let running = start(&bucket, config, &spill).await;
    assert!(counter(&running.registry, "mneme_ingester_spilled_bytes_total") > 0.0);
    assert_eq!(held(&running.ingester, "a").await, found);
}

#[tokio::test(start_paused = true)]
async fn too_many_series_stop_reading_and_answering_but_not_writing() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = Bucket::memory();
    let config = Config { max_head_bytes: 1 << 20, ..quick() };
    let running = start(&bucket, config, &directory.path().join("spill")).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    fill(&wal, 30_000, 0..2).await;
    until("the warning", || gauge(&running.registry, "mneme_ingester_behind") == 1.0).await;
    assert!(matches!(
        running.ingester.select(everything("a"), Arc::default()).await,
        Err(Error::NotReady(_))
    ));
    assert!(wal.append(&records("a", &[("x", 1, 1.0)])).await.unwrap().behind, "durable, without a verdict");
    running.kill().await;
    let running = Running::start(&bucket, quick()).await;
    let found = held(&running.ingester, "a").await;
    assert_eq!((found.len(), found["x"].as_slice()), (30_001, &[(1, 1.0)][..]));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_cannot_be_flushed_goes_to_disk_and_nobody_else_is_held_up() {
    let directory = tempfile::tempdir().unwrap();
    let fake = Arc::new(Fake::new(3, Faults::none()));
    let bucket = Bucket::new(fake.clone(), mneme_bucket::Options::default());
    let config = Config {
        max_head_bytes: 3 << 20,
        flush_head_bytes: 2 << 20,
        flush_interval: Duration::ZERO,
        orphan_age: Duration::ZERO,
        version_age: Duration::ZERO,
        ..quick()
    };
    let running = start(&bucket, config, &directory.path().join("spill")).await;
    let wal = writer(&bucket, &running.ingester, 0).await;
    fake.set_faults_for(Scope::everything().below("tenants/bad"), Faults::down());
    let names: Vec<String> = (0..200).map(|number| format!("m{number}")).collect();
    let mut sent = 0;
    for t in 0..2500i64 {
        let noise = |number: usize| ((number as i64 * 7919 + t * 104_729) as f64).sin();
        let samples: Vec<_> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), t * 997, noise(n))).collect();
        for tenant in ["bad", "good"] {
            wal.append(&records(tenant, &samples)).await.unwrap();
        }
        sent += samples.len();
        assert_eq!(gauge(&running.registry, "mneme_ingester_behind"), 0.0, "after {t} scrapes");
    }
    let spilled = counter(&running.registry, "mneme_ingester_spilled_bytes_total");
    let memory = gauge(&running.registry, "mneme_ingester_memory_bytes");
    assert!(spilled > 1e6 && memory < f64::from(4u32 << 20), "{spilled} spilled, {memory} in memory");
    let report = running.ingester.flush(None).await.unwrap();
    assert_eq!(report.failed.iter().map(|(tenant, _)| tenant.as_str()).collect::<Vec<_>>(), ["bad"]);
    assert!(held(&running.ingester, "good").await.is_empty());
    let count = |found: std::collections::BTreeMap<String, Vec<(i64, f64)>>| {
        found.values().map(Vec::len).sum::<usize>()
    };
    assert_eq!(count(held(&running.ingester, "bad").await), sent, "nothing is lost");
    assert_eq!(crate::blocks::in_blocks(&bucket, "good").await.len(), sent);
    running.stop().await;
}
