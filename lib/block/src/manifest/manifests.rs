//! All tenants' manifests in one bucket: reading versions, committing the next.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use mneme_bucket::{AttemptIds, Bucket, Chain, Next, Outcome};
use mneme_model::{TenantId, TimestampMs};
use parking_lot::Mutex;
use ulid::Ulid;

use super::apply::{Applied, apply, lists_to_look_into};
use super::fold::{self, Fold};
use super::frame::{self, Kind};
use super::list::{self, List};
use super::{Change, Committed, Content, Error, ListRef, Manifest, keys};

/// So many versions are walked one by one before the newest is looked for by a listing.
const WALK: u32 = 4;
/// A commit that was lost so often is given up for now.
const TRIES: u32 = 100;
/// So many blocks of lists stay in memory, about 1 KiB each.
const BLOCKS_IN_MEMORY: usize = 64 << 10;

/// The manifests of all tenants in a bucket. A cheap handle: clones share what they remember.
#[derive(Clone, Debug)]
pub struct Manifests {
    bucket: Bucket,
    attempts: Arc<AttemptIds>,
    lists: Lists,
}

impl Manifests {
    /// Those of `bucket`; `attempts` tell this process's versions from others'.
    #[must_use]
    pub fn new(bucket: Bucket, attempts: Arc<AttemptIds>) -> Self {
        let lists = Lists { bucket: bucket.clone(), memory: Arc::default() };
        Self { bucket, attempts, lists }
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// An id for a block that is to be written now, different from every other one.
    #[must_use]
    pub fn fresh_id(&self, now: TimestampMs) -> Ulid {
        Ulid::from_parts(u64::try_from(now).unwrap_or_default(), self.attempts.next())
    }

    /// The newest version, by a listing and a read.
    ///
    /// # Errors
    /// The bucket's; [`Error::Corrupt`] or [`Error::UnknownFormat`] for a version that cannot be read.
    pub async fn newest(&self, tenant: &TenantId) -> Result<Manifest, Error> {
        let chain = self.chain(tenant);
        for _ in 0..TRIES {
            let Some(number) = chain.newest(0).await? else {
                return Ok(Manifest::empty(tenant.clone(), self.lists.clone()));
            };
            // Deleted since the listing: then there is a newer one.
            if let Some(found) = self.at(tenant, number).await? {
                return Ok(found);
            }
        }
        Err(Error::Contended { tenant: tenant.clone(), tries: TRIES })
    }

    /// Version `number`; `None` if it is not there.
    ///
    /// # Errors
    /// As [`Self::newest`].
    pub async fn at(&self, tenant: &TenantId, number: u64) -> Result<Option<Manifest>, Error> {
        let bytes = self.chain(tenant).read(number).await?;
        bytes.map(|bytes| self.decode(tenant, number, &bytes)).transpose()
    }

    /// The newest version, from one that was read before: two small requests where nothing is new.
    ///
    /// # Errors
    /// As [`Self::newest`].
    pub async fn refresh(&self, from: &Manifest) -> Result<Manifest, Error> {
        let chain = self.chain(from.tenant());
        let mut newest = from.clone();
        for _ in 0..WALK {
            let Some(known) = newest.known() else { break };
            match chain.next(known).await? {
                Next::Object(bytes) => {
                    newest = self.decode(newest.tenant(), newest.version() + 1, &bytes)?;
                }
                Next::End => return Ok(newest),
                Next::Gone => break,
            }
        }
        self.newest(from.tenant()).await
    }

    /// Makes the change on top of the newest version: `base` if nothing came after it, else whatever came.
    ///
    /// The outcome of an error is unknown (the store did not say): the same change again tells, and does not happen twice.
    ///
    /// # Errors
    /// The bucket's, those of versions that cannot be read, and [`Error::Invalid`] for a change that moves a mark back.
    pub async fn commit(
        &self,
        base: &Manifest,
        change: &Change,
        now: TimestampMs,
    ) -> Result<Committed, Error> {
        if let Some(back) = change.marks.iter().find(|moved| moved.to < moved.from) {
            let reason =
                format!("the mark of {} cannot go back from {} to {}", back.partition, back.from, back.to);
            return Err(Error::Invalid(reason));
        }
        let mut base = base.clone();
        for _ in 0..TRIES {
            let next = match self.apply(&base, change).await? {
                Applied::Already => return Ok(Committed::Committed(base)),
                // Only the newest version can say so.
                Applied::Void(why) => match self.refresh(&base).await? {
                    newest if newest.version() == base.version() => {
                        return Ok(Committed::Void { why, newest });
                    }
                    newer => {
                        base = newer;
                        continue;
                    }
                },
                Applied::Next(next) => self.fold(&base, *next, change, now).await?,
            };
            match self.create_next(&base, &next, now).await? {
                Raced::Won(committed) => return Ok(Committed::Committed(committed)),
                Raced::Lost(newer) => base = newer,
            }
        }
        Err(Error::Contended { tenant: base.tenant().clone(), tries: TRIES })
    }

    async fn apply(&self, base: &Manifest, change: &Change) -> Result<Applied, Error> {
        let mut lists = Vec::new();
        for named in lists_to_look_into(base.content(), change) {
            lists.push((named.clone(), self.lists.load(base.tenant(), base.version(), named).await?));
        }
        Ok(apply(base.content(), change, &lists))
    }

    /// Moves blocks of closed days into lists. A list that cannot be had is no reason not to commit: what would go with it stays.
    async fn fold(
        &self,
        base: &Manifest,
        mut next: Content,
        change: &Change,
        now: TimestampMs,
    ) -> Result<Content, Error> {
        let fresh = change.add.iter().map(|block| block.id).collect();
        for fold in fold::folds(&next, &fresh) {
            let with = match &fold.with {
                None => Arc::default(),
                Some(named) => match self.lists.load(base.tenant(), base.version(), named).await {
                    Ok(list) => list,
                    Err(error) => {
                        tracing::error!(tenant = %base.tenant(), %error, "blocks stay out of a list that cannot be read");
                        continue;
                    }
                },
            };
            let list = self.write_list(base.tenant(), &with, &fold, now).await?;
            fold::replace(&mut next, &fold, list);
        }
        Ok(next)
    }

    async fn write_list(
        &self,
        tenant: &TenantId,
        with: &List,
        fold: &Fold,
        now: TimestampMs,
    ) -> Result<ListRef, Error> {
        let list = List { blocks: with.blocks.iter().chain(&fold.blocks).cloned().collect() };
        let id = self.fresh_id(now);
        let named = list.reference(id);
        self.bucket.put(&keys::list(tenant, id), list.encode(self.attempts.next(), now)?).await?;
        self.lists.remember(tenant, id, Arc::new(list));
        Ok(named)
    }

    /// Tries to make `content` the version after `base`.
    pub(super) async fn create_next(
        &self,
        base: &Manifest,
        content: &Content,
        now: TimestampMs,
    ) -> Result<Raced, Error> {
        let (tenant, number) = (base.tenant(), base.version() + 1);
        let attempt = self.attempts.next();
        let bytes = content.encode(number, attempt, base.attempt(), now)?;
        match self.chain(tenant).append(base.known(), &bytes).await? {
            Some(Outcome::Won) if self.is_first_of_all(tenant, number, attempt).await? => {
                Ok(Raced::Won(self.decode(tenant, number, &bytes)?))
            }
            Some(Outcome::Lost(other)) => Ok(Raced::Lost(self.decode(tenant, number, &other)?)),
            // The base was deleted, so that a win means nothing.
            _ => Ok(Raced::Lost(self.newest(tenant).await?)),
        }
    }

    /// Whether a won number counts. The first one has no base that could be looked at: whoever listed nothing, and then slept for
    /// longer than versions live, may win a number 1 that was deleted.
    async fn is_first_of_all(&self, tenant: &TenantId, number: u64, attempt: u128) -> Result<bool, Error> {
        let chain = self.chain(tenant);
        if number > 1 || chain.newest(1).await?.is_none_or(|newest| newest == 1) {
            return Ok(true);
        }
        let Some(second) = chain.read(2).await? else { return Ok(false) };
        let (header, _) = frame::decode(&second, Kind::Version).map_err(|broken| broken.of(&chain.key(2)))?;
        Ok(header.parent == attempt)
    }

    pub(super) fn chain(&self, tenant: &TenantId) -> Chain {
        Chain::new(self.bucket.clone(), keys::chain(tenant))
    }

    /// A version that cannot be read, for another one to be built on.
    pub(super) fn broken_base(&self, tenant: &TenantId, number: u64, bytes: &Bytes) -> Manifest {
        Manifest::broken(tenant.clone(), number, bytes, self.lists.clone())
    }

    pub(super) fn decode(&self, tenant: &TenantId, number: u64, bytes: &Bytes) -> Result<Manifest, Error> {
        let key = self.chain(tenant).key(number);
        Manifest::decode(tenant.clone(), number, &key, bytes, self.lists.clone())
    }
}

/// How a race for a number ended.
#[derive(Debug)]
pub(super) enum Raced {
    Won(Manifest),
    /// To another, whose version this is, or a later one.
    Lost(Manifest),
}

/// Reads lists, and keeps the last ones in memory: they never change.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    bucket: Bucket,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    lists: HashMap<(TenantId, Ulid), Arc<List>>,
    /// In the order in which they came.
    order: VecDeque<(TenantId, Ulid)>,
    blocks: usize,
}

impl Lists {
    /// The list that version `version` names.
    pub(super) async fn load(
        &self,
        tenant: &TenantId,
        version: u64,
        named: &ListRef,
    ) -> Result<Arc<List>, Error> {
        let held = self.memory.lock().lists.get(&(tenant.clone(), named.id)).cloned();
        let key = keys::list(tenant, named.id);
        let list = match held {
            Some(list) => list,
            None => {
                let bytes = self.bucket.get(&key).await.map_err(|error| {
                    if error.is_not_found() {
                        Error::NoList { key: key.clone(), version }
                    } else {
                        error.into()
                    }
                })?;
                let list = Arc::new(List::decode(&key, &bytes)?);
                self.remember(tenant, named.id, list.clone());
                list
            }
        };
        list::check(&list, named, &key)?;
        Ok(list)
    }

    fn remember(&self, tenant: &TenantId, id: Ulid, list: Arc<List>) {
        let mut memory = self.memory.lock();
        let (key, blocks) = ((tenant.clone(), id), list.blocks.len());
        if memory.lists.insert(key.clone(), list).is_none() {
            memory.blocks += blocks;
            memory.order.push_back(key);
        }
        while memory.blocks > BLOCKS_IN_MEMORY
            && let Some(oldest) = memory.order.pop_front()
        {
            let gone = memory.lists.remove(&oldest).map_or(0, |list| list.blocks.len());
            memory.blocks -= gone;
        }
    }
}
