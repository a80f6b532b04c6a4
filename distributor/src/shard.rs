//! Over which partitions a tenant's series are spread.

use mneme_model::{PartitionId, TenantId};
use mneme_proto::internal::active::{SERIES_PER_PARTITION, partitions_for};
use mneme_tenant::Limits;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// A tenant's partitions, and which of them a series belongs to. The same for the same tenant, seed, count and size in every process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    seed: u64,
    count: u16,
    /// The first partitions of the tenant's rendezvous order.
    chosen: Vec<PartitionId>,
}

impl Shard {
    /// The first `size` of `count` partitions in the tenant's rendezvous order (highest hash of tenant and partition first), so that
    /// growing by one keeps the others. `seed` is the cluster's.
    #[must_use]
    pub fn new(tenant: &TenantId, seed: u64, count: u16, size: u16) -> Self {
        let seed = seed ^ xxh3_64(tenant.as_str().as_bytes());
        let count = count.max(1);
        let mut scored: Vec<_> =
            (0..count).map(|p| (xxh3_64_with_seed(&p.to_le_bytes(), seed), PartitionId(p))).collect();
        scored.sort_unstable_by(|a, b| b.cmp(a));
        let chosen = scored.iter().take(size.max(1).into()).map(|(_, partition)| *partition).collect();
        Self { seed, count, chosen }
    }

    /// Tells this shard from others of the same tenant.
    #[must_use]
    pub fn name(&self) -> Vec<u8> {
        let mut name = [&self.seed.to_le_bytes()[..], &self.count.to_le_bytes()].concat();
        name.extend(self.chosen.iter().flat_map(|partition| partition.0.to_le_bytes()));
        name
    }

    /// The seed of the tenant's series hashes: the cluster's and the tenant.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The partition of a series whose hash with [`Shard::seed`] is `hash`.
    #[must_use]
    pub fn partition(&self, hash: u64) -> PartitionId {
        self.partition_within(hash, u16::MAX)
    }

    /// The partition of the series in the shard of `size` partitions (at least 1, at most this shard's) of the same tenant.
    #[must_use]
    pub fn partition_within(&self, hash: u64, size: u16) -> PartitionId {
        self.chosen[jump(hash, self.chosen.len().min(size.max(1).into()))]
    }

    /// The hash of a metric family, whose metadata is put where a series of that hash would be.
    #[must_use]
    pub fn hash_of_family(&self, family: &str) -> u64 {
        xxh3_64_with_seed(family.as_bytes(), self.seed)
    }
}

/// One of `slots` (at least 1) slots; of `n` slots grown to `n + 1`, one key in `n + 1` changes its slot, to the new one.
///
/// Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014).
fn jump(mut key: u64, slots: usize) -> usize {
    let (mut slot, mut next) = (0, 0);
    while next < slots {
        slot = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        next = ((slot + 1) as f64 * ((1u64 << 31) as f64 / ((key >> 33) + 1) as f64)) as usize;
    }
    slot
}

/// Over how many of `count` partitions a tenant is spread by its limits: as many as they say, or one for every 100,000 of its series
/// limit. `None` without either: then its active series decide.
#[must_use]
pub fn shard_size(limits: &Limits, count: u16) -> Option<u16> {
    match (limits.ingestion_tenant_shard_size, limits.max_global_series_per_user) {
        (0, 0) => None,
        (0, series) => Some(partitions_for(series, SERIES_PER_PARTITION, count)),
        (size, _) => Some(size.clamp(1, count.max(1))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn used(shard: &Shard) -> BTreeSet<PartitionId> {
        (0..10_000u64).map(|i| shard.partition(xxh3_64(&i.to_le_bytes()))).collect()
    }

    #[test]
    fn a_tenant_uses_as_many_partitions_as_its_size_and_growing_keeps_them() {
        let mut last = BTreeSet::new();
        for size in [1, 2, 5, 20, 64, 100] {
            let now = used(&Shard::new(&tenant("a"), 7, 64, size));
            assert_eq!(now.len(), usize::from(size.min(64)));
            assert!(now.is_superset(&last));
            let whole = Shard::new(&tenant("a"), 7, 64, 64);
            let within = |hash| whole.partition_within(hash, size);
            let same = Shard::new(&tenant("a"), 7, 64, size);
            assert!(
                (0..1000u64)
                    .map(|i| xxh3_64(&i.to_le_bytes()))
                    .all(|hash| within(hash) == same.partition(hash))
            );
            last = now;
        }
        assert_ne!(used(&Shard::new(&tenant("a"), 7, 64, 3)), used(&Shard::new(&tenant("b"), 7, 64, 3)));
    }

    #[test]
    fn growing_moves_no_more_series_than_the_new_partition_takes() {
        let hashes: Vec<u64> = (0..10_000u64).map(|i| xxh3_64(&i.to_le_bytes())).collect();
        for size in [1, 2, 10, 63] {
            let (before, after) =
                (Shard::new(&tenant("a"), 7, 64, size), Shard::new(&tenant("a"), 7, 64, size + 1));
            let moved =
                hashes.iter().filter(|hash| before.partition(**hash) != after.partition(**hash)).count();
            let share = hashes.len() / usize::from(size + 1);
            assert!(
                (share * 8 / 10..=share * 12 / 10).contains(&moved),
                "{size}: {moved} moved, a share is {share}"
            );
        }
    }

    #[test]
    fn the_size_follows_the_limits() {
        let size = |shard, series| {
            let limits = Limits {
                ingestion_tenant_shard_size: shard,
                max_global_series_per_user: series,
                ..Limits::default()
            };
            shard_size(&limits, 64)
        };
        assert_eq!(
            [size(0, 0), size(0, 1), size(0, 100_000), size(0, 100_001), size(0, u64::MAX)],
            [None, Some(1), Some(1), Some(2), Some(64)]
        );
        assert_eq!([size(3, 0), size(3, 1_000_000), size(1000, 0)], [Some(3), Some(3), Some(64)]);
    }
}
