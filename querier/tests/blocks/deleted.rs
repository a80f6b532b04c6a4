//! What a tombstone is of is in no answer, wherever it lies; what came after the deletion stays.

use mneme_block::manifest::{Change, Committed, Tombstone, TombstoneMatcher};
use mneme_model::{Cut, Matcher};
use mneme_proto::internal::ingester::{CardinalityRequest, QueryService, SeriesRequest};
use ulid::Ulid;

use crate::support::{Answer, Store, request, series_of, tenant};

/// Deletes `name` in a time range, of what is stamped below the cut.
async fn delete(store: &Store, number: u64, name: &str, (start, end): (i64, i64), below: u64) -> Ulid {
    let id = Ulid::from_parts(1_700_000_000_000 + number, 7);
    let matchers = vec![TombstoneMatcher::from(&Matcher::equal("__name__", name))];
    let tombstone = Tombstone { id, matchers, start, end, below: Cut(below) };
    let change = Change { add_tombstones: vec![tombstone], ..Change::default() };
    let base = store.manifests.newest(&tenant()).await.unwrap();
    let committed = store.manifests.commit(&base, &change, 1_700_000_000_000).await.unwrap();
    assert!(matches!(committed, Committed::Committed(_)));
    id
}

/// `up` and `old` in a block below cut 3, `up` and `new` above it; what a new process sees.
async fn filled() -> Store {
    let mut store = Store::new();
    store.push(1, "up", &[(1000, 1.0), (2000, 2.0), (3000, 3.0)]);
    store.push(1, "old", &[(1500, 5.0), (1600, 6.0)]);
    store.push(3, "up", &[(4000, 4.0), (5000, 5.0)]);
    store.push(3, "new", &[(4500, 9.0)]);
    let block = store.write(3).await;
    store.commit(block, 0, 3, &[]).await;
    store.recent.drop_below(Cut(3));
    store
}

fn answer(series: &[(&str, &[(i64, f64)])]) -> Answer {
    series.iter().map(|(name, samples)| (series_of(name), samples.to_vec())).collect()
}

#[tokio::test]
async fn samples_of_a_deleted_time_are_in_no_answer_from_blocks_or_recent_data() {
    let store = filled().await;
    delete(&store, 1, "up", (2000, 4000), 4).await;
    delete(&store, 2, "old", (0, 1550), 4).await;
    delete(&store, 3, "absent", (0, 9000), 4).await;
    let want =
        answer(&[("up", &[(1000, 1.0), (5000, 5.0)]), ("old", &[(1600, 6.0)]), ("new", &[(4500, 9.0)])]);
    assert_eq!(store.all().await.unwrap(), want);
}

#[tokio::test]
async fn what_was_stamped_from_the_cut_on_stays() {
    let store = filled().await;
    delete(&store, 1, "up", (0, 9000), 4).await;
    delete(&store, 2, "up", (0, 4500), 5).await;
    // Sent again after the first deletion, and after the second.
    store.push(4, "up", &[(2000, 22.0), (5000, 55.0)]);
    store.push(5, "up", &[(3000, 33.0)]);
    let want = answer(&[
        ("up", &[(3000, 33.0), (5000, 55.0)]),
        ("old", &[(1500, 5.0), (1600, 6.0)]),
        ("new", &[(4500, 9.0)]),
    ]);
    assert_eq!(store.all().await.unwrap(), want);
}

#[tokio::test]
async fn a_block_whose_writer_has_carried_a_deletion_out_keeps_what_came_later() {
    let mut store = filled().await;
    let id = delete(&store, 1, "up", (0, 9000), 3).await;
    store.push(4, "up", &[(5500, 11.0)]);
    let mut block = store.write(5).await;
    block.carried_out = vec![id];
    store.commit(block, 3, 5, &[]).await;
    store.recent.drop_below(Cut(5));
    // The first block's samples are deleted; the second one holds those of generations 3 and 4.
    let want = answer(&[
        ("up", &[(4000, 4.0), (5000, 5.0), (5500, 11.0)]),
        ("old", &[(1500, 5.0), (1600, 6.0)]),
        ("new", &[(4500, 9.0)]),
    ]);
    assert_eq!(store.all().await.unwrap(), want);
}

#[tokio::test]
async fn series_names_values_and_cardinality_know_nothing_of_what_is_deleted() {
    let store = filled().await;
    delete(&store, 1, "old", (1500, 1600), 4).await;
    delete(&store, 2, "new", (0, 9000), 4).await;
    let both = &store.both;
    assert_eq!(both.series(request()).await.unwrap(), [series_of("up")]);
    assert_eq!(both.label_values("__name__".to_owned(), request()).await.unwrap(), ["up"]);
    let old = SeriesRequest { matchers: vec![Matcher::equal("__name__", "old")], ..request() };
    assert!(both.label_names(old.clone()).await.unwrap().is_empty());
    assert!(both.label_values("job".to_owned(), old).await.unwrap().is_empty());
    let asked = CardinalityRequest {
        tenant: tenant(),
        matchers: Vec::new(),
        start: 0,
        end: 9000,
        names: Vec::new(),
        limit: 10,
    };
    assert_eq!(both.cardinality(asked).await.unwrap().series, 1);
}

#[tokio::test]
async fn deleted_in_part_a_series_is_there_where_it_has_samples_and_nowhere_else() {
    let store = filled().await;
    delete(&store, 3, "up", (0, 4000), 4).await;
    let up = |start, end| SeriesRequest {
        matchers: vec![Matcher::equal("__name__", "up")],
        start,
        end,
        ..request()
    };
    assert_eq!(store.both.series(up(0, 4000)).await.unwrap(), []);
    assert_eq!(store.both.series(up(0, 5000)).await.unwrap(), [series_of("up")]);
}
