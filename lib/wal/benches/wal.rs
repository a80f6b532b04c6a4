//! What the WAL costs per sample: 100k series of 12 labels in requests of 2000 over 64 partitions, into a bucket in memory, committed four
//! requests at a time. One iteration is all of them: divide by 100,000 for a sample. "known" series are in the writer's catalog, as the
//! distributor names those that came before; the others come with their labels.
//! Physical limits by PERF (ns per sample): append of (time, value) to columns 20-30, zstd of raw columns 15; bytes are printed.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use criterion::{Criterion, criterion_group, criterion_main};
use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::{Labels, PartitionId, TenantId};
use mneme_wal::{
    CommittedSegment, Compression, Config, Deliver, Parts, Records, Section, SeriesId, Verdict, Wal,
};
use parking_lot::Mutex;

const SERIES: usize = 100_000;
const BATCH: usize = 2000;

/// Keeps the last segment.
#[derive(Default)]
struct Last(Mutex<Option<Arc<CommittedSegment>>>);

#[async_trait]
impl Deliver for Last {
    async fn deliver(&self, segment: Arc<CommittedSegment>) -> Verdict {
        *self.0.lock() = Some(segment);
        Verdict::default()
    }
}

fn labels(i: usize) -> Labels {
    let (target, metric) = (i / 500, i % 500);
    Labels::from_pairs([
        ("__name__", format!("component_requests_of_some_kind_{}_total", metric / 4)),
        ("cluster", format!("prod-eu-west-{}", target % 3)),
        ("namespace", format!("department-{}", target % 20)),
        ("job", format!("service-{}", target % 40)),
        ("instance", format!("10.0.{}.{}:8080", target / 250, target % 250)),
        ("pod", format!("service-{}-5d8f7c9b6d-{target:05x}", target % 40)),
        ("container", format!("service-{}", target % 40)),
        ("node", format!("ip-10-1-{}.eu-west-1.compute.internal", target % 97)),
        ("endpoint", "http-metrics".to_owned()),
        ("prometheus", "monitoring/k8s".to_owned()),
        ("method", ["GET", "POST", "PUT", "DELETE"][metric % 4].to_owned()),
        ("code", ["200", "404", "500"][metric / 4 % 3].to_owned()),
    ])
}

/// The mix of PERF's load generator, roughly.
fn value(i: usize, step: usize) -> f64 {
    match i % 10 {
        0..=3 => 1.0,
        4..=6 => (step * (i % 1000) + i) as f64,
        7 => ((step * 37 + i) % 100) as f64 / 100.0,
        8 => ((step * i) % 7) as f64,
        _ => ((step * 7919 + i) as f64).sqrt(),
    }
}

fn time(i: usize, step: usize) -> i64 {
    1_700_000_000_000 + 15_000 * step as i64 + (i / 500) as i64
}

/// Puts all series into the writer's catalog.
fn know(wal: &Wal) -> Vec<(SeriesId, PartitionId)> {
    let catalog = wal.catalog();
    let space = catalog.space(&TenantId::anonymous(), b"bench");
    let mut writer = catalog.write();
    let mut enrol = |i: usize| {
        let labels = labels(i);
        for (name, value) in labels.iter() {
            let piece = format!("{name}={value}");
            writer.piece(space, piece.as_bytes(), name, value).expect("a label has a name");
        }
        let hash = labels.view().hash(7);
        let partition = PartitionId::of_hash(hash, 64);
        (writer.add(space, hash, partition).expect("there is room"), partition)
    };
    (0..SERIES).map(&mut enrol).collect()
}

/// A scrape of series that the catalog knows.
fn scrape_known(wal: &Wal, known: &[(SeriesId, PartitionId)], step: usize) -> Vec<Records> {
    let batch = |(number, part): (usize, &[(SeriesId, PartitionId)])| {
        let mut records = Records::new(TenantId::anonymous());
        records.set_catalog(wal.catalog());
        for (place, &(id, partition)) in part.iter().enumerate() {
            let i = number * BATCH + place;
            let series = records.known_series(id, partition);
            records.float(series, time(i, step), value(i, step), 0);
        }
        records
    };
    known.chunks(BATCH).enumerate().map(batch).collect()
}

fn scrape(step: usize) -> Vec<Records> {
    (0..SERIES)
        .step_by(BATCH)
        .map(|first| {
            let mut records = Records::new(TenantId::anonymous());
            for i in first..first + BATCH {
                let labels = labels(i);
                let hash = labels.view().hash(7);
                let series = records.series(labels.view(), hash, PartitionId::of_hash(hash, 64));
                records.float(series, time(i, step), value(i, step), 0);
            }
            records
        })
        .collect()
}

async fn join(compression: Compression, last: &Arc<Last>) -> Wal {
    let bucket = Bucket::new(Arc::new(Fake::new(1, Faults::none())) as Arc<_>, Options::default());
    let parts = Parts {
        instance: "bench".to_owned(),
        zone: String::new(),
        deliver: Arc::clone(last) as Arc<_>,
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::seeded(1)),
        on_commit: None,
    };
    let config = Config { compression, commit_interval: Duration::ZERO, ..Config::default() };
    Wal::join(bucket, config, parts).await.expect("joins")
}

async fn append(wal: &Wal, requests: &[Records]) {
    for group in requests.chunks(4) {
        for result in futures::future::join_all(group.iter().map(|records| wal.append(records))).await {
            result.expect("is stored");
        }
    }
}

fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let last = Arc::new(Last::default());
    for (name, compression) in [("none", Compression::None), ("zstd", Compression::Zstd)] {
        let first = scrape(0);
        let wal = runtime.block_on(join(compression, &last));
        let known = know(&wal);
        // Each series gets its reference.
        runtime.block_on(append(&wal, &scrape_known(&wal, &known, 0)));
        let second = scrape_known(&wal, &known, 1);
        let before = wal.stats().stored_bytes();
        runtime.block_on(append(&wal, &second));
        let bytes = (wal.stats().stored_bytes() - before) as f64 / SERIES as f64;
        let state = wal.stats().reference_bytes() as f64 / SERIES as f64;
        println!(
            "compression {name}: {bytes:.2} bytes per sample in the bucket, {state:.0} bytes of state per series"
        );
        criterion.bench_function(
            &format!("append 100k samples of known series, compression {name}"),
            |bencher| {
                bencher.iter(|| runtime.block_on(append(&wal, &second)));
            },
        );
        criterion.bench_function(
            &format!("join and append 100k new series, compression {name}"),
            |bencher| {
                bencher.iter(|| {
                    runtime.block_on(async {
                        let wal = join(compression, &last).await;
                        append(&wal, &first).await;
                    });
                });
            },
        );
        runtime.block_on(append(&wal, &second));
    }
    let segment = last.0.lock().clone().expect("was delivered");
    let samples =
        || segment.sections.iter().map(|(_, raw)| Section::parse(raw.clone()).expect("valid").float_count());
    println!("the last segment has {} samples", samples().sum::<usize>());
    criterion.bench_function("decode a segment's sections", |bencher| {
        bencher.iter(|| {
            for (_, raw) in &segment.sections {
                let section = Section::parse(raw.clone()).expect("valid");
                section.floats().for_each(|float| {
                    black_box(float);
                });
            }
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = bench
}
criterion_main!(benches);
