//! The `cluster` object: what every process of one bucket must agree on.

use bytes::Bytes;
use mneme_bucket::{AttemptIds, Bucket, Created};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The object's key.
const KEY: &str = "cluster";

/// A cluster's identity, created at its first start and never changed by a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Random: tells one bucket's data from another's.
    pub id: String,
    /// How many partitions the series hash space has.
    pub partitions: u16,
    /// Seed of every series hash.
    pub hash_seed: u64,
    /// The newest format that writers may use; the operator raises it once the last old reader is gone.
    pub write_format: u16,
}

impl Cluster {
    /// The default number of partitions.
    pub const DEFAULT_PARTITIONS: u16 = 64;

    /// Reads the bucket's cluster object, or creates it with `partitions` if this is the first start. An existing cluster
    /// keeps its own number of partitions.
    ///
    /// # Errors
    /// The bucket's; [`Error::Corrupt`] for an object that is not a cluster's; [`Error::Cluster`] for a format that this
    /// version does not write.
    pub async fn open(bucket: &Bucket, partitions: u16, attempts: &AttemptIds) -> Result<Self, Error> {
        if partitions == 0 {
            return Err(Error::Cluster("partitions 0 is not positive".to_owned()));
        }
        if let Some(found) = Self::read(bucket).await? {
            return Ok(found);
        }
        let id = attempts.next();
        let proposed = Self {
            id: format!("{id:032x}"),
            partitions,
            hash_seed: (attempts.next() >> 7) as u64,
            write_format: crate::segment::FORMAT,
        };
        let bytes = serde_json::to_vec_pretty(&proposed)
            .map_err(|error| Error::Cluster(format!("the cluster object cannot be written: {error}")))?;
        let created = bucket.create(KEY, Bytes::from(bytes)).await;
        match (Self::read(bucket).await?, created) {
            (Some(found), _) => Ok(found),
            (None, Created::Unknown(error)) => Err(error.into()),
            (None, _) => Err(Error::Cluster("the cluster object vanished after it was created".to_owned())),
        }
    }

    async fn read(bucket: &Bucket) -> Result<Option<Self>, Error> {
        let bytes = match bucket.get(KEY).await {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let cluster: Self = serde_json::from_slice(&bytes).map_err(|error| Error::Corrupt {
            key: KEY.to_owned(),
            offset: 0,
            reason: format!("not a cluster object: {error}"),
        })?;
        if cluster.partitions == 0 {
            let reason = "partitions 0 is not positive".to_owned();
            return Err(Error::Corrupt { key: KEY.to_owned(), offset: 0, reason });
        }
        if cluster.write_format == 0 || cluster.write_format > crate::segment::FORMAT {
            return Err(Error::Cluster(format!(
                "the cluster writes format {}, this version up to {}: upgrade it",
                cluster.write_format,
                crate::segment::FORMAT
            )));
        }
        Ok(Some(cluster))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_start_decides_and_everyone_agrees() {
        let bucket = Bucket::memory();
        let first = Cluster::open(&bucket, 64, &AttemptIds::seeded(1)).await.unwrap();
        let second = Cluster::open(&bucket, 16, &AttemptIds::seeded(2)).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(first.partitions, 64);
        bucket.put(KEY, Bytes::from_static(b"{}")).await.unwrap();
        assert!(matches!(
            Cluster::open(&bucket, 64, &AttemptIds::seeded(3)).await,
            Err(Error::Corrupt { .. })
        ));
    }
}
