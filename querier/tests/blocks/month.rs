//! Thirty days of samples are held at about two bytes each, and never beyond the budget.

use std::sync::Arc;

use mneme_model::Cut;
use mneme_model::chunk::{Encoding, SeriesView};
use mneme_proto::internal::ingester::{Error, FetchBudget, OverBudget, QueryService, drain};

use crate::support::{Store, request};

const SERIES: u64 = 20;
const STEPS: i64 = 30 * 24 * 60;

async fn filled() -> Store {
    let mut store = Store::new();
    for number in 0..SERIES {
        let noise = |step: i64| (step as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        let sample = |step: i64| (step * 60_000, (step as u64 * 5000 * (number % 3) + noise(step)) as f64);
        let samples: Vec<(i64, f64)> = (0..STEPS).map(sample).collect();
        store.push(1, &format!("m{number}"), &samples);
    }
    let block = store.write(2).await;
    store.commit(block, 0, 2, &[]).await;
    store.recent.drop_below(Cut(2));
    store
}

#[tokio::test]
async fn thirty_days_take_about_two_bytes_a_sample_and_half_of_that_is_refused() {
    let store = filled().await;
    let budget = Arc::new(FetchBudget::default());
    let mut answer = store.both.select(request(), Arc::clone(&budget)).await.unwrap();
    let (found, held) = drain(&mut *answer).unwrap();
    let samples = SERIES * STEPS as u64;
    let counted = |one: SeriesView<'_>| one.chunks.iter().map(|chunk| u64::from(chunk.count)).sum::<u64>();
    assert_eq!(found.iter().map(counted).sum::<u64>(), samples);
    assert!(found.iter().flat_map(|one| one.chunks).all(|chunk| chunk.encoding == Encoding::Columns));
    let bytes = budget.found().bytes;
    // What was fetched is held as well until all of it is read.
    assert!((bytes..2 * bytes).contains(&budget.peak_bytes()));
    drop(held);
    assert_eq!(budget.bytes_left(), u64::MAX);
    // 120 samples per row: what holds a chunk weighs more than where samples come every 15 s.
    assert!(bytes < 3 * samples, "{bytes} bytes for {samples} samples");
    let tight = Arc::new(FetchBudget::new(0, bytes / 2));
    let error = match store.both.select(request(), tight).await {
        Ok(mut answer) => tokio::task::spawn_blocking(move || drain(&mut *answer)).await.unwrap().err(),
        Err(error) => Some(error),
    };
    let error = error.unwrap();
    assert!(matches!(error, Error::OverBudget(OverBudget::Bytes { .. })), "{error}");
}
