//! The misbehaving fake itself: the same seed replays, rules hold for their requests, and what it does is what it says.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_bucket::{Bucket, Created, Error, Operation, Options, Store};
use tokio::time::Instant;

/// What a fixed row of requests gets, as text.
async fn story(seed: u64) -> Vec<String> {
    let fake = Fake::new(seed, Faults { torn: 50, deleted: 50, unlisted: 50, ..Faults::nasty() });
    let mut answers = Vec::new();
    for n in 0..300 {
        let (key, begun) = (format!("k/{}", n % 40), Instant::now());
        let patience = Duration::from_secs(1);
        let answer = match n % 5 {
            0 => format!(
                "{:?}",
                tokio::time::timeout(patience, fake.create(&key, Bytes::from(key.clone()))).await
            ),
            1 => format!("{:?}", tokio::time::timeout(patience, fake.get(&key)).await),
            2 => format!("{:?}", tokio::time::timeout(patience, fake.get_range(&key, 0..2)).await),
            3 => format!("{:?}", tokio::time::timeout(patience, fake.delete(&key)).await),
            _ => format!("{:?}", futures::StreamExt::collect::<Vec<_>>(fake.list("k", None)).await),
        };
        answers.push(format!("{answer} after {:?}", begun.elapsed()));
    }
    answers
}

#[tokio::test(start_paused = true)]
async fn a_seed_replays_exactly_and_another_one_differs() {
    assert_eq!(story(7).await, story(7).await);
    assert_ne!(story(7).await, story(8).await);
}

#[tokio::test(start_paused = true)]
async fn the_last_rule_that_holds_for_a_request_counts() {
    let fake = Fake::new(1, Faults::none());
    fake.set_faults_for(Scope::of(Operation::Create), Faults::down());
    fake.set_faults_for(Scope::of(Operation::Create).below("wal/log/"), Faults::none());
    let bytes = Bytes::from_static(b"1234");
    assert!(matches!(fake.create("wal/1", bytes.clone()).await, Created::Unknown(_)));
    assert!(matches!(fake.create("wal/log/1", bytes.clone()).await, Created::Yes));
    fake.put("wal/1", bytes).await.unwrap();
    fake.set_faults(Faults::none());
    assert!(matches!(fake.create("wal/1", Bytes::new()).await, Created::Exists));
}

#[tokio::test(start_paused = true)]
async fn torn_objects_are_half_and_deleted_ones_go_behind_a_reader() {
    let fake = Fake::new(1, Faults { torn: 1000, ..Faults::none() });
    assert!(matches!(fake.create("a", Bytes::from_static(b"12345678")).await, Created::Unknown(_)));
    assert_eq!(fake.peek("a").unwrap(), "1234");
    fake.set_faults(Faults::none());
    fake.remove_after(2, "a");
    assert_eq!(fake.get_range("a", 0..2).await.unwrap(), "12");
    assert!(
        matches!(fake.get_range("a", 2..4).await, Err(Error::NotFound { .. })),
        "gone between two ranges"
    );
    fake.poke("b", Bytes::from_static(b"1"));
    fake.set_faults_for(Scope::of(Operation::Get), Faults { deleted: 1000, ..Faults::none() });
    assert!(matches!(fake.get("b").await, Err(Error::NotFound { .. })));
}

#[tokio::test(start_paused = true)]
async fn slow_reads_take_their_time_and_a_deadline_ends_a_lost_reply() {
    let fake = Arc::new(Fake::new(3, Faults::none()));
    fake.poke("a", Bytes::from_static(b"1"));
    let options = Options { operation_timeout: Duration::from_secs(25), ..Options::default() };
    let bucket = Bucket::new(Arc::clone(&fake) as Arc<_>, options);
    fake.set_faults_for(Scope::of(Operation::Get), Faults::slow(Duration::from_secs(9)));
    let begun = Instant::now();
    bucket.get_range("a", 0..1).await.unwrap();
    assert!(begun.elapsed() > Duration::from_millis(100), "{:?}", begun.elapsed());
    fake.set_faults(Faults { lost_reply: 1000, ..Faults::none() });
    let begun = Instant::now();
    assert!(matches!(bucket.get("a").await, Err(Error::Deadline { .. })));
    assert!(begun.elapsed() <= Duration::from_secs(25), "{:?}", begun.elapsed());
}
