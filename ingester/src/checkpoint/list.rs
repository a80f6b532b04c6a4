//! Which checkpoints there are.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use mneme_bucket::{Bucket, Error};
use mneme_model::{Cut, PartitionId};

/// By partition: each checkpoint's cut and bytes.
pub(crate) type Listed = BTreeMap<PartitionId, BTreeMap<Cut, u64>>;

/// Lists all checkpoints of `count` partitions.
///
/// # Errors
/// The bucket's.
pub(crate) async fn list(bucket: &Bucket, count: u16) -> Result<Listed, Error> {
    let mut listed = Listed::new();
    let mut objects = bucket.list("partitions", None);
    while let Some(object) = objects.try_next().await? {
        match place(&object.key, count) {
            Some((partition, cut)) => {
                listed.entry(partition).or_default().insert(cut, object.size);
            }
            None => tracing::warn!(
                key = object.key,
                "not a checkpoint of one of the {count} partitions: passed over"
            ),
        }
    }
    Ok(listed)
}

fn place(key: &str, count: u16) -> Option<(PartitionId, Cut)> {
    let (partition, cut) = key.strip_prefix("partitions/")?.split_once("/checkpoint/")?;
    let (partition, of) = partition.split_once("of")?;
    let partition: u16 = partition.parse().ok()?;
    let cut: u64 = cut.parse().ok()?;
    let place = (PartitionId(partition), Cut(cut));
    // Names that are written otherwise are foreign.
    (of.parse() == Ok(count) && partition < count && super::key(place.0, count, place.1) == key)
        .then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_checkpoints_own_name_is_one() {
        let key = super::super::key(PartitionId(7), 64, Cut(12));
        assert_eq!(place(&key, 64), Some((PartitionId(7), Cut(12))));
        assert_eq!(place(&key, 32), None);
        for foreign in ["partitions/7of64/checkpoint/12", "partitions/64of64/checkpoint/00000000000000000001"]
        {
            assert_eq!(place(foreign, 64), None, "{foreign}");
        }
    }
}
