//! The start check (DESIGN section 8): racing creates have exactly one winner each, losers read the winner's bytes, and a
//! listing shows them. A store that fails it would lose acknowledged data: it is refused.

use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::join_all;

use crate::{AttemptIds, Bucket, Created, Error};

/// Keys that are raced for.
const KEYS: u64 = 8;
/// Creates that race for each key.
const RACERS: usize = 16;

/// Races creates below `check/<id>/` and deletes what they made.
///
/// # Errors
/// [`Error::Unfit`] names the rule that the store breaks; the bucket's own errors where it does not answer.
pub async fn check(bucket: &Bucket, attempts: &AttemptIds) -> Result<(), Error> {
    let prefix = format!("check/{:032x}", attempts.next());
    let keys: Vec<String> = (0..KEYS).map(|n| format!("{prefix}/{n}")).collect();
    let raced = join_all(keys.iter().map(|key| race(bucket, key, attempts))).await.into_iter().collect();
    let listed = match raced {
        Ok(()) => check_listing(bucket, &prefix, &keys).await,
        Err(error) => Err(error),
    };
    for key in &keys {
        bucket.delete(key).await?;
    }
    listed
}

async fn race(bucket: &Bucket, key: &str, attempts: &AttemptIds) -> Result<(), Error> {
    let bodies: Vec<Bytes> =
        (0..RACERS).map(|_| Bytes::from(format!("mneme start check {:032x}", attempts.next()))).collect();
    let outcomes = join_all(bodies.iter().map(|body| bucket.create(key, body.clone()))).await;
    let found = bucket.get(key).await;
    let winners: Vec<&Bytes> = outcomes
        .iter()
        .zip(&bodies)
        .filter(|(outcome, _)| matches!(outcome, Created::Yes))
        .map(|(_, body)| body)
        .collect();
    let unknown = outcomes.iter().filter(|outcome| matches!(outcome, Created::Unknown(_))).count();
    match (winners.as_slice(), found) {
        ([winner], Ok(found)) if **winner == found => Ok(()),
        // A winner that did not hear of it.
        ([], Ok(found)) if unknown > 0 && bodies.contains(&found) => Ok(()),
        ([], Err(error)) if unknown > 0 => Err(error),
        ([_], Ok(_)) => Err(Error::Unfit(format!("the winner of {key} does not read its own bytes back"))),
        ([_], Err(error)) => Err(Error::Unfit(format!("{key} was created, but cannot be read: {error}"))),
        (winners, _) => Err(Error::Unfit(format!(
            "{} of {RACERS} racing creates of {key} won instead of one: create-if-absent is not atomic here",
            winners.len()
        ))),
    }
}

async fn check_listing(bucket: &Bucket, prefix: &str, keys: &[String]) -> Result<(), Error> {
    let mut listed: Vec<String> = bucket.list(prefix, None).map_ok(|object| object.key).try_collect().await?;
    listed.sort_unstable();
    if listed == keys {
        Ok(())
    } else {
        Err(Error::Unfit(format!("a listing of {prefix} does not show what was created")))
    }
}
