//! The chain over a store that misbehaves: racing writers, exactly one winner for each number, no gaps.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_bucket::{AttemptIds, Bucket, Chain, Known, Next, Operation, Options, Outcome};

fn chain_over(fake: &Arc<Fake>) -> Chain {
    let options = Options {
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(60),
        retry_backoff: Duration::from_millis(10),
        ..Options::default()
    };
    Chain::new(Bucket::new(Arc::clone(fake) as Arc<_>, options), "c")
}

/// Wins `wins` numbers, passing over those that others have; returns what it won.
async fn race(chain: Chain, name: u64, wins: usize) -> Vec<(u64, Bytes)> {
    let attempts = AttemptIds::seeded(name);
    let (mut won, mut number) = (Vec::new(), 1);
    while won.len() < wins {
        let bytes = Bytes::from(format!("{:032x} of {name}", attempts.next()));
        loop {
            match chain.create(number, &bytes).await {
                Ok(Outcome::Won) => break won.push((number, bytes)),
                Ok(Outcome::Lost(other)) => break assert_ne!(other, bytes),
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        }
        number += 1;
    }
    won
}

#[tokio::test(start_paused = true)]
async fn every_number_has_exactly_one_winner_whatever_the_store_does() {
    for seed in 0..150 {
        let fake = Arc::new(Fake::new(seed, Faults::nasty()));
        let racers = (0..4).map(|racer| race(chain_over(&fake), seed * 10 + racer, 5));
        let mut won: Vec<(u64, Bytes)> =
            futures::future::join_all(racers).await.into_iter().flatten().collect();
        won.sort();
        let numbers: Vec<u64> = won.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=20).collect::<Vec<u64>>(), "seed {seed}: each number once, no gap");
        fake.set_faults(Faults::none());
        let chain = chain_over(&fake);
        for (number, bytes) in &won {
            assert_eq!(
                chain.read(*number).await.unwrap().as_ref(),
                Some(bytes),
                "seed {seed}: number {number}"
            );
        }
        assert_eq!(chain.newest(0).await.unwrap(), Some(20), "seed {seed}");
        assert_eq!(chain.newest(19).await.unwrap(), Some(20), "seed {seed}");
        assert_eq!(chain.newest(20).await.unwrap(), None, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn deletion_ascends_and_leaves_the_newest() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let chain = chain_over(&fake);
    race(chain.clone(), 1, 5).await;
    chain.delete_through(3).await.unwrap();
    assert_eq!(fake.keys(), [chain.key(4), chain.key(5)]);
    chain.delete_through(9).await.unwrap();
    assert_eq!(fake.keys(), [chain.key(5)]);
}

#[tokio::test(start_paused = true)]
async fn whoever_lags_behind_a_deletion_is_told() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let chain = chain_over(&fake);
    let won = race(chain.clone(), 1, 3).await;
    let known = |n: usize| Known::new(won[n - 1].0, &won[n - 1].1);
    assert_eq!(chain.next(&known(2)).await.unwrap(), Next::Object(won[2].1.clone()));
    assert_eq!(chain.next(&known(3)).await.unwrap(), Next::End);
    chain.delete_through(2).await.unwrap();
    assert_eq!(chain.next(&known(1)).await.unwrap(), Next::Gone);
    let mine = Bytes::from_static(b"mine, made for number 2");
    assert_eq!(chain.append(Some(&known(1)), &mine).await.unwrap(), None, "a win in a gap is void");
    assert_eq!(chain.append(Some(&known(3)), &mine).await.unwrap(), Some(Outcome::Won));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_leaves_the_outcome_unsettled_and_the_same_bytes_win_later() {
    let fake = Arc::new(Fake::new(3, Faults { error_before: 1000, ..Faults::none() }));
    let chain = chain_over(&fake);
    let bytes = Bytes::from_static(b"attempt");
    assert!(chain.create(1, &bytes).await.unwrap_err().is_transient());
    fake.set_faults(Faults::none());
    assert_eq!(chain.create(1, &bytes).await.unwrap(), Outcome::Won);
    assert_eq!(chain.create(1, &bytes).await.unwrap(), Outcome::Won, "a read-back finds our own bytes");
}

#[tokio::test(start_paused = true)]
async fn listings_late_or_in_any_order_neither_hide_a_hole_nor_leave_one() {
    for seed in 0..100 {
        let fake = Arc::new(Fake::new(seed, Faults::none()));
        let chain = chain_over(&fake);
        race(chain.clone(), 1, 12).await;
        let lying = Faults { unlisted: 600, disordered: 400, ..Faults::none() };
        fake.set_faults_for(Scope::of(Operation::List), lying);
        assert_eq!(chain.hole(7).await.unwrap(), None, "seed {seed}: nothing is missing");
        chain.delete_through(6).await.unwrap();
        let left = fake.keys();
        let first = 13 - left.len() as u64;
        assert_eq!(
            left,
            (first..=12).map(|number| chain.key(number)).collect::<Vec<_>>(),
            "seed {seed}: no gap"
        );
        fake.set_faults_for(Scope::of(Operation::List), Faults { disordered: 1000, ..Faults::none() });
        assert_eq!(chain.newest(0).await.unwrap(), Some(12), "seed {seed}");
        chain.delete_through(6).await.unwrap();
        assert_eq!(fake.keys().len(), 6, "seed {seed}: what one listing did not show goes with the next");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_late_create_brings_back_goes_without_a_walk_through_the_gap() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    let chain = chain_over(&fake);
    for number in [3, 1_000_000, 1_000_001] {
        fake.poke(&chain.key(number), Bytes::from_static(b"x"));
    }
    let requests = fake.requests();
    chain.delete_through(1_000_000).await.unwrap();
    assert_eq!(fake.keys(), [chain.key(1_000_001)]);
    assert!(fake.requests() - requests < 100);
}
