//! What it costs to pull series out of the heads, and what it costs that a series may be in several.
//!
//! `cargo bench -p mneme-ingester --bench select [-- SERIES]`; default 300000, of 6 labels and 30 samples each, held four times: by tenants whose
//! series are in one partition, in 8, in 64, and in 8 and then in 9 others, so that each is in two.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod support;

use std::sync::Arc;

use mneme_bucket::{AttemptIds, Bucket};
use mneme_ingester::{Config, Ingester, Parts};
use mneme_model::chunk::SeriesBatch;
use mneme_model::{Labels, Matcher, PartitionId, ReadHints, TenantId};
use mneme_proto::internal::ingester::{
    Delivery, DeliveryService as _, FetchBudget, QueryService as _, SeriesRequest,
};
use mneme_server::SystemClock;
use mneme_wal::{CommittedSegment, Records, Wal};

use support::Kept;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 2000;
const SAMPLES: i64 = 30;

fn labels(i: usize) -> Labels {
    let (target, metric) = (i / 500, i % 500);
    Labels::from_pairs([
        ("__name__", format!("process_something_{metric}_total")),
        ("cluster", "eu-west-production".to_owned()),
        ("instance", format!("10.{}.{}.7:9100", target / 250, target % 250)),
        ("job", format!("service-{}", target % 20)),
        ("namespace", format!("department-{}", target % 40)),
        ("pod", format!("worker-7c9d8b6f5-{target:05}")),
    ])
}

/// Sends the samples of `times`, the series spread over these partitions.
async fn send(
    wal: &Wal,
    kept: &Kept,
    ingester: &Ingester,
    tenant: &str,
    (count, partitions): (usize, std::ops::Range<u16>),
    times: std::ops::Range<i64>,
) {
    for from in (0..count).step_by(BATCH) {
        let mut records = Records::new(TenantId::new(tenant).unwrap());
        for i in from..count.min(from + BATCH) {
            let labels = labels(i);
            let hash = labels.view().hash(7);
            let of = partitions.start + (hash % u64::from(partitions.end - partitions.start)) as u16;
            let series = records.series(labels.view(), hash, PartitionId(of));
            for step in times.clone() {
                records.float(series, step * 15_000, (step * (i as i64 % 13)) as f64, 0);
            }
        }
        wal.append(&records).await.unwrap();
        let segments = std::mem::take(&mut *kept.0.lock());
        for segment in segments {
            let CommittedSegment { writer, seq, cut, sections } = (*segment).clone();
            assert!(!ingester.deliver(Delivery { writer, seq, cut, sections }).await.unwrap().behind);
        }
    }
}

/// Pulls all; tells how many series there are, and the nanoseconds until the first batch and of all.
async fn pull(ingester: &Ingester, tenant: &str, hints: &ReadHints) -> (u64, u64, u64) {
    let matchers = vec![Matcher::new(mneme_model::MatchOp::Regex, "__name__", ".+").unwrap()];
    let all = SeriesRequest::all_times(TenantId::new(tenant).unwrap(), matchers);
    let request = SeriesRequest { hints: hints.clone(), ..all };
    let budget = Arc::new(FetchBudget::default());
    let begun = cpu();
    let mut answer = ingester.select(request, Arc::clone(&budget)).await.unwrap();
    let mut batch = SeriesBatch::new();
    let mut first = None;
    while let Some(_held) = answer.next_batch(&mut batch).unwrap() {
        first.get_or_insert_with(|| cpu() - begun);
    }
    (budget.found().series, first.unwrap_or_default(), cpu() - begun)
}

/// Nanoseconds of CPU time of this thread, as the kernel counts them.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn main() {
    let count: usize = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(300_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let kept = Arc::new(Kept::default());
    let parts = mneme_wal::Parts {
        instance: "bench".to_owned(),
        zone: String::new(),
        deliver: Arc::clone(&kept) as Arc<_>,
        now: Arc::new(|| 0),
        attempts: Arc::new(AttemptIds::seeded(2)),
        on_commit: None,
    };
    let parts_of_ingester = Parts {
        instance: "bench".to_owned(),
        bucket: Bucket::memory(),
        clock: Arc::new(SystemClock),
        registry: prometheus::Registry::new(),
        partitions: 64,
        attempts: Arc::new(AttemptIds::seeded(1)),
        exclusive: true,
        memory_bytes: 1 << 40,
        spill_directory: None,
    };
    let ingester = Ingester::new(Config::default(), parts_of_ingester).unwrap();
    runtime.block_on(async {
        let wal = Wal::join(Bucket::memory(), mneme_wal::Config::default(), parts).await.unwrap();
        ingester.replay().await.unwrap();
        for (tenant, partitions) in [("one", 0..1), ("eight", 0..8), ("all", 0..64)] {
            send(&wal, &kept, &ingester, tenant, (count, partitions), 0..SAMPLES).await;
        }
        send(&wal, &kept, &ingester, "moved", (count, 0..8), 0..SAMPLES / 2).await;
        send(&wal, &kept, &ingester, "moved", (count, 8..17), SAMPLES / 2..SAMPLES).await;
        println!(
            "\n{count} series; CPU per series in ns, best of five: until the first batch, and all of it"
        );
        println!("| partitions | newest sample, no labels | samples, one label | samples, all labels |");
        println!("|---|---|---|---|");
        for tenant in ["one", "eight", "all", "moved"] {
            let job = Some(["job".to_owned()].into());
            let hints = [
                ReadHints { labels: Some([].into()), newest_only: true },
                ReadHints { labels: job, newest_only: false },
                ReadHints::default(),
            ];
            let mut row = format!("| {tenant} |");
            for hints in hints {
                let mut best = (u64::MAX, u64::MAX);
                for _ in 0..5 {
                    let (found, first, whole) = pull(&ingester, tenant, &hints).await;
                    assert!(found >= count as u64);
                    best = (best.0.min(first), best.1.min(whole));
                }
                row +=
                    &format!(" {:.0}, {:.0} |", best.0 as f64 / count as f64, best.1 as f64 / count as f64);
            }
            println!("{row}");
        }
    });
}
