//! A store that misbehaves, a writer that dies at any moment, a stranger that seals: what was acknowledged is there, in the
//! segment that the acknowledgement named, once, bit for bit.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{AttemptIds, Bucket};
use mneme_model::{Cut, TenantId, WriterId};
use mneme_wal::{Compression, Config, DeliverNowhere, Records, Wal, seal};
use parking_lot::Mutex;
use support::{Sample, Value, add_series, bucket_over, parts, read_back, series};

/// A number stream of its own for each seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }
}

type Acknowledged = Mutex<Vec<((WriterId, u64), Vec<Sample>)>>;

/// Appends until it is stopped; every sample has a time of its own.
async fn client(wal: &Wal, client: u64, numbers: &mut Numbers, acknowledged: &Acknowledged) {
    let tenant = format!("tenant-{}", client % 2);
    let mut records = Records::new(TenantId::new(&tenant).unwrap());
    loop {
        records.reset(TenantId::new(&tenant).unwrap());
        let mut sent = Vec::new();
        for _ in 0..=numbers.below(6) {
            let labels = series("crash", numbers.below(30));
            let index = add_series(&mut records, &labels);
            let (t, bits) = (numbers.next() as i64 >> 1, numbers.next());
            let st = if numbers.below(3) == 0 { 17 } else { 0 };
            records.float(index, t, f64::from_bits(bits), st);
            let tenant = tenant.clone();
            sent.push(Sample { tenant, labels, t, value: Value::Float { bits, st } });
        }
        if let Ok(appended) = wal.append(&records).await {
            acknowledged.lock().push(((appended.writer, appended.seq), sent));
        }
        tokio::time::sleep(Duration::from_millis(numbers.below(40))).await;
    }
}

/// Seals some writer at some time, and appends a cut at another.
async fn stranger(bucket: &Bucket, wal: &Wal, seed: u64, numbers: &mut Numbers) {
    let attempts = AttemptIds::seeded(seed ^ 0x5ea1);
    tokio::time::sleep(Duration::from_millis(numbers.below(3000))).await;
    if numbers.below(2) == 0 {
        let _ = seal(bucket, wal.committed().0, 0, Cut(0), 0, &attempts).await;
    }
    tokio::time::sleep(Duration::from_millis(numbers.below(3000))).await;
    let mut log = mneme_wal::Log::new(bucket.clone());
    if log.refresh().await.is_ok() && log.append_cut(0, &attempts).await.is_ok() {
        wal.advance_cut(log.cut());
    }
    std::future::pending::<()>().await;
}

async fn incarnation(bucket: &Bucket, seed: u64, numbers: &mut Numbers, acknowledged: &Acknowledged) {
    let config = Config {
        max_segment_bytes: 2048,
        max_reference_bytes: if seed.is_multiple_of(3) { 4096 } else { 1 << 20 },
        compression: if seed.is_multiple_of(2) { Compression::Zstd } else { Compression::None },
        append_timeout: Duration::from_secs(8),
        ..Config::default()
    };
    let Ok(wal) = Wal::join(bucket.clone(), config, parts(seed, Arc::new(DeliverNowhere))).await else {
        return;
    };
    let mut streams: Vec<Numbers> = (0..4).map(|_| Numbers(numbers.next())).collect();
    let [a, b, c, d] = streams.as_mut_slice() else { unreachable!() };
    let life = Duration::from_millis(numbers.below(12_000));
    tokio::select! {
        () = client(&wal, 0, a, acknowledged) => {}
        () = client(&wal, 1, b, acknowledged) => {}
        () = client(&wal, 2, c, acknowledged) => {}
        () = stranger(bucket, &wal, seed, d) => {}
        () = tokio::time::sleep(life) => {}
    }
    // Dropped without a word: the tasks end between any two steps.
}

#[tokio::test(start_paused = true)]
async fn nothing_acknowledged_is_lost_doubled_or_changed() {
    let mut total = 0;
    for seed in 0..60 {
        let fake = Arc::new(Fake::new(seed, Faults::nasty()));
        let bucket = bucket_over(&fake);
        let acknowledged = Acknowledged::default();
        let mut numbers = Numbers(seed);
        for life in 0..3 {
            incarnation(&bucket, seed * 100 + life, &mut numbers, &acknowledged).await;
        }
        fake.set_faults(Faults::none());
        let replayed = read_back(&bucket).await;
        assert_eq!(replayed.corrupt, [], "seed {seed}");
        assert_eq!(replayed.missing, [], "seed {seed}");
        assert_eq!(replayed.unknown_references, 0, "seed {seed}");
        let acknowledged = acknowledged.into_inner();
        total += acknowledged.len();
        for (place, sent) in acknowledged {
            let found = &replayed.segments[&place];
            for sample in sent {
                let times = found.iter().filter(|found| **found == sample).count();
                assert_eq!(times, 1, "seed {seed}: {sample:?} in {place:?}");
            }
        }
        assert_numbered_without_gaps(&replayed, seed);
    }
    assert!(total > 2000, "the test must acknowledge something: {total}");
}

fn assert_numbered_without_gaps(replayed: &support::Replayed, seed: u64) {
    let mut last = (WriterId(0), 0, 0);
    for ((writer, seq), cut) in &replayed.cuts {
        let (expected, floor) = if *writer == last.0 { (last.1 + 1, last.2) } else { (1, 0) };
        assert_eq!(*seq, expected, "seed {seed}: writer {writer}");
        assert!(*cut >= floor, "seed {seed}: a writer's cuts never go back");
        last = (*writer, *seq, *cut);
    }
}
