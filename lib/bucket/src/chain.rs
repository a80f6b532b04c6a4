//! A row of objects numbered without gaps, each created by exactly one winner.
//!
//! The rules (DESIGN section 4), on which the log, the segments and the manifests rest:
//! - Number n+1 is created if absent. A clean success is a win. Every other answer is unknown until read back: our bytes
//!   (they hold our attempt id) = won, other bytes = lost, nothing = create the same bytes again. A create without an answer
//!   is hedged: the same bytes, two requests in flight at most.
//! - The newest object is never deleted, and deletion ascends. So while n is there, n+1 was never deleted; and whoever looks
//!   past n then checks that n is still the object that he knew, else he starts from the newest.

use std::ops::RangeInclusive;

use bytes::Bytes;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::{Bucket, Created, Error};

/// Digits of a number in a name, so that listings sort by number.
const DIGITS: usize = 20;

/// No chain gets that far: a name past it is foreign, and numbers can be added to.
const LARGEST: u64 = u64::MAX / 2;

/// No listing misses more objects in a row than this.
const WIDE_GAP: u64 = 64;

/// How much of an object tells it from every other one of its number: the attempt id lies within.
const IDENTITY: usize = 64;

/// A chain: the objects `<prefix>/<n>`, n from 1.
#[derive(Clone, Debug)]
pub struct Chain {
    bucket: Bucket,
    prefix: String,
}

/// How a create ended, once that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Our bytes are the object, durable.
    Won,
    /// Somebody else's bytes are: these.
    Lost(Bytes),
}

/// An object of a chain that somebody has seen, to recognise it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    number: u64,
    identity: Bytes,
}

/// What lies past a known object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next object.
    Object(Bytes),
    /// Nothing yet: the known object is the newest.
    End,
    /// The known object was deleted: start from the newest.
    Gone,
}

impl Known {
    /// Object `number`, whose bytes are `bytes`.
    #[must_use]
    pub fn new(number: u64, bytes: &Bytes) -> Self {
        Self { number, identity: Bytes::copy_from_slice(&bytes[..bytes.len().min(IDENTITY)]) }
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Chain {
    /// The chain below `prefix`, e.g. `wal/log`.
    #[must_use]
    pub fn new(bucket: Bucket, prefix: impl Into<String>) -> Self {
        Self { bucket, prefix: prefix.into() }
    }

    /// The bucket that it lies in.
    #[must_use]
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The key of object `number`.
    #[must_use]
    pub fn key(&self, number: u64) -> String {
        format!("{}/{number:0DIGITS$}", self.prefix)
    }

    /// The bytes of object `number`; `None` if it is not there.
    ///
    /// # Errors
    /// What the bucket says.
    pub async fn read(&self, number: u64) -> Result<Option<Bytes>, Error> {
        match self.bucket.get(&self.key(number)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The newest number, by a listing of the names after number `after` (0 = all); `None` if there is none.
    ///
    /// # Errors
    /// What the bucket says.
    pub async fn newest(&self, after: u64) -> Result<Option<u64>, Error> {
        Ok(self.numbers(after).await?.into_iter().max())
    }

    /// The objects that are missing after number `after`, before one that is there: a hole. `None` if the next object is
    /// there, or none is. Asked by whoever did not find `after + 1` and must know whether that is the end, by a listing.
    ///
    /// Nothing is created past a number that is not settled, so that a hole is damage (or, at the start, truncation).
    ///
    /// # Errors
    /// What the bucket says.
    pub async fn hole(&self, after: u64) -> Result<Option<RangeInclusive<u64>>, Error> {
        let first = after.saturating_add(1);
        match self.numbers(after).await?.into_iter().filter(|number| *number > after).min() {
            // Created since the caller looked, or since the listing passed its name.
            Some(next) if next > first && self.read(first).await?.is_none() => Ok(Some(first..=next - 1)),
            _ => Ok(None),
        }
    }

    /// Creates object `number` of `bytes`, by the read-back rule. `bytes` must hold an attempt id of its own within the
    /// first 64 bytes.
    ///
    /// Whoever creates past an object that may be deleted uses [`Self::append`].
    ///
    /// # Errors
    /// Unsettled when the operation's time is over: the object may or may not be there, now or later. Call again with the
    /// same bytes before anything else is created at this number or the next.
    pub async fn create(&self, number: u64, bytes: &Bytes) -> Result<Outcome, Error> {
        let key = self.key(number);
        let options = self.bucket.options();
        let deadline = Instant::now() + options.operation_timeout;
        let mut pauses = Backoff::new(options.retry_backoff);
        loop {
            let error = match self.bucket.create_hedged(&key, bytes).await {
                Created::Yes => return Ok(Outcome::Won),
                Created::Unknown(error) if !error.is_transient() => return Err(error),
                Created::Unknown(error) => error,
                Created::Exists => Error::Store {
                    operation: "create",
                    key: key.clone(),
                    reason: "the store says both that the object exists and that it does not".to_owned(),
                },
            };
            match self.read(number).await? {
                Some(found) if found == *bytes => return Ok(Outcome::Won),
                Some(found) => return Ok(Outcome::Lost(found)),
                None => {}
            }
            let pause = pauses.next_pause();
            if Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::debug!(key, %error, "creating the same bytes again");
            tokio::time::sleep(pause).await;
        }
    }

    /// Creates the object after `known` (number 1 without one). `None`: `known` was deleted, so that a win means nothing;
    /// start from the newest.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn append(&self, known: Option<&Known>, bytes: &Bytes) -> Result<Option<Outcome>, Error> {
        let outcome = self.create(known.map_or(0, Known::number) + 1, bytes).await?;
        match known {
            Some(known) if !self.is_there(known).await? => Ok(None),
            _ => Ok(Some(outcome)),
        }
    }

    /// What lies past `known`.
    ///
    /// # Errors
    /// What the bucket says.
    pub async fn next(&self, known: &Known) -> Result<Next, Error> {
        let next = self.read(known.number + 1).await?;
        if !self.is_there(known).await? {
            return Ok(Next::Gone);
        }
        Ok(next.map_or(Next::End, Next::Object))
    }

    /// Whether `known` is still the object of its number.
    ///
    /// # Errors
    /// What the bucket says.
    pub async fn is_there(&self, known: &Known) -> Result<bool, Error> {
        let key = self.key(known.number);
        if known.identity.is_empty() {
            return Ok(self.read(known.number).await?.is_some_and(|found| found.is_empty()));
        }
        match self.bucket.get_range(&key, 0..known.identity.len() as u64).await {
            Ok(found) => Ok(found == known.identity),
            Err(Error::NotFound { .. } | Error::Range { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes objects in ascending order, through `number` but never the newest.
    ///
    /// Without trust in a listing that it shows all there is: an object left behind a gap would be an end for who stands on
    /// it. So the numbers between listed ones are deleted as well, and those before the first one are looked for.
    ///
    /// # Errors
    /// What the bucket says; the rest is left for the next call.
    pub async fn delete_through(&self, number: u64) -> Result<(), Error> {
        let numbers = self.numbers(0).await?;
        let (Some(first), Some(newest)) = (numbers.first(), numbers.last()) else { return Ok(()) };
        let mut first = *first;
        while first > 1 && self.exists(first - 1).await? {
            first -= 1;
        }
        let (mut next, mut doomed) = (first, Vec::new());
        for listed in numbers.iter().copied().take_while(|listed| *listed <= number && listed < newest) {
            // A wide gap is an old truncation, with something behind it that a late create brought back.
            let unlisted = if listed - next <= WIDE_GAP { next } else { listed };
            doomed.extend((unlisted..=listed).map(|number| self.key(number)));
            next = listed + 1;
        }
        self.bucket.delete_many(&doomed).await
    }

    async fn exists(&self, number: u64) -> Result<bool, Error> {
        match self.bucket.head(&self.key(number)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All numbers after `after`, ascending.
    async fn numbers(&self, after: u64) -> Result<Vec<u64>, Error> {
        let after = (after > 0).then(|| self.key(after));
        let mut numbers = Vec::new();
        for key in self.bucket.keys(&self.prefix, after.as_deref(), None).await? {
            match self.number_of(&key) {
                Some(number) => numbers.push(number),
                None => tracing::warn!(key, "not a name of this chain"),
            }
        }
        Ok(numbers)
    }

    fn number_of(&self, key: &str) -> Option<u64> {
        let name = key.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        let valid = name.len() == DIGITS && name.bytes().all(|b| b.is_ascii_digit());
        valid.then(|| name.parse().ok()).flatten().filter(|number| *number <= LARGEST)
    }
}
