//! Range reads over a store that misbehaves: exact bytes or an error, never something else.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mneme_bucket::fake::{Fake, Faults, Scope};
use mneme_bucket::{Bucket, Error, Operation, Options};

fn over(fake: &Arc<Fake>) -> Bucket {
    let options = Options {
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(60),
        retry_backoff: Duration::from_millis(10),
        ..Options::default()
    };
    Bucket::new(Arc::clone(fake) as Arc<_>, options)
}

#[tokio::test(start_paused = true)]
async fn ranges_are_exact_whatever_the_store_does() {
    for seed in 0..100 {
        let fake = Arc::new(Fake::new(seed, Faults::nasty_ranges()));
        let bytes: Bytes = (0..1000_u32).map(|n| (n * 7) as u8).collect();
        fake.poke("a", bytes.clone());
        let bucket = over(&fake);
        for n in 0..20_u64 {
            let range = n * 13..n * 13 + 1 + n * 29;
            let found = bucket.get_range("a", range.clone()).await.unwrap();
            assert_eq!(found, bytes[range.start as usize..range.end as usize], "seed {seed}: {range:?}");
        }
        assert!(matches!(bucket.get_range("a", 900..1001).await, Err(Error::Range { .. })), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_gives_the_right_length_is_an_error_in_the_end() {
    for faults in
        [Faults { short_range: 1000, ..Faults::none() }, Faults { long_range: 1000, ..Faults::none() }]
    {
        let fake = Arc::new(Fake::new(1, faults));
        fake.poke("a", Bytes::from_static(b"0123456789"));
        let error = over(&fake).get_range("a", 2..5).await.unwrap_err();
        assert!(
            error.is_transient() && error.to_string().contains("bytes came for the range 2..5"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_goes_between_two_ranges_is_not_found() {
    for seed in 0..20 {
        let fake = Arc::new(Fake::new(seed, Faults::none()));
        fake.poke("a", Bytes::from_static(b"0123456789"));
        let bucket = over(&fake);
        fake.set_faults_for(Scope::of(Operation::Get), Faults { deleted: 300, delay: 500, ..Faults::none() });
        let error = loop {
            match bucket.get_range("a", 0..4).await {
                Ok(bytes) => assert_eq!(bytes, "0123"),
                Err(error) => break error,
            }
        };
        assert!(error.is_not_found(), "seed {seed}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_hangs_is_overtaken_by_a_second_one() {
    let fake = Arc::new(Fake::new(1, Faults::none()));
    fake.poke("a", Bytes::from_static(b"0123456789"));
    let bucket = over(&fake);
    fake.set_faults(Faults { lost_reply: 1000, ..Faults::none() });
    let begun = tokio::time::Instant::now();
    let recovers = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        fake.set_faults(Faults::none());
    };
    let (found, ()) = tokio::join!(bucket.get_range("a", 0..4), recovers);
    assert_eq!(found.unwrap(), "0123");
    assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
    assert_eq!((bucket.stats().hedges(), bucket.stats().of(Operation::Get).requests), (1, 2));
}
