//! Where the bytes of files come from.

use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::try_join_all;
use mneme_bucket::{Bucket, Cached};

use crate::Error;

/// Gives ranges of immutable objects: the bucket, or a cache before it.
#[async_trait]
pub trait RangeReader: Send + Sync {
    /// The bytes of each range of the object, in the same order. The ranges do not overlap; they are asked for at once.
    async fn get_ranges(&self, key: &str, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, Error>;
}

/// The bucket itself: one request per range, all at once.
#[derive(Clone, Debug)]
pub struct BucketRanges(pub Bucket);

#[async_trait]
impl RangeReader for BucketRanges {
    async fn get_ranges(&self, key: &str, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, Error> {
        let get =
            |range| async { self.0.get_range(key, range).await.map_err(|error| from_bucket(key, error)) };
        try_join_all(ranges.into_iter().map(get)).await
    }
}

/// The bucket behind its cache: what is missing comes with few requests, near ranges with one.
#[async_trait]
impl RangeReader for Cached {
    async fn get_ranges(&self, key: &str, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, Error> {
        Self::get_ranges(self, key, &ranges).await.map_err(|error| from_bucket(key, error))
    }
}

/// Objects in memory, by key.
#[derive(Clone, Debug, Default)]
pub struct MemoryRanges(pub BTreeMap<String, Bytes>);

#[async_trait]
impl RangeReader for MemoryRanges {
    async fn get_ranges(&self, key: &str, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, Error> {
        let object = self.0.get(key).ok_or_else(|| Error::Missing { key: key.to_owned() })?;
        let part = |range: Range<u64>| {
            let inside = range.start <= range.end && range.end <= object.len() as u64;
            inside.then(|| object.slice(range.start as usize..range.end as usize)).ok_or_else(|| {
                from_bucket(
                    key,
                    mneme_bucket::Error::Range { key: key.to_owned(), start: range.start, end: range.end },
                )
            })
        };
        ranges.into_iter().map(part).collect()
    }
}

fn from_bucket(key: &str, error: mneme_bucket::Error) -> Error {
    match error {
        mneme_bucket::Error::NotFound { .. } => Error::Missing { key: key.to_owned() },
        source => Error::Bucket { key: key.to_owned(), source },
    }
}
