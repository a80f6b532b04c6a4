//! A wide select over many blocks is pulled with little of it in memory, whatever happens on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use mneme_block::manifest::{Change, Committed, Tombstone, TombstoneMatcher};
use mneme_block::meta::BlockMeta;
use mneme_model::chunk::{SeriesBatch, merge};
use mneme_model::{Cut, Labels, MatchOp, Matcher, Samples};
use mneme_proto::internal::ingester::{
    Error, FetchBudget, OverBudget, QueryService, SeriesAnswer, SeriesRequest,
};
use ulid::Ulid;

use crate::support::{Answer, Store, request, series_of, tenant};

const SERIES: u64 = 3000;
const BLOCKS: u64 = 8;
/// Where recent data begins.
const END: i64 = BLOCKS as i64 * 2 * HOUR;
/// Samples of a series in a block.
const STEPS: i64 = 180;
const HOUR: i64 = 3_600_000;

fn name(series: u64) -> String {
    format!("m{series:05}")
}

fn noise(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// What a series has in the two hours of a cut: values that do not pack well.
fn samples(series: u64, cut: u64) -> Vec<(i64, f64)> {
    let value = |step: i64| (noise(step as u64 ^ series << 20) >> 48) as f64;
    let from = (cut as i64 - 1) * STEPS;
    (from..from + STEPS).map(|step| (step * 2 * HOUR / STEPS + (series % 7) as i64, value(step))).collect()
}

/// Series of two hours per cut, each cut but the last in a block; a seventh of the series is missing in each.
async fn filled() -> (Store, Answer) {
    let (mut store, mut want) = (Store::new(), Answer::new());
    store.options.page_rows = 32;
    for cut in 1..=BLOCKS + 1 {
        for series in (0..SERIES).filter(|series| (series + cut) % 7 != 0) {
            store.push(cut, &name(series), &samples(series, cut));
            want.entry(series_of(&name(series))).or_default().extend(samples(series, cut));
        }
        if cut <= BLOCKS {
            let block = store.write(cut + 1).await;
            store.commit(block, cut - u64::from(cut == 1), cut + 1, &[]).await;
            store.recent.drop_below(Cut(cut + 1));
        }
    }
    (store, want)
}

/// Pulls an answer as queries do, in a thread; of each batch only the samples are kept.
async fn pull(mut answer: Box<dyn SeriesAnswer>) -> Result<(Answer, usize), Error> {
    let pulls = move || {
        let (mut all, mut batch, mut batches) = (Answer::new(), SeriesBatch::new(), 0);
        while let Some(_held) = answer.next_batch(&mut batch)? {
            batches += 1;
            for series in batch.iter() {
                let mut samples = Samples::default();
                merge(series.chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
                let points = samples.t.into_iter().zip(samples.v).collect();
                assert!(all.insert(series.labels.clone(), points).is_none(), "each series once");
            }
        }
        assert!(answer.next_batch(&mut batch)?.is_none() && batch.is_empty());
        Ok((all, batches))
    };
    tokio::task::spawn_blocking(pulls).await.unwrap()
}

fn assert_same(got: &Answer, want: &Answer) {
    let names = |answer: &Answer| answer.keys().map(Labels::to_string).collect::<Vec<_>>();
    assert_eq!(names(got), names(want));
    let differs: BTreeMap<_, _> = got.iter().filter(|(labels, points)| want[*labels] != **points).collect();
    assert!(differs.is_empty(), "{} series differ, such as {:?}", differs.len(), differs.first_key_value());
}

#[tokio::test]
async fn what_is_held_is_a_fraction_of_what_is_found_and_every_series_comes_once() {
    let (store, want) = filled().await;
    // Without a limit all pages are fetched at once.
    let budget = Arc::new(FetchBudget::default());
    let (got, batches) =
        pull(store.both.select(request(), Arc::clone(&budget)).await.unwrap()).await.unwrap();
    assert_same(&got, &want);
    let all = budget.found();
    assert_eq!(all.series, SERIES, "a series of several blocks is one");
    assert_eq!(all.samples, want.values().map(|points| points.len() as u64).sum::<u64>());
    assert!(batches >= 3, "{batches} batches");
    assert_eq!(budget.bytes_left(), u64::MAX);
    let whole = budget.peak_bytes();
    assert!(whole < all.bytes, "{whole} bytes held of {} found", all.bytes);
    // Within a limit some at a time.
    let budget = Arc::new(FetchBudget::new(SERIES, all.bytes / 2));
    let (got, _) = pull(store.both.select(request(), Arc::clone(&budget)).await.unwrap()).await.unwrap();
    assert_same(&got, &want);
    assert_eq!((budget.found().samples, budget.bytes_left()), (all.samples, all.bytes / 2), "given back");
    assert!(budget.peak_bytes() < all.bytes / 2);
    println!("of {} bytes found {whole} were held at a time, or {}", all.bytes, budget.peak_bytes());
}

#[tokio::test]
async fn limits_are_kept_while_it_is_pulled() {
    let (store, _) = filled().await;
    let few = Arc::new(FetchBudget::new(SERIES / 2, 0));
    let error = pull(store.both.select(request(), few).await.unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::OverBudget(OverBudget::Series { .. })), "{error}");
    let stopped = Arc::new(FetchBudget::default());
    let answer = store.both.select(request(), Arc::clone(&stopped)).await.unwrap();
    stopped.stop();
    let error = pull(answer).await.unwrap_err();
    assert!(matches!(error, Error::OverBudget(OverBudget::Stopped)), "{error}");
}

#[tokio::test]
async fn what_a_tombstone_takes_out_is_missing_in_every_batch() {
    let (store, mut want) = filled().await;
    let (start, end) = (3 * HOUR, END + HOUR);
    let matcher = Matcher::new(MatchOp::Regex, "__name__", "m.*[13579]").unwrap();
    let matchers = vec![TombstoneMatcher::from(&matcher)];
    let id = Ulid::from_parts(1_700_000_000_000, 7);
    let tombstone = Tombstone { id, matchers, start, end, below: Cut(BLOCKS + 2) };
    let change = Change { add_tombstones: vec![tombstone], ..Change::default() };
    let base = store.manifests.newest(&tenant()).await.unwrap();
    let committed = store.manifests.commit(&base, &change, 1_700_000_000_000).await.unwrap();
    assert!(matches!(committed, Committed::Committed(_)));
    want.iter_mut()
        .filter(|(labels, _)| matcher.matches(labels.metric_name()))
        .for_each(|(_, points)| points.retain(|(t, _)| !(start..=end).contains(t)));
    // Some came again after the deletion, at old times.
    for series in (0..SERIES).filter(|series| series % 10 == 1) {
        let again = [(4 * HOUR + 11, 1.0), (END + 11, 2.0)];
        store.push(BLOCKS + 2, &name(series), &again);
        let points = want.entry(series_of(&name(series))).or_default();
        points.extend(again);
        points.sort_by_key(|(t, _)| *t);
    }
    let found = || store.both.select(request(), Arc::default());
    assert_same(&pull(found().await.unwrap()).await.unwrap().0, &want);
    // Recent data alone: no block meets the time.
    let recent = SeriesRequest { start: END + 10, ..request() };
    let (got, batches) = pull(store.both.select(recent, Arc::default()).await.unwrap()).await.unwrap();
    want.values_mut().for_each(|points| points.retain(|(t, _)| *t >= END + 10));
    want.retain(|_, points| !points.is_empty());
    assert_same(&got, &want);
    assert!(batches > 1, "recent data comes in batches, too");
}

#[tokio::test]
async fn a_block_that_is_replaced_while_it_is_pulled_is_told_and_found_again() {
    let (store, want) = filled().await;
    let tight = || Arc::new(FetchBudget::new(0, 8 << 20));
    let answer = store.both.select(request(), tight()).await.unwrap();
    // The same files under another name.
    let manifest = store.manifests.newest(&tenant()).await.unwrap();
    let blocks = manifest.blocks(0, END).await.unwrap();
    let old = BlockMeta::clone(blocks.last().unwrap());
    let new = BlockMeta { id: Ulid::from_parts(1_700_000_001_000, 1), ..old.clone() };
    for (part, kind, _) in old.files() {
        let bytes = store.bucket.get(&BlockMeta::key(&tenant(), old.id, part, kind)).await.unwrap();
        store.bucket.put(&BlockMeta::key(&tenant(), new.id, part, kind), bytes).await.unwrap();
    }
    store.commit(new.clone(), BLOCKS + 1, BLOCKS + 1, std::slice::from_ref(&old)).await;
    store.delete(&old).await;
    let error = pull(answer).await.unwrap_err();
    let Error::FloorAboveMark(floors) = error else { panic!("{error}") };
    let again = request().again(&floors);
    let (got, _) = pull(store.both.select(again.clone(), tight()).await.unwrap()).await.unwrap();
    assert_same(&got, &want);
    // Gone for good: never a partial answer.
    let answer = store.both.select(again.clone(), tight()).await.unwrap();
    store.delete(&new).await;
    assert!(matches!(pull(answer).await.unwrap_err(), Error::FloorAboveMark(_)));
    let error = store.both.select(again, tight()).await.err().unwrap();
    assert!(matches!(error, Error::NotReady(_)), "{error}");
}
