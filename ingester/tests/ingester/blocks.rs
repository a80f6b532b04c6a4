//! What heads and blocks hold together.

use std::collections::BTreeMap;
use std::sync::Arc;

use mneme_block::manifest::{Manifest, Manifests};
use mneme_block::meta::BlockMeta;
use mneme_block::read::{BlockReader, BucketRanges, ReadOptions, Select};
use mneme_bucket::{AttemptIds, Bucket};
use mneme_ingester::Ingester;
use mneme_model::{Samples, TenantId, TimestampMs};

use crate::support::held;

/// By metric name and time: each value found, in heads and blocks.
pub(crate) type Found = BTreeMap<(String, TimestampMs), Vec<f64>>;

pub(crate) fn manifests(bucket: &Bucket) -> Manifests {
    Manifests::new(bucket.clone(), Arc::new(AttemptIds::random()))
}

pub(crate) async fn manifest(bucket: &Bucket, tenant: &str) -> Manifest {
    manifests(bucket).newest(&TenantId::new(tenant).unwrap()).await.unwrap()
}

/// What a tenant's blocks hold.
pub(crate) async fn in_blocks(bucket: &Bucket, tenant: &str) -> Found {
    let mut found = Found::new();
    for block in manifest(bucket, tenant).await.all_blocks().await.unwrap() {
        read(bucket, tenant, &block, &mut found).await;
    }
    found
}

async fn read(bucket: &Bucket, tenant: &str, block: &Arc<BlockMeta>, found: &mut Found) {
    let (all, tenant) = ((TimestampMs::MIN, TimestampMs::MAX), TenantId::new(tenant).unwrap());
    let ranges = Arc::new(BucketRanges(bucket.clone()));
    let reader = BlockReader::new(tenant, block.clone(), ranges, ReadOptions::default());
    let mut count = 0;
    for series in reader.select(&Select::new(Vec::new(), all.0, all.1)).await.unwrap() {
        let mut samples = Samples::default();
        series.read(all.0, all.1, &mut samples).unwrap();
        assert!(!samples.t.is_empty(), "a series without samples in a block");
        count += samples.t.len() as u64;
        for (t, v) in samples.t.into_iter().zip(samples.v) {
            assert!((block.min_time..=block.max_time).contains(&t));
            found.entry((series.labels.metric_name().to_owned(), t)).or_default().push(v);
        }
    }
    assert_eq!(count, block.samples);
}

/// What a tenant has in heads and blocks together.
pub(crate) async fn everything(ingester: &Ingester, bucket: &Bucket, tenant: &str) -> Found {
    let mut found = in_blocks(bucket, tenant).await;
    for (name, samples) in held(ingester, tenant).await {
        for (t, v) in samples {
            found.entry((name.clone(), t)).or_default().push(v);
        }
    }
    found
}
