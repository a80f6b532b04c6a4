//! The whole life of a WAL on a bucket that misbehaves, on a seed: writers that append, crash, come back, are sealed and
//! truncated, one of them stopped for hours; an owner that cuts, saves, truncates, dies and starts from what it saved. At the
//! end every acknowledged sample is there once, bit for bit, and nothing that nobody sent.
//!
//! Simulated time: 200 seeds take half a minute. More of them: `cargo test -p mneme-wal --test faults -- --ignored`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail by panicking, and tells its figures"
)]

#[path = "support/gate.rs"]
mod gate;
#[path = "support/owner.rs"]
mod owner;
mod support;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use gate::Gate;
use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{Bucket, Options};
use mneme_model::TenantId;
use mneme_wal::{Compression, Config, DeliverNowhere, Records, Wal};
use owner::{Owner, Saved};
use parking_lot::Mutex;
use support::{Sample, Value, add_series, parts, series};

/// A number stream of its own for each actor.
#[derive(Clone)]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    fn ms(&mut self, n: u64) -> Duration {
        Duration::from_millis(self.below(n))
    }
}

/// What was sent and what was promised. A sample's time is its identity.
#[derive(Default)]
struct Ledger {
    next: AtomicI64,
    sent: Mutex<HashMap<i64, Sample>>,
    acknowledged: Mutex<HashSet<i64>>,
    refused: AtomicI64,
}

/// All that the actors share.
struct World {
    seed: u64,
    fake: Arc<Fake>,
    ledger: Ledger,
    /// Little happens, so that hours pass quickly.
    night: AtomicBool,
    over: AtomicBool,
}

fn bucket(store: Arc<dyn mneme_bucket::Store>) -> Bucket {
    let options = Options {
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(20),
        retry_backoff: Duration::from_millis(10),
        ..Options::default()
    };
    Bucket::new(store, options)
}

impl World {
    /// Appends until it is dropped.
    async fn client(&self, wal: &Wal, gate: &Gate, client: u64, mut numbers: Numbers) {
        let tenant = format!("tenant-{}", client % 2);
        loop {
            gate.opened().await;
            let mut records = Records::new(TenantId::new(&tenant).unwrap());
            let mut times = Vec::new();
            for _ in 0..=numbers.below(4) {
                let labels = series("faults", numbers.below(20));
                let index = add_series(&mut records, &labels);
                let (t, bits) = (self.ledger.next.fetch_add(1, Ordering::Relaxed), numbers.next());
                records.float(index, t, f64::from_bits(bits), 0);
                times.push(t);
                let value = Value::Float { bits, st: 0 };
                self.ledger.sent.lock().insert(t, Sample { tenant: tenant.clone(), labels, t, value });
            }
            match wal.append(&records).await {
                Ok(_) => self.ledger.acknowledged.lock().extend(times),
                Err(_) => drop(self.ledger.refused.fetch_add(1, Ordering::Relaxed)),
            }
            let night = self.night.load(Ordering::Relaxed);
            tokio::time::sleep(numbers.ms(if night { 600_000 } else { 250 })).await;
        }
    }

    /// One process after the other, each until it crashes or is closed.
    async fn process(&self, number: u64, gate: &Arc<Gate>, mut numbers: Numbers) {
        let mut life = 0;
        while !self.over.load(Ordering::Relaxed) {
            life += 1;
            let config = Config {
                max_segment_bytes: 1024 + numbers.below(2048) as usize,
                max_buffered_bytes: 16 << 10,
                max_reference_bytes: if numbers.below(3) == 0 { 4096 } else { 1 << 20 },
                compression: if numbers.below(2) == 0 { Compression::Zstd } else { Compression::None },
                append_timeout: Duration::from_secs(8),
                log_poll_interval: Duration::from_secs(10),
                ..Config::default()
            };
            let seed = self.seed * 1000 + number * 100 + life;
            let joined =
                Wal::join(bucket(Arc::clone(gate) as Arc<_>), config, parts(seed, Arc::new(DeliverNowhere)));
            let Ok(wal) = joined.await else { continue };
            let length = Duration::from_secs(1) + numbers.ms(if number == 0 { 60_000 } else { 15_000 });
            let streams = [(); 2].map(|()| Numbers(numbers.next()));
            let [a, b] = streams;
            tokio::select! {
                () = self.client(&wal, gate, 0, a) => {}
                () = self.client(&wal, gate, 1, b) => {}
                () = self.end_of_life(length) => {}
            }
            gate.opened().await;
            if numbers.below(3) == 0 {
                wal.close(Duration::from_secs(5)).await;
            }
            // Else dropped without a word: a crash between any two steps.
        }
    }

    /// By night nobody dies: a process that is stopped is not dead.
    async fn end_of_life(&self, length: Duration) {
        tokio::time::sleep(length).await;
        while self.night.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }

    /// Cuts, saves and truncates; sometimes it dies and goes on from what it saved.
    async fn own(&self, saved: &mut Saved, mut numbers: Numbers) {
        let mut owner = self.owner(&mut numbers);
        while !self.over.load(Ordering::Relaxed) {
            let night = self.night.load(Ordering::Relaxed);
            tokio::time::sleep(if night { Duration::from_secs(900) } else { numbers.ms(8_000) }).await;
            // An owner that did not get through has lost nothing but what it read.
            if owner.cut(saved).await.is_none() || numbers.below(3) == 0 {
                owner = self.owner(&mut numbers);
            }
        }
    }

    fn owner(&self, numbers: &mut Numbers) -> Owner {
        Owner::new(bucket(Arc::clone(&self.fake) as Arc<_>), numbers.next())
    }

    /// Day, a night in which one process stands still, and another day.
    async fn pass(&self, sleeper: &Gate, mut numbers: Numbers) {
        tokio::time::sleep(Duration::from_secs(8) + numbers.ms(8_000)).await;
        sleeper.set_open(false);
        self.night.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(3600) + numbers.ms(7_200_000)).await;
        self.night.store(false, Ordering::Relaxed);
        sleeper.set_open(true);
        tokio::time::sleep(Duration::from_secs(10) + numbers.ms(8_000)).await;
        self.over.store(true, Ordering::Relaxed);
    }
}

/// What became of one seed.
#[derive(Debug, Default)]
struct Figures {
    acknowledged: usize,
    refused: i64,
    requests: u64,
    cuts: u64,
    seals: u64,
    truncated: u64,
    lost: usize,
    doubled: usize,
    wrong: usize,
}

async fn run(seed: u64) -> Figures {
    let fake = Arc::new(Fake::new(seed, Faults::nasty()));
    let world = World {
        seed,
        fake: Arc::clone(&fake),
        ledger: Ledger::default(),
        night: AtomicBool::new(false),
        over: AtomicBool::new(false),
    };
    let mut numbers = Numbers(seed ^ 0xfa17);
    let gates: Vec<Arc<Gate>> = (0..2 + seed % 2).map(|_| Gate::new(&fake)).collect();
    let mut saved = Saved::default();
    let processes: Vec<_> =
        (0..).zip(&gates).map(|(n, gate)| world.process(n, gate, Numbers(numbers.next()))).collect();
    let (own, pass) = (Numbers(numbers.next()), Numbers(numbers.next()));
    tokio::join!(
        futures::future::join_all(processes),
        world.own(&mut saved, own),
        world.pass(&gates[0], pass)
    );
    fake.set_faults(Faults::none());
    let mut owner = world.owner(&mut numbers);
    owner.read(&saved).await.unwrap();
    let mut figures = Figures {
        refused: world.ledger.refused.load(Ordering::Relaxed),
        requests: fake.requests(),
        cuts: saved.cuts,
        seals: saved.seals,
        truncated: saved.truncated,
        ..Figures::default()
    };
    count(&world.ledger, saved.below.into_iter().chain(owner.above()), &mut figures);
    figures
}

fn count(ledger: &Ledger, found: impl Iterator<Item = Sample>, figures: &mut Figures) {
    let (sent, acknowledged) = (ledger.sent.lock(), ledger.acknowledged.lock());
    let mut seen: HashSet<i64> = HashSet::new();
    for sample in found {
        figures.wrong += usize::from(sent.get(&sample.t) != Some(&sample));
        figures.doubled += usize::from(!seen.insert(sample.t));
    }
    figures.acknowledged = acknowledged.len();
    figures.lost = acknowledged.iter().filter(|t| !seen.contains(t)).count();
}

fn run_all(seeds: std::ops::Range<u64>) {
    let mut total = Figures::default();
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let figures = runtime.block_on(run(seed));
        let Figures { lost, doubled, wrong, .. } = figures;
        assert_eq!((lost, doubled, wrong), (0, 0, 0), "seed {seed}: lost, doubled, wrong: {figures:?}");
        total.acknowledged += figures.acknowledged;
        total.refused += figures.refused;
        total.requests += figures.requests;
        total.cuts += figures.cuts;
        total.seals += figures.seals;
        total.truncated += figures.truncated;
    }
    println!("{count} seeds: {total:?}");
    let each = |n: u64| n >= count;
    assert!(each(total.cuts) && each(total.seals) && each(total.truncated), "it must happen: {total:?}");
    assert!(total.acknowledged as u64 > 100 * count, "it must acknowledge something: {total:?}");
}

// Two halves, so that two cores share them.
#[test]
fn nothing_acknowledged_is_lost_doubled_or_wrong() {
    run_all(0..100);
}

#[test]
fn nothing_acknowledged_is_lost_doubled_or_wrong_on_another_hundred_seeds() {
    run_all(100..200);
}

#[test]
#[ignore = "ten times as many: minutes"]
fn nothing_acknowledged_is_lost_doubled_or_wrong_on_two_thousand_seeds() {
    run_all(200..2200);
}
