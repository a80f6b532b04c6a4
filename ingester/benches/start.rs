//! What a start costs: checkpoints and segments of so many series, written once, then loaded by a new ingester.
//!
//! `cargo bench -p mneme-ingester --bench start -- <series> <samples per series and generation> <generations> <samples in the tail>`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it cannot go on"
)]

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::{AttemptIds, Bucket};
use mneme_ingester::{Config, Ingester, Parts};
use mneme_model::{Cut, Labels, PartitionId, TenantId};
use mneme_server::SystemClock;
use mneme_wal::{DeliverNowhere, Records, Wal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PARTITIONS: u16 = 64;
/// Series of one request.
const BATCH: usize = 5000;

fn ingester(bucket: &Bucket, registry: &prometheus::Registry) -> Ingester {
    let config = Config {
        cut_interval: Duration::from_secs(1_000_000),
        poll_interval: Duration::from_millis(50),
        ..Config::default()
    };
    let parts = Parts {
        instance: "bench".to_owned(),
        bucket: bucket.clone(),
        clock: Arc::new(SystemClock),
        registry: registry.clone(),
        partitions: PARTITIONS,
        attempts: Arc::new(AttemptIds::random()),
        exclusive: true,
        memory_bytes: 1 << 40,
        spill_directory: None,
    };
    Ingester::new(config, parts).unwrap()
}

async fn writer(bucket: &Bucket) -> Wal {
    let parts = mneme_wal::Parts {
        instance: "bench".to_owned(),
        zone: String::new(),
        deliver: Arc::new(DeliverNowhere),
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::random()),
        on_commit: None,
    };
    Wal::join(bucket.clone(), mneme_wal::Config::default(), parts).await.unwrap()
}

/// Labels as Prometheus scrapes them: about 200 bytes.
fn labels(number: usize) -> Labels {
    let (instance, metric) = (number / 500, number % 500);
    Labels::from_pairs([
        ("__name__", format!("process_something_{metric}_total")),
        ("cluster", "eu-west-production".to_owned()),
        ("instance", format!("10.{}.{}.7:9100", instance / 250, instance % 250)),
        ("job", "kubernetes-service-endpoints".to_owned()),
        ("namespace", format!("department-{}", instance % 40)),
        ("pod", format!("worker-7c9d8b6f5-{instance:05}")),
    ])
}

/// A counter's value: most steps are small whole numbers.
fn value(number: usize, step: i64) -> f64 {
    (number as i64 * 17 + step * (number as i64 % 13)) as f64
}

async fn write(wal: &Wal, all: &[(Labels, u64)], steps: std::ops::Range<i64>) {
    let tenant = TenantId::new("bench").unwrap();
    for step in steps {
        for (batch, part) in all.chunks(BATCH).enumerate() {
            let mut records = Records::new(tenant.clone());
            for (place, (labels, hash)) in part.iter().enumerate() {
                // One large tenant: ten partitions.
                let partition = PartitionId::of_hash(*hash, 10);
                let series = records.series(labels.view(), *hash, partition);
                let jitter = (*hash % 7) as i64;
                records.float(series, step * 15_000 + jitter, value(batch * BATCH + place, step), 0);
            }
            wal.append(&records).await.unwrap();
        }
    }
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn metric(registry: &prometheus::Registry, name: &str) -> f64 {
    let families = registry.gather();
    let metric = families.iter().find(|family| family.name() == name).map(|family| &family.get_metric()[0]);
    metric.map_or(0.0, |metric| metric.get_gauge().get_value() + metric.get_counter().get_value())
}

async fn run(series: usize, samples: i64, generations: i64, tail: i64) {
    let bucket = Bucket::memory();
    let all: Vec<(Labels, u64)> = (0..series)
        .map(labels)
        .map(|labels| {
            let hash = labels.view().hash(7);
            (labels, hash)
        })
        .collect();
    let registry = prometheus::Registry::new();
    let first = ingester(&bucket, &registry);
    first.replay().await.unwrap();
    let (signal, drain) = mneme_server::drain::channel();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(first.clone().run(drain));
    let wal = writer(&bucket).await;
    let mut log = mneme_wal::Log::new(bucket.clone());
    let attempts = AttemptIds::random();
    let mut checkpoints = 0.0;
    for generation in 0..generations {
        write(&wal, &all, generation * samples..(generation + 1) * samples).await;
        // The heads are up to date before the cut, so that only the checkpoints are measured.
        let (_, last) = wal.committed();
        while metric(&registry, "mneme_ingester_segments_total") < last as f64 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let before = cpu();
        let cut = log.append_cut(0, &attempts).await.unwrap();
        wal.advance_cut(cut);
        while metric(&registry, "mneme_ingester_checkpoint_cut") < cut.0 as f64 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        checkpoints += cpu() - before;
        assert_eq!(cut, Cut(generation as u64 + 1));
    }
    let bytes = metric(&registry, "mneme_ingester_checkpoint_written_bytes_total");
    let per = |value: f64, generations: i64| value / series as f64 / generations.max(1) as f64;
    println!(
        "checkpoints: {generations} of {series} series with {samples} samples each: {:.2} CPU-s each, {:.1} bytes per series",
        checkpoints / generations.max(1) as f64,
        per(bytes, generations)
    );
    write(&wal, &all, generations * samples..generations * samples + tail).await;
    signal.start();
    while tasks.join_next().await.is_some() {}
    drop((first, wal));

    let registry = prometheus::Registry::new();
    let before = cpu();
    let again = ingester(&bucket, &registry);
    again.replay().await.unwrap();
    let spent = cpu() - before;
    let held = metric(&registry, "mneme_ingester_memory_series");
    assert_eq!(held as usize, series);
    println!(
        "start: {spent:.2} CPU-s for {generations} checkpoints and a tail of {tail} samples per series; {:.1} us per series",
        spent * 1e6 / series as f64
    );
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let at = |place: usize, default: usize| numbers.get(place).copied().unwrap_or(default);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(at(0, 20_000), at(1, 20) as i64, at(2, 2) as i64, at(3, 10) as i64));
}
