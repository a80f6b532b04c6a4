//! The same answer before, during and after a flush.

use mneme_proto::internal::ingester::{CardinalityRequest, Error, QueryService};

use crate::support::{Answer, Store, request, series_of, tenant};

/// Three generations; `up` is in all of them, `old` only in the first, `new` only in the last.
fn filled() -> (Store, Answer) {
    let store = Store::new();
    store.push(1, "up", &[(1000, 1.0), (2000, 2.0)]);
    store.push(1, "old", &[(1500, 5.0)]);
    store.push(2, "up", &[(3000, 3.0)]);
    store.push(3, "up", &[(4000, 4.0)]);
    store.push(3, "new", &[(4500, 9.0)]);
    let want = Answer::from([
        (series_of("up"), vec![(1000, 1.0), (2000, 2.0), (3000, 3.0), (4000, 4.0)]),
        (series_of("old"), vec![(1500, 5.0)]),
        (series_of("new"), vec![(4500, 9.0)]),
    ]);
    (store, want)
}

#[tokio::test]
async fn every_step_of_a_flush_gives_the_same_answer() {
    let (mut store, want) = filled();
    assert_eq!(store.all().await.unwrap(), want, "nothing is flushed");
    let block = store.write(3).await;
    assert_eq!(store.all().await.unwrap(), want, "the files are there, nothing lists them");
    store.commit(block, 0, 3, &[]).await;
    assert_eq!(store.all().await.unwrap(), want, "the manifest that is held is older than the commit");
    store.recent.drop_below(mneme_model::Cut(3));
    assert_eq!(store.all().await.unwrap(), want, "an owner's floor told that the manifest is too old");
    assert_eq!(store.all().await.unwrap(), want, "the newest manifest");
    // The next flush, with samples that are also sent again.
    store.push(3, "old", &[(1500, 5.0)]);
    let block = store.write(4).await;
    store.commit(block, 3, 4, &[]).await;
    store.recent.drop_below(mneme_model::Cut(4));
    assert_eq!(store.all().await.unwrap(), want, "only blocks, and one sample is in two");
}

#[tokio::test]
async fn a_tenant_without_a_flush_is_answered_above_the_floor() {
    let store = Store::new();
    store.push(7, "up", &[(1000, 1.0)]);
    // Other tenants were flushed: this one had nothing below the floor, and has no manifest.
    store.recent.drop_below(mneme_model::Cut(5));
    assert_eq!(store.all().await.unwrap(), Answer::from([(series_of("up"), vec![(1000, 1.0)])]));
}

#[tokio::test]
async fn a_block_that_was_replaced_and_deleted_is_planned_anew_and_a_lost_one_is_unavailable() {
    let (mut store, want) = filled();
    let first = store.write(3).await;
    store.commit(first.clone(), 0, 3, &[]).await;
    store.recent.drop_below(mneme_model::Cut(3));
    assert_eq!(store.all().await.unwrap(), want);
    // The same data in another block; the held manifest still names the first one.
    let (mut twin, _) = filled();
    twin.write(1 + 1).await;
    let second = twin.write(3).await;
    for (part, kind, _) in second.files() {
        let key = mneme_block::meta::BlockMeta::key(&tenant(), second.id, part, kind);
        store.bucket.put(&key, twin.bucket.get(&key).await.unwrap()).await.unwrap();
    }
    store.commit(second.clone(), 3, 3, std::slice::from_ref(&first)).await;
    store.delete(&first).await;
    assert_eq!(store.all().await.unwrap(), want, "planned anew on the newest manifest");
    store.delete(&second).await;
    let error = store.all().await.unwrap_err();
    assert!(matches!(error, Error::NotReady(_)), "never a partial answer: {error}");
}

#[tokio::test]
async fn names_values_series_and_cardinality_are_of_both() {
    let (mut store, _) = filled();
    let block = store.write(3).await;
    store.commit(block, 0, 3, &[]).await;
    store.recent.drop_below(mneme_model::Cut(3));
    let both = &store.both;
    assert_eq!(both.label_names(request()).await.unwrap(), ["__name__", "job"]);
    let values = both.label_values("__name__".to_owned(), request()).await.unwrap();
    assert_eq!(values, ["new", "old", "up"]);
    let mut series = both.series(request()).await.unwrap();
    series.sort();
    assert_eq!(series, [series_of("new"), series_of("old"), series_of("up")]);
    let asked = CardinalityRequest {
        tenant: tenant(),
        matchers: Vec::new(),
        start: 0,
        end: 3500,
        names: Vec::new(),
        limit: 10,
    };
    let cardinality = both.cardinality(asked).await.unwrap();
    assert_eq!(
        (cardinality.series, cardinality.names["__name__"].values),
        (2, 2),
        "`new` has no sample there"
    );
}
