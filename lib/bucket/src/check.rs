//! The start check (DESIGN section 8): racing creates have exactly one winner each, losers read the winner's bytes, and a
//! listing shows them. A store that fails it would lose acknowledged data: it is refused.

use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::join_all;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::{AttemptIds, Bucket, Created, Error, Habits};

/// Keys that are raced for.
const KEYS: u64 = 8;
/// Creates that race for each key.
const RACERS: usize = 16;

/// What the check found besides that the store is fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The store's own time when the check began to write, milliseconds since 1970; stores may cut it to seconds.
    pub modified_ms: i64,
}

/// A racer: what its create said and what it then read.
struct Racer {
    body: Bytes,
    created: Created,
    found: Option<Bytes>,
}

/// Writes below `check/<id>/`: first one object, so that credentials or a bucket that are not there are told at once, then
/// races creates. Deletes what it made.
///
/// # Errors
/// [`Error::Unfit`] names the rule that the store breaks; the bucket's own errors where it does not answer.
pub async fn check(bucket: &Bucket, attempts: &AttemptIds) -> Result<Checked, Error> {
    let prefix = format!("check/{:032x}", attempts.next());
    let modified_ms = touch(bucket, &format!("{prefix}/first")).await?;
    let keys: Vec<String> = (0..KEYS).map(|n| format!("{prefix}/{n}")).collect();
    let raced = join_all(keys.iter().map(|key| race(bucket, key, attempts))).await.into_iter().collect();
    let listed = match raced {
        Ok(()) => check_listing(bucket, &prefix, &keys).await,
        Err(error) => Err(error),
    };
    bucket.delete_many(&keys).await?;
    listed.map(|()| Checked { modified_ms })
}

/// What the store does by itself to objects where Mneme keeps its own, as far as it tells: below `wal/` and `tenants/`. Writes
/// an object into each and deletes it.
///
/// # Errors
/// The bucket's.
pub async fn habits(bucket: &Bucket, attempts: &AttemptIds) -> Result<[(&'static str, Habits); 2], Error> {
    let key = |place| format!("{place}check-{:032x}", attempts.next());
    Ok([("wal/", bucket.habits(&key("wal/")).await?), ("tenants/", bucket.habits(&key("tenants/")).await?)])
}

/// Creates an object and deletes it; gives its time. What is not permitted does not get better by asking again.
async fn touch(bucket: &Bucket, key: &str) -> Result<i64, Error> {
    let options = bucket.options();
    let deadline = Instant::now() + options.operation_timeout;
    let mut pauses = Backoff::new(options.retry_backoff);
    loop {
        let error = match bucket.create(key, Bytes::from_static(b"mneme start check")).await {
            // Ours, of an earlier try: the name holds a fresh id.
            Created::Yes | Created::Exists => {
                let modified_ms = bucket.head(key).await?.modified_ms;
                return bucket.delete(key).await.map(|()| modified_ms);
            }
            Created::Unknown(error) => error,
        };
        let pause = pauses.next_pause();
        if matches!(error, Error::Denied { .. })
            || !error.is_transient()
            || Instant::now() + pause >= deadline
        {
            return Err(error);
        }
        tracing::info!(%error, "the bucket does not take an object: trying again");
        tokio::time::sleep(pause).await;
    }
}

/// Again where no racer got through.
async fn race(bucket: &Bucket, key: &str, attempts: &AttemptIds) -> Result<(), Error> {
    let options = bucket.options();
    let deadline = Instant::now() + options.operation_timeout;
    let mut pauses = Backoff::new(options.retry_backoff);
    loop {
        let racers = join_all((0..RACERS).map(|_| run(bucket, key, attempts))).await;
        let found = match bucket.get(key).await {
            Err(Error::NotFound { .. }) => None,
            found => Some(found?),
        };
        let Some(error) = judge(key, &racers, found.as_ref())? else { return Ok(()) };
        let pause = pauses.next_pause();
        if Instant::now() + pause >= deadline {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
    }
}

async fn run(bucket: &Bucket, key: &str, attempts: &AttemptIds) -> Racer {
    let body = Bytes::from(format!("mneme start check {:032x}", attempts.next()));
    let created = bucket.create(key, body.clone()).await;
    let found = if matches!(created, Created::Yes) { None } else { bucket.get(key).await.ok() };
    Racer { body, created, found }
}

/// `Some`: nobody got through, for that reason.
fn judge(key: &str, racers: &[Racer], found: Option<&Bytes>) -> Result<Option<Error>, Error> {
    let unfit = |words: String| Err(Error::Unfit(format!("{words}: create-if-absent is not atomic here")));
    let winners: Vec<&Racer> = racers.iter().filter(|racer| matches!(racer.created, Created::Yes)).collect();
    let unknown = racers.iter().find_map(|racer| match &racer.created {
        Created::Unknown(error) => Some(error.clone()),
        _ => None,
    });
    let Some(found) = found else {
        return match (winners.len(), unknown) {
            (0, Some(error)) => Ok(Some(error)),
            (won, _) => unfit(format!("{won} of {RACERS} racing creates of {key} won, and nothing is there")),
        };
    };
    if racers.iter().filter_map(|racer| racer.found.as_ref()).any(|other| other != found) {
        return unfit(format!("two readers of {key} saw different bytes"));
    }
    match winners.as_slice() {
        [winner] if winner.body == *found => Ok(None),
        [_] => unfit(format!("the winner of {key} does not read its own bytes back")),
        // A winner that did not hear of it.
        [] if unknown.is_some() && racers.iter().any(|racer| racer.body == *found) => Ok(None),
        winners => unfit(format!("{} of {RACERS} racing creates of {key} won instead of one", winners.len())),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn racer(body: &'static str, created: Created, found: Option<&'static str>) -> Racer {
        Racer { body: Bytes::from(body), created, found: found.map(Bytes::from) }
    }

    fn unknown() -> Created {
        Created::Unknown(Error::Store { operation: "create", key: "k".into(), reason: "503".into() })
    }

    #[test]
    fn one_winner_whose_bytes_all_read_and_nothing_else_passes() {
        let found = |body: &'static str| Bytes::from(body);
        let fair = [racer("a", Created::Yes, None), racer("b", Created::Exists, Some("a"))];
        assert!(judge("k", &fair, Some(&found("a"))).unwrap().is_none());
        let unheard = [racer("a", unknown(), Some("a")), racer("b", Created::Exists, Some("a"))];
        assert!(judge("k", &unheard, Some(&found("a"))).unwrap().is_none());
        let down = [racer("a", unknown(), None), racer("b", unknown(), None)];
        assert!(judge("k", &down, None).unwrap().is_some(), "again");
        for (racers, found, words) in [
            ([racer("a", Created::Yes, None), racer("b", Created::Yes, None)], Some("b"), "2 of 16"),
            (
                [racer("a", Created::Yes, None), racer("b", Created::Exists, Some("b"))],
                Some("a"),
                "different",
            ),
            ([racer("a", Created::Yes, None), racer("b", Created::Exists, None)], Some("b"), "its own bytes"),
            ([racer("a", Created::Yes, None), racer("b", Created::Exists, None)], None, "nothing is there"),
            ([racer("a", Created::Exists, None), racer("b", Created::Exists, None)], Some("c"), "0 of 16"),
        ] {
            let found = found.map(Bytes::from);
            let error = judge("k", &racers, found.as_ref()).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
