//! A store in memory that misbehaves on a seed: for the tests of everything that must survive a bad network.
//!
//! What it never does is break the promise of create-if-absent: each key has one winner, and what was once read stays.

mod faults;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;

pub use faults::Faults;
use faults::{Fault, Random};

use crate::{Created, Error, Listing, Object, Store};

/// A misbehaving store. The same seed and the same requests in the same order give the same faults.
#[derive(Debug)]
pub struct Fake {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: Random,
    faults: Faults,
    objects: BTreeMap<String, Bytes>,
    /// Effects that land after so many further requests.
    late: Vec<(u64, Effect)>,
    requests: u64,
}

#[derive(Clone, Debug)]
enum Effect {
    Create(String, Bytes),
    Put(String, Bytes),
    Delete(String),
}

impl Fake {
    /// An empty store.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        let random = Random::new(seed);
        let state = State { random, faults, objects: BTreeMap::new(), late: Vec::new(), requests: 0 };
        Self { state: Mutex::new(state) }
    }

    /// Misbehaves like this from now on. Effects that are still on their way land at once.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state.lock();
        state.faults = faults;
        for (_, effect) in std::mem::take(&mut state.late) {
            state.apply(effect);
        }
    }

    /// What lies at `key`, without a request.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<Bytes> {
        self.state.lock().objects.get(key).cloned()
    }

    /// Puts bytes at `key`, without a request: a bit flip, a torn object, another's.
    pub fn poke(&self, key: &str, bytes: Bytes) {
        self.state.lock().objects.insert(key.to_owned(), bytes);
    }

    /// Deletes what lies at `key`, without a request.
    pub fn remove(&self, key: &str) {
        self.state.lock().objects.remove(key);
    }

    /// All keys, ascending, without a request.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state.lock().objects.keys().cloned().collect()
    }

    /// Requests so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.lock().requests
    }

    /// Counts a request, lets late effects land, and draws what goes wrong.
    fn begin(&self) -> (Fault, Duration) {
        let mut state = self.state.lock();
        state.requests += 1;
        let now = state.requests;
        let (landed, late) = std::mem::take(&mut state.late).into_iter().partition(|(due, _)| *due <= now);
        state.late = late;
        let landed: Vec<(u64, Effect)> = landed;
        for (_, effect) in landed {
            state.apply(effect);
        }
        let faults = state.faults.clone();
        (faults.draw(&mut state.random), faults.draw_delay(&mut state.random))
    }

    /// A read: it fails or hangs, but never lies.
    async fn read<T>(
        &self,
        operation: &'static str,
        key: &str,
        read: impl FnOnce(&State) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (fault, delay) = self.begin();
        pause(delay).await;
        match fault {
            Fault::None | Fault::Conflict => read(&self.state.lock()),
            Fault::LostReply => std::future::pending().await,
            Fault::ErrorBefore | Fault::ErrorAfter | Fault::Late(_) => Err(broken(operation, key)),
        }
    }

    /// A change: whether it takes effect and what the caller hears are two things. `Ok(None)`: a conflict without effect.
    async fn write(&self, operation: &'static str, key: &str, effect: Effect) -> Result<Option<bool>, Error> {
        let (fault, delay) = self.begin();
        pause(delay).await;
        match fault {
            Fault::None => Ok(Some(self.state.lock().apply(effect))),
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
                let mut state = self.state.lock();
                let due = state.requests + requests;
                state.late.push((due, effect));
                Err(broken(operation, key))
            }
        }
    }
}

impl State {
    /// Whether it changed anything.
    fn apply(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Create(key, bytes) => {
                let free = !self.objects.contains_key(&key);
                if free {
                    self.objects.insert(key, bytes);
                }
                free
            }
            Effect::Put(key, bytes) => {
                self.objects.insert(key, bytes);
                true
            }
            Effect::Delete(key) => self.objects.remove(&key).is_some(),
        }
    }

    fn get(&self, key: &str) -> Result<&Bytes, Error> {
        self.objects.get(key).ok_or_else(|| Error::NotFound { key: key.to_owned() })
    }
}

#[async_trait]
impl Store for Fake {
    async fn get(&self, key: &str) -> Result<Bytes, Error> {
        self.read("get", key, |state| state.get(key).cloned()).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        self.read("get", key, |state| {
            let bytes = state.get(key)?;
            if range.start > range.end || range.end > bytes.len() as u64 {
                return Err(Error::Range { key: key.to_owned(), start: range.start, end: range.end });
            }
            Ok(bytes.slice(range.start as usize..range.end as usize))
        })
        .await
    }

    async fn head(&self, key: &str) -> Result<Object, Error> {
        self.read("head", key, |state| state.get(key).map(|bytes| object(key, bytes))).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        match self.write("put", key, Effect::Put(key.to_owned(), bytes)).await? {
            Some(_) => Ok(()),
            None => Err(broken("put", key)),
        }
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Created {
        match self.write("create", key, Effect::Create(key.to_owned(), bytes)).await {
            Ok(Some(true)) => Created::Yes,
            // Of a conflict some stores say "exists" although nothing is there yet.
            Ok(Some(false) | None) => Created::Exists,
            Err(error) => Created::Unknown(error),
        }
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        let (fault, _) = self.begin();
        if !matches!(fault, Fault::None | Fault::Conflict) {
            return futures::stream::iter([Err(broken("list", prefix))]).boxed();
        }
        let state = self.state.lock();
        let below = |key: &str| {
            prefix.is_empty() || key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
        };
        let found: Vec<_> = state
            .objects
            .iter()
            .filter(|(key, _)| below(key) && after.is_none_or(|after| key.as_str() > after))
            .map(|(key, bytes)| Ok(object(key, bytes)))
            .collect();
        futures::stream::iter(found).boxed()
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.write("delete", key, Effect::Delete(key.to_owned())).await? {
            Some(_) => Ok(()),
            None => Err(broken("delete", key)),
        }
    }
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

fn object(key: &str, bytes: &Bytes) -> Object {
    Object { key: key.to_owned(), size: bytes.len() as u64, modified_ms: 0 }
}

fn broken(operation: &'static str, key: &str) -> Error {
    Error::Store { operation, key: key.to_owned(), reason: "the fake misbehaves".to_owned() }
}
