//! Which partition each of a tenant's series goes to.

use std::sync::Arc;

use mneme_model::{PartitionId, TenantId};
use mneme_tenant::Limits;

use crate::spread::Spread;
use crate::{Shard, shard_size};

/// A tenant's partitions: those that its limits say, or as many as its active series need.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    /// With all partitions where active series decide how many of them are used.
    shard: Shard,
    automatic: Option<Arc<Spread>>,
}

/// Ends the name of a placement by active series.
const AUTOMATIC: u8 = 1;

impl Placement {
    /// Of a tenant of these limits; `spread` is what is known of its active series, for limits that say nothing.
    pub(crate) fn new(
        tenant: &TenantId,
        limits: &Limits,
        (seed, count): (u64, u16),
        spread: Option<Arc<Spread>>,
    ) -> Self {
        match shard_size(limits, count) {
            Some(size) => Self { shard: Shard::new(tenant, seed, count, size), automatic: None },
            None => Self { shard: Shard::new(tenant, seed, count, count), automatic: spread },
        }
    }

    /// Tells this placement from others of the same tenant: known series stay where they are for as long as the name is the same. So an
    /// automatic size is no part of it.
    pub(crate) fn name(&self) -> Vec<u8> {
        let mut name = self.shard.name();
        name.push(if self.automatic.is_some() { AUTOMATIC } else { 0 });
        name
    }

    /// The seed of the tenant's series hashes.
    pub(crate) fn seed(&self) -> u64 {
        self.shard.seed()
    }

    /// The partition of a series that is not known yet.
    pub(crate) fn partition(&self, hash: u64) -> PartitionId {
        match &self.automatic {
            Some(spread) => self.shard.partition_within(hash, spread.size_of(hash)),
            None => self.shard.partition(hash),
        }
    }

    /// The partition of a metric family's metadata.
    pub(crate) fn partition_of_family(&self, family: &str) -> PartitionId {
        let size = self.automatic.as_ref().map_or(u16::MAX, |spread| spread.partitions());
        self.shard.partition_within(self.shard.hash_of_family(family), size)
    }
}
