//! A tenant whose limits do not say is spread over as few partitions as its active series need.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use harness::{Harness, NOW, SERIES_PER_PARTITION, message, series};
use mneme_model::Cut;
use mneme_proto::internal::active::{ActiveSeries, ShardSize};
use mneme_proto::remote_write::{Sample, Version};
use mneme_tenant::Limits;
use mneme_wal::Catalog;
use proptest::prelude::*;

/// Sends a sample of each series; returns their partitions.
fn push(harness: &Harness, version: Version, all: impl IntoIterator<Item = usize>) -> Vec<u16> {
    let names: Vec<String> = all.into_iter().map(|n| n.to_string()).collect();
    let labels: Vec<_> = names.iter().map(|n| [("__name__", "up"), ("n", n.as_str())]).collect();
    let samples = [Sample { t: NOW, v: 1.0, st: 0 }];
    let all: Vec<_> = labels.iter().map(|labels| series(labels, &samples)).collect();
    assert_eq!(harness.push(version, message(version, &all)).status / 100, 2);
    let stored = harness.log.stored.lock().unwrap();
    let records = stored.last().unwrap();
    (0..records.series_count() as u32).map(|at| records.partition(at).unwrap().0).collect()
}

fn distinct(places: &[u16]) -> usize {
    places.iter().collect::<BTreeSet<_>>().len()
}

/// A cut, a quarter of an hour later: nothing is known any more.
fn cut(harness: &Harness) {
    harness.clock.0.fetch_add(900_000, Ordering::Relaxed);
    *harness.log.catalog.lock().unwrap() = Arc::new(Catalog::new(1 << 20));
}

fn full() -> usize {
    SERIES_PER_PARTITION as usize
}

#[test]
fn all_of_a_small_tenant_is_in_one_partition() {
    let harness = Harness::new(Limits::default());
    for version in [Version::V1, Version::V2] {
        assert_eq!(distinct(&push(&harness, version, 0..full())), 1);
        cut(&harness);
    }
    assert_eq!(harness.metric("mneme_distributor_tenants{partitions=\"1\"} "), 1.0);
    assert_eq!(harness.owners.asked.load(Ordering::Relaxed), 2, "once a cut");
}

#[test]
fn a_tenant_grows_at_once_and_its_known_series_stay_known_where_they_are() {
    for version in [Version::V1, Version::V2] {
        let harness = Harness::new(Limits::default());
        let first = push(&harness, version, 0..full());
        let more = push(&harness, version, full()..4 * full());
        assert_eq!(distinct(&more), 4);
        let size = harness.log.catalog.lock().unwrap().size();
        assert_eq!(push(&harness, version, 0..full()), first);
        assert_eq!(push(&harness, version, full()..4 * full()), more);
        assert_eq!(harness.log.catalog.lock().unwrap().size(), size, "nothing was enrolled anew");
        assert_eq!(harness.metric("mneme_distributor_tenants{partitions=\"4\"} "), 1.0);
        assert_eq!(harness.metric("mneme_distributor_tenants{partitions=\"1\"} "), 0.0);
        assert_eq!(harness.metric("mneme_distributor_shard_changes_total{direction=\"grown\"} "), 3.0);
    }
}

#[test]
fn series_stay_where_they_are_over_cuts_and_new_ones_use_all_partitions() {
    let harness = Harness::new(Limits::default());
    let all = push(&harness, Version::V1, 0..4 * full());
    for version in [Version::V1, Version::V2, Version::V1] {
        cut(&harness);
        assert_eq!(push(&harness, version, 0..4 * full()), all);
    }
    cut(&harness);
    let new = push(&harness, Version::V1, 10_000..10_000 + full());
    let by_size_4 = Harness::new(Limits { ingestion_tenant_shard_size: 4, ..Limits::default() });
    assert_eq!(new, push(&by_size_4, Version::V1, 10_000..10_000 + full()));
    // Two cuts without them.
    cut(&harness);
    push(&harness, Version::V1, 0..1);
    let moved = push(&harness, Version::V1, full()..2 * full());
    assert_eq!(moved, push(&by_size_4, Version::V1, full()..2 * full()));
}

#[test]
fn a_start_goes_on_with_what_the_owners_know() {
    let decided = |partitions, cut| Some(ShardSize { partitions, flushed: Cut(cut) });
    for (told, want) in [
        (ActiveSeries { series: 0, partitions: 0, decided: decided(3, 9) }, 3),
        (ActiveSeries { series: 500, partitions: 5, decided: None }, 5),
        (ActiveSeries { series: 60, partitions: 33, decided: None }, 1),
    ] {
        let harness = Harness::new(Limits::default());
        *harness.owners.told.lock().unwrap() = Some(told);
        assert_eq!(distinct(&push(&harness, Version::V1, 0..full())), want, "{told:?}");
    }
}

#[test]
fn a_tenant_shrinks_after_a_flush_and_not_below_what_it_sends() {
    let harness = Harness::new(Limits::default());
    let decides = |partitions, cut| {
        let decided = Some(ShardSize { partitions, flushed: Cut(cut) });
        *harness.owners.told.lock().unwrap() = Some(ActiveSeries { decided, ..ActiveSeries::default() });
    };
    decides(8, 5);
    let spread = push(&harness, Version::V1, 0..full());
    assert_eq!(distinct(&spread), 8);
    decides(1, 6);
    assert_eq!(push(&harness, Version::V1, 0..full()), spread, "not before the next cut");
    cut(&harness);
    assert_eq!(distinct(&push(&harness, Version::V1, 0..full())), 1);
    assert_eq!(harness.metric("mneme_distributor_shard_changes_total{direction=\"shrunk\"} "), 1.0);
    push(&harness, Version::V1, full()..3 * full());
    decides(1, 7);
    cut(&harness);
    assert_eq!(distinct(&push(&harness, Version::V1, 5000..5000 + full())), 3);
}

#[test]
fn owners_that_do_not_answer_hold_nobody_up() {
    let harness = Harness::new(Limits::default());
    *harness.owners.told.lock().unwrap() = None;
    for _ in 0..3 {
        assert_eq!(distinct(&push(&harness, Version::V1, 0..full())), 1);
    }
    assert_eq!(harness.owners.asked.load(Ordering::Relaxed), 1, "not at every write");
    harness.clock.0.fetch_add(5_000, Ordering::Relaxed);
    push(&harness, Version::V1, 0..1);
    assert_eq!(harness.owners.asked.load(Ordering::Relaxed), 2, "but soon again");
    assert_eq!(distinct(&push(&harness, Version::V1, full()..3 * full())), 3, "and it grows all the same");
}

#[test]
fn limits_that_say_it_are_kept_to_and_nobody_is_asked() {
    for (limits, want) in [
        (Limits { ingestion_tenant_shard_size: 5, ..Limits::default() }, 5),
        (Limits { max_global_series_per_user: 250_000, ..Limits::default() }, 3),
    ] {
        let harness = Harness::new(limits);
        assert_eq!(distinct(&push(&harness, Version::V1, 0..10 * full())), want);
        assert_eq!(harness.owners.asked.load(Ordering::Relaxed), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever comes when: while a series comes at least once a cut and no flush decides anew, it is in one partition.
    #[test]
    fn a_series_that_keeps_coming_stays_in_its_partition(
        rounds in prop::collection::vec((1usize..300, any::<bool>()), 1..8),
        version in prop_oneof![Just(Version::V1), Just(Version::V2)],
    ) {
        let harness = Harness::new(Limits::default());
        let mut places: Vec<u16> = Vec::new();
        for (new, cuts) in rounds {
            let found = push(&harness, version, 0..places.len() + new);
            prop_assert_eq!(&found[..places.len()], &places[..]);
            places = found;
            if cuts {
                cut(&harness);
            }
        }
        let needed = places.len().div_ceil(full());
        prop_assert!(distinct(&places) <= needed, "{} > {}", distinct(&places), needed);
    }
}
