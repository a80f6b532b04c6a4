//! How many series a tenant has lately: what its automatic shard size is decided by.

use async_trait::async_trait;
use mneme_model::{Cut, TenantId};

use super::ingester::Error;

/// Series per partition that a tenant is sized for (DESIGN section 8).
pub const SERIES_PER_PARTITION: u64 = 100_000;

/// How many partitions so many series take when each is to hold `per_partition` of them: at least 1, at most `most`.
#[must_use]
pub fn partitions_for(series: u64, per_partition: u64, most: u16) -> u16 {
    u16::try_from(series.div_ceil(per_partition.max(1))).unwrap_or(u16::MAX).clamp(1, most.max(1))
}

/// What is known of one tenant's active series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActiveSeries {
    /// Series in memory; one that is in several partitions counts in each.
    pub series: u64,
    /// Partitions that have some of them.
    pub partitions: u16,
    /// What the last flush decided; `None` where there was none, or nobody knows.
    pub decided: Option<ShardSize>,
}

/// A shard size as a flush wrote it into the tenant's manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardSize {
    /// Over so many partitions the tenant's series are to be spread.
    pub partitions: u16,
    /// Up to which cut the flush went: a later one's decision counts more.
    pub flushed: Cut,
}

/// Tells of tenants' active series. Advice: whatever is answered, and where nothing is, every sample is stored and found.
#[async_trait]
pub trait ActiveSeriesService: Send + Sync {
    /// What is known of the tenant; nothing of one that was never seen.
    async fn active_series(&self, tenant: &TenantId) -> Result<ActiveSeries, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_more_for_every_full_one() {
        let of = |series| partitions_for(series, SERIES_PER_PARTITION, 64);
        assert_eq!([of(0), of(1), of(100_000), of(100_001), of(u64::MAX)], [1, 1, 1, 2, 64]);
        assert_eq!((partitions_for(9, 0, 4), partitions_for(9, 1, 0)), (4, 1));
    }
}
