//! A store in memory that misbehaves on a seed: for the tests of everything that must survive a bad network.
//!
//! Vocabulary: [`Faults`] say how often each thing goes wrong; a [`Scope`] says for which requests (an operation, a prefix).
//! Flow: [`Fake::new`] with a seed -> [`crate::Bucket::new`] over it -> the thing under test -> [`Fake::set_faults`] to
//! [`Faults::none`] and a check of what is there. On Tokio's paused clock delays and deadlines cost nothing, and the same
//! seed and the same requests in the same order give the same faults: a failing seed replays exactly.
//!
//! A range read may come back with too few bytes or too many ([`Faults::short_range`], [`Faults::long_range`]), which
//! [`crate::Bucket`] notices and asks again; behind a reader's back the object may go between two ranges ([`Faults::deleted`],
//! [`Fake::remove_after`]).
//!
//! Of an object that comes in parts each request may fail like any other: a part that lands late lands in the upload if that is still
//! there, a torn part is replaced when it is sent again, and nothing is an object before the last request.
//!
//! What it never does is break the promises of create-if-absent and of reading what was written: each key has one winner, and
//! what was once read stays until it is deleted. [`Faults::torn`] and [`Faults::unlisted`] go further than the stores of
//! today and are off unless asked for.

mod faults;
mod random;
mod scope;
mod state;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;

pub use faults::Faults;
pub use scope::Scope;

use self::faults::Fault;
use self::state::{Effect, State, object, part_name};
use crate::{Created, Error, Listing, Object, Operation, Part, Store};

/// A misbehaving store. The same seed and the same requests in the same order give the same faults.
#[derive(Debug)]
pub struct Fake {
    state: Mutex<State>,
}

impl Fake {
    /// An empty store.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self { state: Mutex::new(State::new(seed, faults)) }
    }

    /// Misbehaves like this from now on, at every request. Effects that are still on their way land at once.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state.lock();
        state.rules = vec![(Scope::everything(), faults)];
        state.land_all();
    }

    /// Misbehaves like this from now on at the requests of `scope`, whatever was said of them before; until the next
    /// [`Self::set_faults`].
    pub fn set_faults_for(&self, scope: Scope, faults: Faults) {
        self.state.lock().rules.push((scope, faults));
    }

    /// Sets the store's clock (milliseconds since 1970; 0 at first): what is written from now on was last modified then.
    pub fn set_now(&self, now_ms: i64) {
        self.state.lock().now_ms = now_ms;
    }

    /// What lies at `key`, without a request.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<Bytes> {
        self.state.lock().objects.get(key).map(|stored| stored.bytes.clone())
    }

    /// Puts bytes at `key`, without a request: a bit flip, a torn object, another's.
    pub fn poke(&self, key: &str, bytes: Bytes) {
        self.state.lock().apply(Effect::Put(key.to_owned(), bytes));
    }

    /// Deletes what lies at `key`, without a request.
    pub fn remove(&self, key: &str) {
        self.state.lock().objects.remove(key);
    }

    /// Deletes what lies at `key` once so many further requests were made: behind a reader who is in the middle of it.
    pub fn remove_after(&self, requests: u64, key: &str) {
        self.state.lock().apply_later(requests, Effect::Delete(key.to_owned()));
    }

    /// All keys, ascending, without a request.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state.lock().objects.keys().cloned().collect()
    }

    /// Uploads that were begun and are neither finished nor given up, without a request.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.state.lock().uploads.len()
    }

    /// Requests so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.lock().requests
    }

    /// A read: it fails or hangs, but never lies.
    async fn read<T>(
        &self,
        operation: Operation,
        key: &str,
        read: impl FnOnce(&mut State, Fault) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (fault, delay) = self.state.lock().begin(operation, key);
        pause(delay).await;
        match fault {
            Fault::None
            | Fault::Conflict
            | Fault::Torn
            | Fault::Unlisted
            | Fault::Disordered
            | Fault::ShortRange
            | Fault::LongRange => read(&mut self.state.lock(), fault),
            Fault::Deleted => {
                let mut state = self.state.lock();
                state.apply(Effect::Delete(key.to_owned()));
                read(&mut state, fault)
            }
            Fault::LostReply => std::future::pending().await,
            Fault::ErrorBefore | Fault::ErrorAfter | Fault::Late(_) => Err(broken(operation, key)),
        }
    }

    /// A change: whether it takes effect and what the caller hears are two things. `Ok(None)`: a conflict without effect.
    async fn write(&self, operation: Operation, key: &str, effect: Effect) -> Result<Option<bool>, Error> {
        let (fault, delay) = self.state.lock().begin(operation, key);
        pause(delay).await;
        match fault {
            Fault::None
            | Fault::Deleted
            | Fault::Unlisted
            | Fault::Disordered
            | Fault::ShortRange
            | Fault::LongRange => Ok(Some(self.state.lock().apply(effect))),
            Fault::Conflict => Ok(None),
            Fault::ErrorBefore => Err(broken(operation, key)),
            Fault::ErrorAfter => {
                self.state.lock().apply(effect);
                Err(broken(operation, key))
            }
            Fault::LostReply => {
                self.state.lock().apply(effect);
                std::future::pending().await
            }
            Fault::Late(requests) => {
                self.state.lock().apply_later(requests, effect);
                Err(broken(operation, key))
            }
            Fault::Torn => {
                self.state.lock().apply(effect.torn());
                Err(broken(operation, key))
            }
        }
    }
}

#[async_trait]
impl Store for Fake {
    async fn get(&self, key: &str) -> Result<Bytes, Error> {
        self.read(Operation::Get, key, |state, _| state.get(key).cloned()).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.read(Operation::Get, key, |state, fault| {
            let bytes = state.get(key)?.clone();
            if range.start > range.end || range.end > bytes.len() as u64 {
                return Err(Error::Range { key: key.to_owned(), start: range.start, end: range.end });
            }
            let (start, end) = (range.start as usize, range.end as usize);
            let end = match fault {
                Fault::ShortRange if start < end => start + state.random.below((end - start) as u64) as usize,
                Fault::LongRange => bytes.len(),
                _ => end,
            };
            Ok(bytes.slice(start..end))
        })
        .await
    }

    async fn head(&self, key: &str) -> Result<Object, Error> {
        self.read(Operation::Head, key, |state, _| state.stored(key).map(|stored| object(key, stored))).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        match self.write(Operation::Put, key, Effect::Put(key.to_owned(), bytes)).await? {
            Some(_) => Ok(()),
            None => Err(broken(Operation::Put, key)),
        }
    }

    async fn begin_upload(&self, key: &str) -> Result<String, Error> {
        let upload = format!("{key}?{}", self.requests());
        match self.write(Operation::Put, key, Effect::Begin(upload.clone())).await? {
            Some(_) => Ok(upload),
            None => Err(broken(Operation::Put, key)),
        }
    }

    async fn put_part(&self, key: &str, upload: &str, part: Part, bytes: Bytes) -> Result<String, Error> {
        let name = part_name(part.number, &bytes);
        let effect = Effect::PutPart(upload.to_owned(), part.number, bytes);
        match self.write(Operation::Put, key, effect).await? {
            Some(true) => Ok(name),
            Some(false) => Err(no_upload(key)),
            None => Err(broken(Operation::Put, key)),
        }
    }

    async fn finish_upload(&self, key: &str, upload: &str, parts: Vec<String>) -> Result<(), Error> {
        let effect = Effect::Finish(key.to_owned(), upload.to_owned(), parts);
        match self.write(Operation::Put, key, effect).await? {
            Some(true) => Ok(()),
            Some(false) => Err(no_upload(key)),
            None => Err(broken(Operation::Put, key)),
        }
    }

    async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), Error> {
        match self.write(Operation::Delete, key, Effect::Abort(upload.to_owned())).await? {
            Some(_) => Ok(()),
            None => Err(broken(Operation::Delete, key)),
        }
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Created {
        match self.write(Operation::Create, key, Effect::Create(key.to_owned(), bytes)).await {
            Ok(Some(true)) => Created::Yes,
            // Of a conflict some stores say "exists" although nothing is there yet.
            Ok(Some(false) | None) => Created::Exists,
            Err(error) => Created::Unknown(error),
        }
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        let mut state = self.state.lock();
        let (fault, delay) = state.begin(Operation::List, prefix);
        let found = match fault {
            Fault::ErrorBefore | Fault::ErrorAfter | Fault::LostReply | Fault::Late(_) => {
                vec![Err(broken(Operation::List, prefix))]
            }
            fault => state.list(prefix, after, fault).into_iter().map(Ok).collect(),
        };
        let slowly = async move {
            pause(delay).await;
            futures::stream::iter(found)
        };
        futures::stream::once(slowly).flatten().boxed()
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let below = format!("{prefix}/");
        self.read(Operation::List, prefix, |state, _| {
            let keys = state.objects.keys().filter_map(|key| key.strip_prefix(&below)?.split_once('/'));
            Ok(keys.map(|(folder, _)| folder.to_owned()).collect())
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.write(Operation::Delete, key, Effect::Delete(key.to_owned())).await? {
            Some(_) => Ok(()),
            None => Err(broken(Operation::Delete, key)),
        }
    }
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// As S3 says it: an error like others.
fn no_upload(key: &str) -> Error {
    Error::Store { operation: "put", key: key.to_owned(), reason: "there is no such upload".to_owned() }
}

fn broken(operation: Operation, key: &str) -> Error {
    let reason = "the fake misbehaves".to_owned();
    Error::Store { operation: operation.as_str(), key: key.to_owned(), reason }
}
