//! Many requests, few segments: order, verdicts, cuts, seals, budgets, closing.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use mneme_bucket::AttemptIds;
use mneme_bucket::fake::Faults;
use mneme_model::{Cut, PartitionId, TenantId};
use mneme_wal::{AppendError, Config, Conflict, Log, Records, Section, Verdict, Wal, seal};
use support::{Collect, add_series, bucket_over, good_fake, join, one_float, parts, read_back, series};

#[tokio::test(start_paused = true)]
async fn a_thousand_concurrent_requests_share_few_segments_and_keep_their_order() {
    let bucket = bucket_over(&good_fake());
    let collect = Arc::new(Collect::default());
    let wal = Wal::join(bucket.clone(), Config::default(), parts(1, collect.clone())).await.unwrap();
    let requests: Vec<Records> =
        (0..1000).map(|n| one_float("t", &series("m", n % 50), n as i64, n as f64)).collect();
    let appended = futures::future::join_all(requests.iter().map(|records| wal.append(records))).await;
    let seqs: Vec<u64> = appended.into_iter().map(|appended| appended.unwrap().seq).collect();
    assert!(seqs.is_sorted(), "an earlier request is never in a later segment");
    assert!(wal.stats().segments() < 20, "{} segments", wal.stats().segments());
    let replayed = read_back(&bucket).await;
    let times: Vec<i64> = replayed.segments.values().flatten().map(|sample| sample.t).collect();
    assert_eq!(times.len(), 1000);
    let delivered = collect.segments.lock();
    assert!(
        delivered.iter().map(|segment| segment.seq).eq(1..=delivered.len() as u64),
        "in order, each once"
    );
    let definitions: usize = delivered
        .iter()
        .flat_map(|segment| &segment.sections)
        .map(|(_, raw)| Section::parse(raw.clone()).unwrap().definition_count())
        .sum();
    assert_eq!(definitions, 50, "each series is written once per cut");
}

#[tokio::test(start_paused = true)]
async fn conflicts_come_back_as_the_numbers_of_the_request() {
    let bucket = bucket_over(&good_fake());
    let collect = Arc::new(Collect::default());
    let wal = Wal::join(bucket, Config::default(), parts(1, collect.clone())).await.unwrap();
    let mut records = Records::new(TenantId::anonymous());
    let partitions = [3, 0, 3, 3, 0].map(PartitionId);
    for (n, partition) in partitions.into_iter().enumerate() {
        let labels = series("m", n as u64);
        let index = records.series(labels.view(), n as u64, partition);
        assert_eq!(records.float(index, 1, 1.0, 0), n as u32);
    }
    let conflicts = vec![
        Conflict { partition: PartitionId(3), ordinal: 2 },
        Conflict { partition: PartitionId(0), ordinal: 0 },
        Conflict { partition: PartitionId(3), ordinal: 9 },
    ];
    *collect.verdict.lock() = Verdict { conflicts, behind: false };
    let appended = wal.append(&records).await.unwrap();
    assert_eq!(appended.conflicts, [1, 3]);
    assert!(!appended.behind);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_hangs_never_fails_a_write() {
    let bucket = bucket_over(&good_fake());
    let collect = Arc::new(Collect::default());
    *collect.hang.lock() = true;
    let wal = Wal::join(bucket.clone(), Config::default(), parts(1, collect.clone())).await.unwrap();
    for n in 0..40 {
        let appended = wal.append(&one_float("t", &series("m", 1), n, 1.0)).await.unwrap();
        assert!(appended.behind);
    }
    assert_eq!(read_back(&bucket).await.segments.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_new_cut_restarts_references_and_an_idle_writer_says_that_it_knows() {
    let bucket = bucket_over(&good_fake());
    let collect = Arc::new(Collect::default());
    let wal = Wal::join(bucket.clone(), Config::default(), parts(1, collect.clone())).await.unwrap();
    let record = one_float("t", &series("m", 1), 1, 1.0);
    wal.append(&record).await.unwrap();
    let mut log = Log::new(bucket.clone());
    log.refresh().await.unwrap();
    assert_eq!(log.append_cut(0, &AttemptIds::seeded(9)).await.unwrap(), Cut(1));
    while wal.stats().empty_segments() == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let appended = wal.append(&record).await.unwrap();
    assert_eq!(appended.cut, Cut(1));
    let replayed = read_back(&bucket).await;
    assert_eq!(replayed.cuts.values().copied().collect::<Vec<_>>(), [0, 1, 1]);
    let segments = collect.segments.lock();
    let firsts: Vec<_> = segments
        .iter()
        .flat_map(|segment| &segment.sections)
        .map(|(_, raw)| Section::parse(raw.clone()).unwrap())
        .map(|section| (section.first_ref(), section.definition_count()))
        .collect();
    assert_eq!(firsts, [(0, 1), (0, 1)], "the series is defined anew after the cut");
}

#[tokio::test(start_paused = true)]
async fn two_owners_that_want_a_cut_make_one() {
    let bucket = bucket_over(&good_fake());
    let (mut a, mut b) = (Log::new(bucket.clone()), Log::new(bucket.clone()));
    let (ids_a, ids_b) = (AttemptIds::seeded(1), AttemptIds::seeded(2));
    let (cut_a, cut_b) = tokio::join!(a.append_cut(0, &ids_a), b.append_cut(0, &ids_b));
    assert_eq!((cut_a.unwrap(), cut_b.unwrap()), (Cut(1), Cut(1)));
    assert_eq!(a.append_cut(0, &ids_a).await.unwrap(), Cut(2));
}

#[tokio::test(start_paused = true)]
async fn a_sealed_writer_joins_again_and_sends_the_refused_batch() {
    let bucket = bucket_over(&good_fake());
    let wal = join(&bucket, 1).await;
    let first = wal.append(&one_float("t", &series("m", 1), 1, 1.0)).await.unwrap();
    let sealed = seal(&bucket, first.writer, 0, Cut(0), 0, &AttemptIds::seeded(5)).await.unwrap();
    assert_eq!(sealed, first.seq + 1);
    assert_eq!(seal(&bucket, first.writer, 0, Cut(0), 0, &AttemptIds::seeded(6)).await.unwrap(), sealed);
    let second = wal.append(&one_float("t", &series("m", 1), 2, 2.0)).await.unwrap();
    assert!(second.writer > first.writer);
    assert_eq!(second.seq, 1);
    let replayed = read_back(&bucket).await;
    assert_eq!(replayed.sealed[&first.writer], sealed);
    assert_eq!(
        replayed.segments[&(second.writer, 1)][0].labels,
        series("m", 1),
        "defined anew under the new number"
    );
    assert_eq!(replayed.unknown_references, 0);
    assert_eq!(wal.stats().rejoins(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_down_gives_deadlines_then_overload_and_recovers_by_itself() {
    let fake = good_fake();
    let bucket = bucket_over(&fake);
    let config = Config { max_buffered_bytes: 2048, max_segment_bytes: 1024, ..Config::default() };
    let collect = Arc::new(Collect::default());
    let wal = Wal::join(bucket.clone(), config, parts(1, collect)).await.unwrap();
    fake.set_faults(Faults { error_before: 1000, ..Faults::none() });
    let record = one_float("t", &series("m", 1), 1, 1.0);
    assert!(matches!(wal.append(&record).await, Err(AppendError::Deadline { .. })));
    let all = futures::future::join_all((0..40).map(|_| wal.append(&record))).await;
    assert!(all.iter().any(|result| matches!(result, Err(AppendError::TenantOverloaded { limit: 512, .. }))));
    assert!(all.iter().all(Result::is_err));
    fake.set_faults(Faults::none());
    let appended = loop {
        match wal.append(&record).await {
            Ok(appended) => break appended,
            Err(AppendError::TenantOverloaded { .. }) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(appended.seq >= 2, "what was waiting went first");
}

#[tokio::test(start_paused = true)]
async fn closing_commits_what_was_taken_in_and_seals() {
    let bucket = bucket_over(&good_fake());
    let wal = join(&bucket, 1).await;
    let records: Vec<Records> = (0..10).map(|n| one_float("t", &series("m", n), 1, 1.0)).collect();
    let appends = futures::future::join_all(records.iter().map(|records| wal.append(records)));
    let (appended, closed) = tokio::join!(appends, wal.close(Duration::from_secs(5)));
    assert!(closed);
    assert!(appended.iter().all(Result::is_ok), "{appended:?}");
    assert!(matches!(wal.append(&records[0]).await, Err(AppendError::Closed)));
    let replayed = read_back(&bucket).await;
    assert_eq!(replayed.segments.values().flatten().count(), 10);
    assert_eq!(replayed.sealed.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn series_of_two_tenants_with_equal_labels_stay_apart() {
    let bucket = bucket_over(&good_fake());
    let wal = join(&bucket, 1).await;
    for tenant in ["a", "b", "a"] {
        let mut records = Records::new(TenantId::new(tenant).unwrap());
        let index = add_series(&mut records, &series("m", 1));
        records.float(index, 1, 1.0, 0);
        wal.append(&records).await.unwrap();
    }
    let replayed = read_back(&bucket).await;
    let tenants: Vec<&str> =
        replayed.segments.values().flatten().map(|sample| sample.tenant.as_str()).collect();
    assert_eq!(tenants, ["a", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_moves_to_a_new_writer_keeps_its_tenants() {
    let bucket = bucket_over(&good_fake());
    let wal = join(&bucket, 1).await;
    // "a" is the writer's first tenant, but not the first one of the refused batch.
    let first = wal.append(&one_float("a", &series("m", 1), 1, 1.0)).await.unwrap();
    seal(&bucket, first.writer, 0, Cut(0), 0, &AttemptIds::seeded(5)).await.unwrap();
    let refused = ["b", "a", "c"].map(|tenant| one_float(tenant, &series("m", 1), 2, 2.0));
    for result in futures::future::join_all(refused.iter().map(|records| wal.append(records))).await {
        assert!(result.unwrap().writer > first.writer);
    }
    let replayed = read_back(&bucket).await;
    let tenants: Vec<&str> =
        replayed.segments.values().flatten().map(|sample| sample.tenant.as_str()).collect();
    assert_eq!(tenants, ["a", "b", "a", "c"]);
}
