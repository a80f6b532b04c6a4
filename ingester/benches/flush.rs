//! What a flush costs, and the checkpoints before it: memory beside the heads', CPU, and bytes, for so many series of one tenant.
//!
//! `cargo bench -p mneme-ingester --bench flush -- <series> <samples per series>`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it cannot go on"
)]

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_ingester::{Config, Ingester, Parts};
use mneme_model::{Labels, PartitionId, TenantId};
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
        flush_interval: Duration::ZERO,
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

async fn write(wal: &Wal, series: usize, samples: i64) {
    let tenant = TenantId::new("bench").unwrap();
    for step in 0..samples {
        for first in (0..series).step_by(BATCH) {
            let mut records = Records::new(tenant.clone());
            for number in first..series.min(first + BATCH) {
                let labels = labels(number);
                let hash = labels.view().hash(7);
                // One large tenant: ten partitions.
                let index = records.series(labels.view(), hash, PartitionId::of_hash(hash, 10));
                records.float(index, step * 15_000 + (hash % 7) as i64, value(number, step), 0);
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

/// A line of the process's status, in MiB.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let found = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    found.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<f64>().unwrap() / 1024.0
}

fn metric(registry: &prometheus::Registry, name: &str) -> f64 {
    let families = registry.gather();
    let metric = families.iter().find(|family| family.name() == name).map(|family| &family.get_metric()[0]);
    metric.map_or(0.0, |metric| metric.get_gauge().get_value() + metric.get_counter().get_value())
}

/// The heads' own count, in MiB.
fn heads_of(registry: &prometheus::Registry) -> f64 {
    metric(registry, "mneme_ingester_memory_bytes") / 1_048_576.0
}

/// The peak begins anew.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

async fn run(series: usize, samples: i64) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display());
    let bucket = Bucket::open(&url, Options::default()).await.unwrap();
    let registry = prometheus::Registry::new();
    let ingester = ingester(&bucket, &registry);
    ingester.replay().await.unwrap();
    let (signal, drain) = mneme_server::drain::channel();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(ingester.clone().run(drain));
    let wal = writer(&bucket).await;
    write(&wal, series, samples).await;
    let (_, last) = wal.committed();
    while metric(&registry, "mneme_ingester_segments_total") < last as f64 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The checkpoints of all this are made first, and measured apart from the flush.
    let (heads, before) = (heads_of(&registry), memory("VmRSS"));
    forget_peak();
    let mut log = mneme_wal::Log::new(bucket.clone());
    let cut = log.append_cut(0, &AttemptIds::random()).await.unwrap();
    wal.advance_cut(cut);
    while metric(&registry, "mneme_ingester_checkpoint_cut") < cut.0 as f64 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let saving = memory("VmHWM");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let saved = memory("VmRSS");
    forget_peak();
    let spent = cpu();
    let report = ingester.flush(None).await.unwrap();
    let (spent, flushing) = (cpu() - spent, memory("VmHWM"));
    let peak = saving.max(flushing);
    assert_eq!(report.samples, series as u64 * samples as u64);
    println!(
        "flush of {series} series with {samples} samples each: {spent:.2} CPU-s ({:.0} ns per sample), {} blocks of {:.3} bytes per sample",
        spent * 1e9 / report.samples as f64,
        report.blocks,
        report.bytes as f64 / report.samples as f64
    );
    println!(
        "memory: heads {heads:.0} MiB by their own count; process {before:.0} MiB before, at most {saving:.0} MiB while checkpoints were made, {saved:.0} MiB then, at most {flushing:.0} MiB in the flush, {:.0} MiB after: {:.2} times; heads and what came to them {:.2} times the heads",
        memory("VmRSS"),
        peak / before,
        (heads + peak - before) / heads,
    );
    signal.start();
    while tasks.join_next().await.is_some() {}
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let at = |place: usize, default: usize| numbers.get(place).copied().unwrap_or(default);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(at(0, 20_000), at(1, 20) as i64));
}
