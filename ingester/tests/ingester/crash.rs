//! Ended at any moment over a store that misbehaves, again and again: nothing acknowledged is lost, and nothing is there twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_ingester::Config;
use mneme_wal::DeliverNowhere;

use crate::support::{Running, counter, held, ingester_with, quick, records};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

async fn one(seed: u64) {
    let mut random = Random(seed);
    let fake = Arc::new(Fake::new(seed, Faults::none()));
    let options = Options {
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(20),
        retry_backoff: Duration::from_millis(20),
        ..Options::default()
    };
    let bucket = Bucket::new(fake.clone(), options);
    let mut sure: BTreeMap<i64, f64> = BTreeMap::new();
    let mut perhaps: BTreeMap<i64, f64> = BTreeMap::new();
    let mut next = 0i64;
    for life in 0..6 {
        let context = format!("seed {seed}, life {life}");
        let config = Config { poll_interval: Duration::from_millis(50 + random.below(500)), ..quick() };
        let registry = prometheus::Registry::new();
        let ingester = ingester_with(&bucket, config, &registry);
        ingester.replay().await.expect(&context);
        // What was not acknowledged may be there, what was must be, and nothing else.
        let found: BTreeMap<i64, f64> =
            held(&ingester, "a").await.remove("x").unwrap_or_default().into_iter().collect();
        for (t, v) in &sure {
            assert_eq!(found.get(t), Some(v), "{context}: acknowledged, t = {t}");
        }
        for (t, v) in &found {
            assert!(sure.get(t).or_else(|| perhaps.get(t)) == Some(v), "{context}: t = {t} was never sent");
        }
        for name in [
            "mneme_ingester_corrupt_checkpoints_total",
            "mneme_ingester_checkpoint_gaps_total",
            "mneme_ingester_missing_total",
            "mneme_ingester_lost_partitions_total",
        ] {
            assert_eq!(counter(&registry, name), 0.0, "{context}: {name}");
        }
        let running = Running::of(ingester, registry);
        let parts = mneme_wal::Parts {
            instance: "test".to_owned(),
            zone: String::new(),
            deliver: Arc::new(DeliverNowhere),
            now: Arc::new(|| 0),
            attempts: Arc::new(AttemptIds::seeded(seed * 100 + life)),
            on_commit: None,
        };
        let Ok(wal) = mneme_wal::Wal::join(bucket.clone(), mneme_wal::Config::default(), parts).await else {
            continue;
        };
        fake.set_faults(if random.below(2) == 0 { Faults::nasty() } else { Faults::none() });
        let ends = random.below(6000);
        let write = async {
            loop {
                let (t, v) = (next, random.below(100) as f64);
                next += 1;
                perhaps.insert(t, v);
                if wal.append(&records("a", &[("x", t, v)])).await.is_ok() {
                    sure.insert(t, v);
                }
                tokio::time::sleep(Duration::from_millis(random.below(300))).await;
            }
        };
        // The end comes at any await: within a create, between two deletes.
        let _ended = tokio::time::timeout(Duration::from_millis(ends), write).await;
        running.kill().await;
        drop(wal);
        fake.set_faults(Faults::none());
    }
    assert!(!sure.is_empty(), "seed {seed}: something was written");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_doubled_by_an_end_at_any_moment() {
    for seed in 0..40 {
        one(seed).await;
    }
}
