//! Ended at every point of a flush, over stores that behave and that do not: nothing is lost, nothing is there twice, and nothing is
//! left over once it was cleaned.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_ingester::{FlushHook, FlushPoint};
use mneme_model::TenantId;
use mneme_server::{Clock, SystemClock};
use mneme_wal::Wal;
use tokio::sync::Notify;

use crate::blocks::{everything, manifests};
use crate::flush::config;
use crate::support::{PARTITIONS, Running, counter, ingester_with, keys, records};

const HOUR: i64 = 3_600_000;
const NOW: i64 = 100_000 * HOUR;
const TENANTS: [&str; 3] = ["a", "b", "c"];
const NAMES: [&str; 4] = ["w", "x", "y", "z"];

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

/// Stops a flush for ever where it comes by a point for the n-th time.
struct Stop {
    point: FlushPoint,
    left: AtomicI64,
    stopped: Arc<Notify>,
}

impl FlushHook for Stop {
    fn reached(&self, point: FlushPoint, _: Option<&TenantId>) -> BoxFuture<'static, ()> {
        if point != self.point || self.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return std::future::ready(()).boxed();
        }
        self.stopped.notify_one();
        std::future::pending().boxed()
    }
}

/// What was sent: by tenant, name and time. A sample's time is its identity.
#[derive(Default)]
struct Ledger {
    sure: BTreeMap<(String, String, i64), f64>,
    perhaps: BTreeMap<(String, String, i64), f64>,
    next: i64,
}

impl Ledger {
    /// Samples of now and, some of them, of long ago, of a few series of all tenants.
    async fn write(&mut self, wal: &Wal, random: &mut Random) {
        for tenant in TENANTS {
            let mut samples = Vec::new();
            for _ in 0..=random.below(3) {
                self.next += 1;
                let age = if random.below(4) == 0 { 30 * HOUR } else { 0 };
                let name = NAMES[random.below(4) as usize];
                samples.push((name, NOW - age + self.next * 1000, random.below(9) as f64));
            }
            let key = |(name, t, _): &(&str, i64, f64)| (tenant.to_owned(), (*name).to_owned(), *t);
            self.perhaps.extend(samples.iter().map(|sample| (key(sample), sample.2)));
            if wal.append(&records(tenant, &samples)).await.is_ok() {
                self.sure.extend(samples.iter().map(|sample| (key(sample), sample.2)));
            }
        }
    }

    /// What is held is what was sent, once.
    async fn check(&self, running: &Running, bucket: &Bucket, context: &str) {
        for tenant in TENANTS {
            let found = everything(&running.ingester, bucket, tenant).await;
            for ((name, t), values) in &found {
                let sent = self.perhaps.get(&(tenant.to_owned(), name.clone(), *t));
                assert_eq!(
                    values.iter().collect::<Vec<_>>(),
                    Vec::from_iter(sent),
                    "{context}: {tenant} {name} {t}"
                );
            }
            for (_, name, t) in self.sure.keys().filter(|key| key.0 == tenant) {
                assert!(found.contains_key(&(name.clone(), *t)), "{context}: {tenant} {name} {t} is lost");
            }
        }
    }
}

fn bucket(fake: &Arc<Fake>) -> Bucket {
    let options = Options {
        // Each file of a block comes in several parts.
        part_bytes: 700,
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(20),
        retry_backoff: Duration::from_millis(20),
        ..Options::default()
    };
    Bucket::new(fake.clone(), options)
}

async fn start(bucket: &Bucket, context: &str) -> Running {
    let registry = prometheus::Registry::new();
    let ingester = ingester_with(bucket, config(), &registry);
    ingester.replay().await.expect(context);
    for name in [
        "mneme_ingester_corrupt_checkpoints_total",
        "mneme_ingester_checkpoint_gaps_total",
        "mneme_ingester_missing_total",
        "mneme_ingester_lost_partitions_total",
    ] {
        assert_eq!(counter(&registry, name), 0.0, "{context}: {name}");
    }
    Running::of(ingester, registry)
}

async fn join(bucket: &Bucket, seed: u64) -> Option<Wal> {
    let parts = mneme_wal::Parts {
        instance: "test".to_owned(),
        zone: String::new(),
        deliver: Arc::new(mneme_wal::DeliverNowhere),
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::seeded(seed)),
        on_commit: None,
    };
    Wal::join(bucket.clone(), mneme_wal::Config::default(), parts).await.ok()
}

/// Lives of which each but the last ends at the point; returns how many did.
async fn one(point: FlushPoint, seed: u64) -> u64 {
    let mut random = Random(seed);
    let fake = Arc::new(Fake::new(seed, Faults::none()));
    let bucket = bucket(&fake);
    let mut ledger = Ledger::default();
    let mut stops = 0;
    for life in 0..3 {
        let context = format!("{point:?}, seed {seed}, life {life}");
        let running = start(&bucket, &context).await;
        ledger.check(&running, &bucket, &context).await;
        let stopped = Arc::new(Notify::new());
        let left = AtomicI64::new(1 + random.below(4) as i64);
        running.ingester.set_flush_hook(Arc::new(Stop { point, left, stopped: stopped.clone() }));
        let Some(wal) = join(&bucket, seed * 100 + life).await else { continue };
        ledger.write(&wal, &mut random).await;
        fake.set_faults(if random.below(2) == 0 { Faults::nasty() } else { Faults::none() });
        let work = async {
            for _ in 0..3 {
                ledger.write(&wal, &mut random).await;
                let _ = running.ingester.flush(None).await;
            }
        };
        tokio::select! {
            () = stopped.notified() => stops += 1,
            _ = tokio::time::timeout(Duration::from_secs(200), work) => {}
        }
        running.kill().await;
        drop(wal);
        fake.set_faults(Faults::none());
    }
    at_rest(&bucket, &ledger, &format!("{point:?}, seed {seed}")).await;
    stops
}

/// A last life without an end in the middle: everything is in blocks, once, and nothing is left over.
async fn at_rest(bucket: &Bucket, ledger: &Ledger, context: &str) {
    let begun = SystemClock.now_ms();
    let running = start(bucket, context).await;
    ledger.check(&running, bucket, context).await;
    // What has just been written is no orphan yet.
    while SystemClock.now_ms() <= begun {
        tokio::task::yield_now().await;
    }
    for _ in 0..2 {
        let report = running.ingester.flush(None).await.expect(context);
        assert!(report.failed.is_empty(), "{context}: {:?}", report.failed);
    }
    ledger.check(&running, bucket, context).await;
    for tenant in TENANTS {
        assert!(crate::support::held(&running.ingester, tenant).await.is_empty(), "{context}: {tenant}");
        let name = TenantId::new(tenant).unwrap();
        let verified = manifests(bucket).verify(&name).await.unwrap();
        assert_eq!((verified.problems.len(), verified.orphans), (0, 0), "{context}: {:?}", verified.problems);
    }
    let cut = running.cut();
    running.saved(cut + 3).await;
    running.stop().await;
    let left = keys(bucket, "partitions").await.len();
    assert!(left <= 3 * usize::from(PARTITIONS), "{context}: {left} checkpoints are left");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_doubled_or_left_over_by_an_end_at_any_point_of_a_flush() {
    for point in FlushPoint::ALL {
        let mut stops = 0;
        for seed in 0..SEEDS {
            stops += one(point, seed).await;
        }
        println!("{point:?}: {stops} ends there, {SEEDS} seeds");
        assert!(stops > 0, "{point:?} is never come by");
    }
}

/// For each of the points.
const SEEDS: u64 = 100;
