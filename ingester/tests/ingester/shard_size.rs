//! A tenant's shard size: what owners tell of it, what a flush makes of it, and that series may be anywhere meanwhile.

use std::collections::BTreeMap;

use mneme_block::manifest::{Change, Committed};
use mneme_bucket::Bucket;
use mneme_model::{Labels, PartitionId, TenantId};
use mneme_proto::internal::active::{ActiveSeries, ActiveSeriesService};
use mneme_wal::Records;
use proptest::prelude::*;

use crate::blocks::{Found, everything, in_blocks, manifest, manifests};
use crate::flush::config;
use crate::support::{PARTITIONS, Running, held, writer};

const NOW: i64 = 1_700_000_000_000;

fn tenant() -> TenantId {
    TenantId::new("t").unwrap()
}

/// A sample at `t` of each series, in the partition that is said; its value is its time.
fn placed(t: i64, series: &[(usize, u16)]) -> Records {
    let mut records = Records::new(tenant());
    for (name, partition) in series {
        let labels = Labels::from_pairs([("__name__", format!("n{name}").as_str()), ("job", "test")]);
        let series = records.series(labels.view(), labels.view().hash(7), PartitionId(*partition));
        records.float(series, t, t as f64, 0);
    }
    records
}

async fn known(running: &Running) -> (u64, u16, Option<u16>) {
    let ActiveSeries { series, partitions, decided } =
        running.ingester.active_series(&tenant()).await.unwrap();
    (series, partitions, decided.map(|decided| decided.partitions))
}

async fn set_size(bucket: &Bucket, size: u16) {
    let change = Change { shard_size: Some(size), ..Change::default() };
    let manifests = manifests(bucket);
    let base = manifests.newest(&tenant()).await.unwrap();
    assert!(matches!(manifests.commit(&base, &change, NOW).await.unwrap(), Committed::Committed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_flush_writes_the_size_and_a_start_knows_it() {
    let bucket = Bucket::memory();
    let running = Running::start(&bucket, config()).await;
    assert_eq!(known(&running).await, (0, 0, None), "never seen");
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&placed(NOW, &[(1, 0), (2, 3), (3, 3)])).await.unwrap();
    assert_eq!(known(&running).await, (3, 2, None), "as it is spread");
    running.ingester.flush(None).await.unwrap();
    assert_eq!(manifest(&bucket, "t").await.content().shard_size, Some(1));
    assert_eq!(known(&running).await, (0, 0, Some(1)));
    let before = running.ingester.active_series(&tenant()).await.unwrap().decided.unwrap().flushed;
    wal.append(&placed(NOW + 1, &[(1, 0)])).await.unwrap();
    running.ingester.flush(None).await.unwrap();
    let after = running.ingester.active_series(&tenant()).await.unwrap().decided.unwrap().flushed;
    assert!(after > before, "each flush decides: {before} {after}");
    running.stop().await;
    let running = Running::start(&bucket, config()).await;
    assert_eq!(known(&running).await, (0, 0, Some(1)), "by the manifest alone");
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&placed(NOW + 2, &[(1, 0), (2, 1)])).await.unwrap();
    running.kill().await;
    let running = Running::start(&bucket, config()).await;
    assert_eq!(known(&running).await, (2, 2, Some(1)), "the log is read again");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_flush_of_few_series_shrinks_a_tenant() {
    let bucket = Bucket::memory();
    set_size(&bucket, 4).await;
    let running = Running::start(&bucket, config()).await;
    assert_eq!(known(&running).await, (0, 0, Some(4)));
    let wal = writer(&bucket, &running.ingester, 0).await;
    wal.append(&placed(NOW, &[(1, 0), (2, 1), (3, 2), (4, 3)])).await.unwrap();
    running.ingester.flush(None).await.unwrap();
    assert_eq!(manifest(&bucket, "t").await.content().shard_size, Some(1));
    assert_eq!(known(&running).await, (0, 0, Some(1)));
    running.stop().await;
}

/// What one round sends, and what happens after it.
#[derive(Clone, Debug)]
struct Round {
    /// Over so many partitions new series are spread.
    size: u16,
    /// Which series come, and whether each stays where it was.
    series: Vec<(usize, bool)>,
    then: Then,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Nothing,
    Cut,
    Flush,
    Restart,
}

fn round() -> impl Strategy<Value = Round> {
    let then = prop_oneof![
        3 => Just(Then::Nothing),
        1 => Just(Then::Cut),
        1 => Just(Then::Flush),
        1 => Just(Then::Restart)
    ];
    let series = prop::collection::vec((0usize..8, any::<bool>()), 1..8);
    (1..=PARTITIONS, series, then).prop_map(|(size, series, then)| Round { size, series, then })
}

async fn story(rounds: Vec<Round>) {
    let bucket = Bucket::memory();
    let mut running = Running::start(&bucket, config()).await;
    let mut wal = writer(&bucket, &running.ingester, 0).await;
    let (mut want, mut last) = (Found::new(), BTreeMap::<usize, u16>::new());
    for (at, round) in rounds.iter().enumerate() {
        let t = NOW + at as i64 * 1000;
        let mut sent = BTreeMap::new();
        for (series, stays) in &round.series {
            let fresh = *series as u16 % round.size;
            let place = if *stays { *last.entry(*series).or_insert(fresh) } else { fresh };
            last.insert(*series, place);
            sent.insert(*series, place);
            want.insert((format!("n{series}"), t), vec![t as f64]);
        }
        let sent: Vec<_> = sent.into_iter().collect();
        wal.append(&placed(t, &sent)).await.unwrap();
        match round.then {
            Then::Nothing => {}
            Then::Cut => running.saved(running.cut() + 1).await,
            Then::Flush => drop(running.ingester.flush(None).await.unwrap()),
            Then::Restart => {
                drop(wal);
                running.kill().await;
                running = Running::start(&bucket, config()).await;
                wal = writer(&bucket, &running.ingester, 0).await;
            }
        }
        assert_eq!(everything(&running.ingester, &bucket, "t").await, want, "after round {at}");
    }
    running.ingester.flush(None).await.unwrap();
    assert_eq!(in_blocks(&bucket, "t").await, want);
    assert!(held(&running.ingester, "t").await.is_empty());
    running.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_sample_is_lost_or_doubled_wherever_its_series_moves(rounds in prop::collection::vec(round(), 1..10)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(story(rounds));
    }
}
