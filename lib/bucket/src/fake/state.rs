//! What lies in the fake, and what is still on its way.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::faults::Fault;
use super::random::Random;
use super::{Faults, Scope};
use crate::{Error, Object, Operation};

/// A listing that shows less than there is hides only what is this many requests old at most.
const RECENT: u64 = 16;

#[derive(Debug)]
pub(super) struct State {
    pub(super) random: Random,
    /// The last one that holds for a request counts.
    pub(super) rules: Vec<(Scope, Faults)>,
    pub(super) objects: BTreeMap<String, Stored>,
    /// Uploads that are neither finished nor aborted: their parts by number.
    pub(super) uploads: BTreeMap<String, BTreeMap<usize, Bytes>>,
    /// Effects that land after so many further requests.
    late: Vec<(u64, Effect)>,
    pub(super) requests: u64,
    /// The store's clock.
    pub(super) now_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) bytes: Bytes,
    /// When it was made, by the store's clock.
    modified_ms: i64,
    /// The number of the request that made it.
    born: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Effect {
    Create(String, Bytes),
    Put(String, Bytes),
    Delete(String),
    /// By the upload's name.
    Begin(String),
    /// Upload, number, bytes.
    PutPart(String, usize, Bytes),
    /// Key, upload, the parts' names.
    Finish(String, String, Vec<String>),
    Abort(String),
}

impl State {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            random: Random::new(seed),
            rules: vec![(Scope::everything(), faults)],
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            late: Vec::new(),
            requests: 0,
            now_ms: 0,
        }
    }

    /// Counts a request, lets late effects land, and draws what goes wrong.
    pub(super) fn begin(&mut self, operation: Operation, key: &str) -> (Fault, Duration) {
        self.requests += 1;
        let now = self.requests;
        let (landed, late): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late).into_iter().partition(|(due, _)| *due <= now);
        self.late = late;
        for (_, effect) in landed {
            self.apply(effect);
        }
        let rule = self.rules.iter().rev().find(|(scope, _)| scope.holds(operation, key));
        let Some((_, faults)) = rule else { return (Fault::None, Duration::ZERO) };
        (faults.draw(&mut self.random), faults.draw_delay(&mut self.random))
    }

    /// Whether it changed anything.
    pub(super) fn apply(&mut self, effect: Effect) -> bool {
        let (born, modified_ms) = (self.requests, self.now_ms);
        match effect {
            Effect::Create(key, bytes) => {
                let free = !self.objects.contains_key(&key);
                if free {
                    self.objects.insert(key, Stored { bytes, modified_ms, born });
                }
                free
            }
            Effect::Put(key, bytes) => {
                self.objects.insert(key, Stored { bytes, modified_ms, born });
                true
            }
            Effect::Delete(key) => self.objects.remove(&key).is_some(),
            Effect::Begin(upload) => self.uploads.insert(upload, BTreeMap::new()).is_none(),
            Effect::PutPart(upload, number, bytes) => {
                self.uploads.get_mut(&upload).map(|parts| parts.insert(number, bytes)).is_some()
            }
            Effect::Finish(key, upload, names) => {
                let Some(bytes) = self.whole(&upload, &names) else { return false };
                self.uploads.remove(&upload);
                self.objects.insert(key, Stored { bytes, modified_ms, born });
                true
            }
            Effect::Abort(upload) => self.uploads.remove(&upload).is_some(),
        }
    }

    /// The object of an upload's parts; `None` if a name is not that of the part that is there.
    fn whole(&self, upload: &str, names: &[String]) -> Option<Bytes> {
        let parts = self.uploads.get(upload)?;
        let mut whole = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let bytes = parts.get(&number)?;
            if *name != part_name(number, bytes) {
                return None;
            }
            whole.extend_from_slice(bytes);
        }
        Some(whole.into())
    }

    /// Lets the effect land after so many further requests.
    pub(super) fn apply_later(&mut self, requests: u64, effect: Effect) {
        self.late.push((self.requests + requests, effect));
    }

    pub(super) fn land_all(&mut self) {
        for (_, effect) in std::mem::take(&mut self.late) {
            self.apply(effect);
        }
    }

    pub(super) fn get(&self, key: &str) -> Result<&Bytes, Error> {
        self.stored(key).map(|stored| &stored.bytes)
    }

    pub(super) fn stored(&self, key: &str) -> Result<&Stored, Error> {
        self.objects.get(key).ok_or_else(|| Error::NotFound { key: key.to_owned() })
    }

    pub(super) fn list(&mut self, prefix: &str, after: Option<&str>, fault: Fault) -> Vec<Object> {
        let Self { objects, random, requests, .. } = self;
        let below = |key: &str| {
            prefix.is_empty() || key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut found: Vec<Object> = objects
            .iter()
            .filter(|(key, _)| below(key) && after.is_none_or(|after| key.as_str() > after))
            .filter(|(_, stored)| {
                let recent = stored.born + RECENT > *requests;
                fault != Fault::Unlisted || !recent || random.below(2) == 0
            })
            .map(|(key, stored)| object(key, stored))
            .collect();
        if fault == Fault::Disordered {
            random.shuffle(&mut found);
        }
        found
    }
}

impl Effect {
    /// The effect with the first half of its bytes.
    pub(super) fn torn(self) -> Self {
        let half = |bytes: Bytes| bytes.slice(..bytes.len() / 2);
        match self {
            Self::Create(key, bytes) => Self::Create(key, half(bytes)),
            Self::Put(key, bytes) => Self::Put(key, half(bytes)),
            Self::PutPart(upload, number, bytes) => Self::PutPart(upload, number, half(bytes)),
            other @ (Self::Delete(_) | Self::Begin(_) | Self::Finish(..) | Self::Abort(_)) => other,
        }
    }
}

/// What a part is called, so that another one's name does not fit.
pub(super) fn part_name(number: usize, bytes: &Bytes) -> String {
    format!("{number}-{:08x}", crc32c::crc32c(bytes))
}

pub(super) fn object(key: &str, stored: &Stored) -> Object {
    Object { key: key.to_owned(), size: stored.bytes.len() as u64, modified_ms: stored.modified_ms }
}
