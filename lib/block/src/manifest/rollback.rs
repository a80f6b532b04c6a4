//! Takes back what compactions and deletions did, without losing what flushes brought.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mneme_model::{TenantId, TimestampMs};
use ulid::Ulid;

use super::manifests::Raced;
use super::{Content, Error, Manifest, Manifests};
use crate::meta::BlockMeta;

/// A version this close to its end is not gone back to: its blocks may be deleted meanwhile.
const MARGIN: Duration = Duration::from_secs(3600);

/// Where to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollbackOptions {
    /// The version whose blocks and deletions shall hold again.
    pub to: u64,
    /// Passes over versions that cannot be read, as if they had changed nothing. What a flush committed in one of them is lost: the
    /// blocks that it wrote stay in the bucket as orphans until they are cleaned away.
    pub over_broken: bool,
    /// How long versions live: one whose time is nearly over is refused.
    pub version_age: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct RolledBack {
    /// The version that was made.
    pub manifest: Manifest,
    /// Blocks of flushes after the version gone back to: they are kept.
    pub kept: Vec<Ulid>,
    /// Versions that could not be read, with the reasons.
    pub broken: Vec<(u64, String)>,
}

impl Manifests {
    /// Makes a version that has the blocks and deletions of version `to`, with the marks of the newest one and with the blocks that
    /// flushes brought since: compactions, retention and deletions after `to` are undone, samples are not lost.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it cannot be, with the reason; else as [`Self::commit`].
    pub async fn rollback(
        &self,
        tenant: &TenantId,
        options: RollbackOptions,
        now: TimestampMs,
    ) -> Result<RolledBack, Error> {
        let refuse = |reason: String| Err(Error::Invalid(format!("tenant {tenant}: {reason}")));
        let chain = self.chain(tenant);
        let newest = chain.newest(0).await?.unwrap_or(0);
        if options.to == 0 || options.to >= newest {
            return refuse(format!("version {} is not older than the newest, {newest}", options.to));
        }
        let Some(target) = self.at(tenant, options.to).await? else {
            return refuse(format!("version {} is gone", options.to));
        };
        let successor = self.bucket().head(&chain.key(options.to + 1)).await?;
        let life = options.version_age.saturating_sub(MARGIN.min(options.version_age / 2));
        let age = now.saturating_sub(successor.modified_ms);
        if u128::try_from(age).unwrap_or_default() >= life.as_millis() {
            return refuse(format!(
                "version {} is about to be deleted, and blocks of it with it",
                options.to
            ));
        }
        let mut content = target.content().clone();
        let mut known = target.content().clone();
        let mut last = target;
        let (mut kept, mut broken) = (Vec::new(), Vec::new());
        for number in options.to + 1..=newest {
            let version = match self.at(tenant, number).await {
                Ok(Some(version)) => version,
                Ok(None) => return refuse(format!("version {number} is gone")),
                Err(error @ (Error::Corrupt { .. } | Error::UnknownFormat { .. })) if options.over_broken => {
                    broken.push((number, error.to_string()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let brought = flushed(&known, version.content());
            kept.extend(brought.iter().map(|block| block.id));
            content.blocks.extend(brought);
            known = version.content().clone();
            last = version;
        }
        content.marks = known.marks;
        content.floor = content.floor.max(known.floor);
        content.shard_size = known.shard_size;
        content.blocks.sort_by_key(|block| block.id);
        content.blocks.dedup_by_key(|block| block.id);
        let base = match broken.last() {
            // What is on top cannot be read: its bytes tell it all the same.
            Some((number, _)) if *number == newest => self.unread(tenant, newest).await?,
            _ => last,
        };
        match self.create_next(&base, &content, now).await? {
            Raced::Won(manifest) => Ok(RolledBack { manifest, kept, broken }),
            Raced::Lost(newer) => {
                refuse(format!("version {} was committed meanwhile: look again", newer.version()))
            }
        }
    }

    /// Version `number` as something that another can be built on, whatever it says.
    async fn unread(&self, tenant: &TenantId, number: u64) -> Result<Manifest, Error> {
        let bytes = self.bucket().get(&self.chain(tenant).key(number)).await?;
        Ok(self.broken_base(tenant, number, &bytes))
    }
}

/// The blocks that a flush brought: a version with other marks is one.
fn flushed(before: &Content, after: &Content) -> Vec<Arc<BlockMeta>> {
    if before.marks == after.marks {
        return Vec::new();
    }
    let had: BTreeMap<Ulid, ()> = before.blocks.iter().map(|block| (block.id, ())).collect();
    after.blocks.iter().filter(|block| !had.contains_key(&block.id)).cloned().collect()
}
