//! Reads all that a tenant's manifest rests on, and says what is wrong.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use mneme_model::TenantId;
use ulid::Ulid;

use super::clean::objects;
use super::{Error, Manifest, Manifests, keys};
use crate::meta::BlockMeta;

/// Something wrong with a tenant's manifest or blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The object.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Versions that are there.
    pub versions: u64,
    /// Blocks that they list, each once.
    pub blocks: u64,
    /// Files of these blocks.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Blocks that no version lists: of a commit that did not take place, or of one under way.
    pub orphans: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Verified {
    fn problem(&mut self, key: impl Into<String>, reason: impl Into<String>) {
        self.problems.push(Problem { key: key.into(), reason: reason.into() });
    }
}

impl Manifests {
    /// Looks at all versions, lists and the names and sizes of all files that they list.
    ///
    /// # Errors
    /// The bucket's. What is broken or missing is in the answer.
    pub async fn verify(&self, tenant: &TenantId) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        let chain = self.chain(tenant);
        let mut numbers = BTreeSet::new();
        for object in objects(self.bucket(), &keys::chain(tenant)).await? {
            match object.key.rsplit('/').next().and_then(|name| name.parse().ok()) {
                Some(number) if chain.key(number) == object.key => drop(numbers.insert(number)),
                _ => verified.problem(object.key, "not the name of a version"),
            }
        }
        verified.versions = numbers.len() as u64;
        let mut listed = BTreeMap::new();
        let mut last: Option<Manifest> = None;
        for number in numbers {
            match self.at(tenant, number).await {
                Ok(Some(version)) => {
                    follows(&mut verified, &chain.key(number), last.as_ref(), &version);
                    match version.all_blocks().await {
                        Ok(blocks) => listed.extend(blocks.into_iter().map(|block| (block.id, block))),
                        Err(error @ Error::Bucket(_)) => return Err(error),
                        Err(error) => verified.problem(chain.key(number), error.to_string()),
                    }
                    last = Some(version);
                }
                // A cleaner is at work.
                Ok(None) => {}
                Err(error @ Error::Bucket(_)) => return Err(error),
                Err(error) => verified.problem(chain.key(number), error.to_string()),
            }
        }
        let prefix = keys::blocks(tenant);
        let there: BTreeMap<String, u64> = objects(self.bucket(), &prefix)
            .await?
            .into_iter()
            .map(|object| (object.key, object.size))
            .collect();
        for block in listed.values() {
            look_at_files(&mut verified, tenant, block, &there);
        }
        verified.blocks = listed.len() as u64;
        let ids: HashSet<Ulid> = there.keys().filter_map(|key| keys::id_below(&prefix, key)).collect();
        verified.orphans = ids.iter().filter(|id| !listed.contains_key(id)).count() as u64;
        Ok(verified)
    }
}

fn follows(verified: &mut Verified, key: &str, last: Option<&Manifest>, version: &Manifest) {
    let Some(last) = last else { return };
    if last.version() + 1 != version.version() {
        verified.problem(key, format!("the versions between it and {} are gone", last.version()));
        return;
    }
    if last.attempt() != version.parent() {
        verified.problem(key, "it was not made on top of the version before it");
    }
    if version.content().floor < last.content().floor {
        verified.problem(key, "its floor is lower than that of the version before it");
    }
    for (partition, cut) in last.content().marks.iter() {
        if version.mark(partition) < cut {
            verified.problem(key, format!("the mark of partition {partition} went back from {cut}"));
        }
    }
}

fn look_at_files(
    verified: &mut Verified,
    tenant: &TenantId,
    block: &BlockMeta,
    there: &BTreeMap<String, u64>,
) {
    for (part, kind, file) in block.files() {
        verified.files += 1;
        verified.bytes = verified.bytes.saturating_add(file.size);
        let key = BlockMeta::key(tenant, block.id, part, kind);
        match there.get(&key) {
            Some(size) if *size == file.size => {}
            Some(size) => {
                verified.problem(key, format!("it has {size} bytes, the manifest says {}", file.size));
            }
            None => verified.problem(key, "it is gone although the manifest lists it"),
        }
    }
}
