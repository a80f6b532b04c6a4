//! Deletes old versions, and what no version lists.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures::TryStreamExt;
use futures::stream::{self, StreamExt};
use mneme_bucket::{Bucket, Object};
use mneme_model::{TenantId, TimestampMs};
use ulid::Ulid;

use super::{Change, Committed, Error, Manifest, Manifests, keys};

/// So many objects are deleted at once.
const DELETES_AT_ONCE: usize = 16;
/// How often a listing that broke off is begun anew.
const LISTINGS: u32 = 5;

/// How old things must be before they go. Ages are by the bucket's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanOptions {
    /// A version lives so long past its successor, and with it all that it lists: longer than any query, and than any rollback.
    pub version_age: Duration,
    /// What no version lists lives so long: longer than any flush or compaction, which can commit it until then.
    pub orphan_age: Duration,
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Versions.
    pub versions: u64,
    /// Lists of closed days.
    pub lists: u64,
    /// Blocks, or parts of some.
    pub blocks: u64,
    /// Objects of blocks and lists.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Objects of blocks and lists by their ids.
#[derive(Default)]
struct Found {
    blocks: BTreeMap<Ulid, Vec<Object>>,
    lists: BTreeMap<Ulid, Vec<Object>>,
}

/// What live versions name.
#[derive(Default)]
struct Live {
    blocks: HashSet<Ulid>,
    lists: HashSet<Ulid>,
}

impl Manifests {
    /// Deletes a tenant's old versions, and the blocks and lists that no version names.
    ///
    /// First the floor is committed, so that nothing below it can be committed any more; only then it is looked at what the live
    /// versions list, and the rest below the floor is deleted. Calls may race with each other and with commits, and may end anywhere.
    ///
    /// # Errors
    /// The bucket's; a live version or list that cannot be read: then nothing is deleted that it may list.
    pub async fn clean(
        &self,
        tenant: &TenantId,
        now: TimestampMs,
        options: CleanOptions,
    ) -> Result<Cleaned, Error> {
        let mut newest = self.newest(tenant).await?;
        let floor = Ulid::from_parts(millis_before(now, options.orphan_age), 0);
        let candidates = self.candidates(&newest, floor).await?;
        if !candidates.is_empty() && newest.content().floor < floor {
            let raise = Change { floor: Some(floor), ..Change::default() };
            let (Committed::Committed(committed) | Committed::Void { newest: committed, .. }) =
                self.commit(&newest, &raise, now).await?;
            newest = committed;
        }
        if newest.version() == 0 {
            return Ok(Cleaned::default());
        }
        let mut cleaned = Cleaned::default();
        let key = self.chain(tenant).key(newest.version());
        let bucket_now = self.bucket().head(&key).await?.modified_ms;
        cleaned.versions = self.delete_versions(tenant, bucket_now, options.version_age).await?;
        if !candidates.is_empty() {
            let live = self.live(tenant).await?;
            let old = |object: &&Object| is_older(object, options.orphan_age, bucket_now);
            let floor = newest.content().floor;
            let dead = |id: &Ulid, live: &HashSet<Ulid>| *id < floor && !live.contains(id);
            let blocks = candidates.blocks.iter().filter(|(id, _)| dead(id, &live.blocks));
            let lists = candidates.lists.iter().filter(|(id, _)| dead(id, &live.lists));
            let mut doomed = Vec::new();
            for (things, count) in
                [(blocks.collect::<Vec<_>>(), &mut cleaned.blocks), (lists.collect(), &mut cleaned.lists)]
            {
                for (_, objects) in things {
                    let before = doomed.len();
                    doomed.extend(objects.iter().filter(old));
                    *count += u64::from(doomed.len() > before);
                }
            }
            cleaned.objects = doomed.len() as u64;
            cleaned.bytes = doomed.iter().map(|object| object.size).sum();
            delete(self.bucket(), doomed.into_iter().map(|object| object.key.clone()).collect()).await?;
        }
        Ok(cleaned)
    }

    /// What lies below the floor and is not in this version.
    async fn candidates(&self, newest: &Manifest, floor: Ulid) -> Result<Found, Error> {
        let tenant = newest.tenant();
        let (blocks, lists) = (keys::blocks(tenant), keys::lists(tenant));
        let mut found = Found {
            blocks: by_id(&blocks, objects(self.bucket(), &blocks).await?),
            lists: by_id(&lists, objects(self.bucket(), &lists).await?),
        };
        let mut live = Live::default();
        live.add(newest).await?;
        found.blocks.retain(|id, _| *id < floor && !live.blocks.contains(id));
        found.lists.retain(|id, _| *id < floor && !live.lists.contains(id));
        Ok(found)
    }

    /// Deletes versions whose successor is old enough.
    async fn delete_versions(
        &self,
        tenant: &TenantId,
        bucket_now: TimestampMs,
        age: Duration,
    ) -> Result<u64, Error> {
        let chain = self.chain(tenant);
        let mut versions = objects(self.bucket(), &keys::chain(tenant)).await?;
        versions.sort_by(|a, b| a.key.cmp(&b.key));
        // The numbers are as wide as each other, so that the order of the names is theirs.
        let expired =
            versions.iter().skip(1).take_while(|successor| is_older(successor, age, bucket_now)).count();
        if let Some(last) = expired.checked_sub(1).and_then(|at| versions.get(at)) {
            let number = last.key.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(0);
            chain.delete_through(number).await?;
        }
        Ok(expired as u64)
    }

    /// What the versions name that are there now.
    async fn live(&self, tenant: &TenantId) -> Result<Live, Error> {
        let mut live = Live::default();
        for object in objects(self.bucket(), &keys::chain(tenant)).await? {
            let number = object.key.rsplit('/').next().and_then(|number| number.parse().ok());
            // Another cleaner may have deleted it since: it was old enough for him, so that nobody needs what it lists.
            if let Some(number) = number
                && let Some(version) = self.at(tenant, number).await?
            {
                live.add(&version).await?;
            }
        }
        Ok(live)
    }
}

impl Found {
    fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.lists.is_empty()
    }
}

impl Live {
    async fn add(&mut self, version: &Manifest) -> Result<(), Error> {
        self.lists.extend(version.content().lists.iter().map(|list| list.id));
        self.blocks.extend(version.all_blocks().await?.iter().map(|block| block.id));
        Ok(())
    }
}

/// Whether the object was written at least `age` ago.
fn is_older(object: &Object, age: Duration, bucket_now: TimestampMs) -> bool {
    let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    object.modified_ms.saturating_add(age) <= bucket_now
}

fn millis_before(now: TimestampMs, age: Duration) -> u64 {
    let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    u64::try_from(now.saturating_sub(age)).unwrap_or_default()
}

fn by_id(prefix: &str, objects: Vec<Object>) -> BTreeMap<Ulid, Vec<Object>> {
    let mut found: BTreeMap<Ulid, Vec<Object>> = BTreeMap::new();
    for object in objects {
        match keys::id_below(prefix, &object.key) {
            Some(id) => found.entry(id).or_default().push(object),
            None => tracing::warn!(key = object.key, "not the name of a block or list; left alone"),
        }
    }
    found
}

/// All objects below a prefix; listed anew where a listing breaks off.
pub(super) async fn objects(bucket: &Bucket, prefix: &str) -> Result<Vec<Object>, Error> {
    let mut pause = bucket.options().retry_backoff;
    for left in (0..LISTINGS).rev() {
        match bucket.list(prefix, None).try_collect().await {
            Ok(found) => return Ok(found),
            Err(error) if left == 0 || !error.is_transient() => return Err(error.into()),
            Err(error) => tracing::debug!(prefix, %error, "listing again"),
        }
        tokio::time::sleep(pause).await;
        pause *= 4;
    }
    unreachable!("the last listing returns")
}

async fn delete(bucket: &Bucket, keys: Vec<String>) -> Result<(), Error> {
    let deleted = stream::iter(keys).map(|key| async move { bucket.delete(&key).await });
    Ok(deleted.buffer_unordered(DELETES_AT_ONCE).try_collect::<()>().await?)
}
