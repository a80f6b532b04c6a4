//! A bucket read through a cache.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::flight::{Claim, Turn, Wait};
use super::metrics::Tier;
use super::{Cache, EntryKey, plan};
use crate::{Bucket, Error};

/// Files read, and requests made, at the same time for one call.
const AT_ONCE: usize = 16;

/// A bucket's immutable objects, read through a [`Cache`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cached {
    bucket: Bucket,
    cache: Cache,
}

/// Ranges that are still to come: the place of each in the answer.
#[derive(Default)]
struct Missing {
    claimed: Vec<(usize, Claim)>,
    waiting: Vec<(usize, Wait)>,
}

impl Bucket {
    /// This bucket read through a cache, for objects that are never replaced. Several buckets must not share a cache.
    #[must_use]
    pub fn cached(&self, cache: &Cache) -> Cached {
        Cached { bucket: self.clone(), cache: cache.clone() }
    }
}

impl Cached {
    /// The bucket itself.
    #[must_use]
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The bytes of each range, in the given order. Ranges may overlap. Missing ones that lie close come with one request; those
    /// that another call is fetching are waited for.
    ///
    /// # Errors
    /// As [`Bucket::get_range`]: [`Error::NotFound`] if the object is gone and not all of it was cached, [`Error::Range`] if it
    /// is shorter.
    pub async fn get_ranges(&self, key: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Error> {
        if let Some(wrong) = ranges.iter().find(|range| range.start > range.end) {
            return Err(Error::Range { key: key.to_owned(), start: wrong.start, end: wrong.end });
        }
        let object: Arc<str> = Arc::from(key);
        let entries: Vec<EntryKey> = ranges
            .iter()
            .map(|range| EntryKey { object: Arc::clone(&object), start: range.start, end: range.end })
            .collect();
        let mut found: Vec<Option<Bytes>> = vec![None; ranges.len()];
        loop {
            let missing = self.look(&entries, &mut found);
            let claimed = self.look_on_disk(missing.claimed, &mut found).await;
            self.fetch(key, claimed, &mut found).await?;
            // Only now, with nothing claimed any more: so that two calls never wait for each other.
            for (place, wait) in missing.waiting {
                if let Some(landed) = wait.landed().await {
                    self.cache.shared.metrics.shared();
                    found[place] = Some(landed?);
                }
            }
            // Whoever had claimed the rest was cancelled: his turn is ours.
            if found.iter().all(Option::is_some) {
                return Ok(found.into_iter().flatten().collect());
            }
        }
    }

    /// One range; see [`Self::get_ranges`].
    ///
    /// # Errors
    /// As [`Self::get_ranges`].
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let mut found = self.get_ranges(key, &[range]).await?;
        Ok(found.pop().unwrap_or_default())
    }

    /// Fills in what is in memory; claims the rest, or waits for its claim.
    fn look(&self, entries: &[EntryKey], found: &mut [Option<Bytes>]) -> Missing {
        let shared = &self.cache.shared;
        let mut missing = Missing::default();
        for (place, (entry, found)) in entries.iter().zip(found).enumerate() {
            if found.is_some() {
                continue;
            }
            if entry.len() == 0 {
                *found = Some(Bytes::new());
                continue;
            }
            let turn = match shared.memory.get(entry) {
                Some(bytes) => Err(bytes),
                None => match shared.flights.turn(entry) {
                    // It may have landed between the two looks.
                    Turn::Claimed(claim) => shared.memory.get(entry).map_or(Ok(Turn::Claimed(claim)), Err),
                    waiting @ Turn::Waiting(_) => Ok(waiting),
                },
            };
            match turn {
                Err(bytes) => {
                    shared.metrics.hit(Tier::Memory, bytes.len());
                    *found = Some(bytes);
                }
                Ok(Turn::Claimed(claim)) => missing.claimed.push((place, claim)),
                Ok(Turn::Waiting(wait)) => missing.waiting.push((place, wait)),
            }
        }
        missing
    }

    /// Fills in what is on the disk; gives the rest back.
    async fn look_on_disk(
        &self,
        claimed: Vec<(usize, Claim)>,
        found: &mut [Option<Bytes>],
    ) -> Vec<(usize, Claim)> {
        let shared = &self.cache.shared;
        let Some(disk) = &shared.disk else { return claimed };
        let looks = claimed.into_iter().map(|(place, claim)| async move {
            let bytes = disk.get(&claim.key).await;
            (place, claim, bytes)
        });
        let mut looks = futures::stream::iter(looks).buffer_unordered(AT_ONCE);
        let mut left = Vec::new();
        while let Some((place, claim, bytes)) = looks.next().await {
            let Some(bytes) = bytes else {
                left.push((place, claim));
                continue;
            };
            shared.metrics.hit(Tier::Disk, bytes.len());
            shared.memory.insert(claim.key.clone(), bytes.clone());
            claim.land(Ok(bytes.clone()));
            found[place] = Some(bytes);
        }
        left
    }

    /// Fetches what is claimed, keeps it, and tells those who wait.
    async fn fetch(
        &self,
        key: &str,
        claimed: Vec<(usize, Claim)>,
        found: &mut [Option<Bytes>],
    ) -> Result<(), Error> {
        let shared = &self.cache.shared;
        let ranges: Vec<Range<u64>> =
            claimed.iter().map(|(_, claim)| claim.key.start..claim.key.end).collect();
        let requests = plan::merge(&ranges, shared.options.gap_bytes, shared.options.max_request_bytes);
        let mut claimed: Vec<Option<(usize, Claim)>> = claimed.into_iter().map(Some).collect();
        let requests: Vec<_> = requests
            .into_iter()
            .map(|(request, places)| {
                let claims: Vec<_> = places.into_iter().filter_map(|place| claimed[place].take()).collect();
                self.fetch_one(key, request, claims)
            })
            .collect();
        let mut fetched = futures::stream::iter(requests).buffer_unordered(AT_ONCE);
        while let Some(entries) = fetched.try_next().await? {
            for (place, bytes) in entries {
                found[place] = Some(bytes);
            }
        }
        Ok(())
    }

    async fn fetch_one(
        &self,
        key: &str,
        request: Range<u64>,
        claims: Vec<(usize, Claim)>,
    ) -> Result<Vec<(usize, Bytes)>, Error> {
        let shared = &self.cache.shared;
        let turn = shared.requests.acquire().await;
        let answer = self.bucket.get_range(key, request.clone()).await;
        drop(turn);
        let whole = match answer {
            Ok(whole) => whole,
            Err(error) => {
                for (_, claim) in claims {
                    claim.land(Err(error.clone()));
                }
                return Err(error);
            }
        };
        shared.metrics.fetched(request.end - request.start);
        let mut entries = Vec::with_capacity(claims.len());
        for (place, claim) in claims {
            let Some(bytes) = part(&whole, &request, &claim.key) else {
                let range = Error::Range { key: key.to_owned(), start: claim.key.start, end: claim.key.end };
                claim.land(Err(range.clone()));
                return Err(range);
            };
            shared.metrics.missed(claim.key.len());
            shared.memory.insert(claim.key.clone(), bytes.clone());
            if let Some(disk) = &shared.disk {
                disk.insert(claim.key.clone(), bytes.clone());
            }
            claim.land(Ok(bytes.clone()));
            entries.push((place, bytes));
        }
        Ok(entries)
    }
}

/// An entry's bytes out of those of its request, as an allocation of their own: else a small entry would keep all of a large
/// request in memory.
fn part(whole: &Bytes, request: &Range<u64>, key: &EntryKey) -> Option<Bytes> {
    if (request.start, request.end) == (key.start, key.end) {
        return Some(whole.clone());
    }
    let start = usize::try_from(key.start - request.start).ok()?;
    let end = usize::try_from(key.end - request.start).ok()?;
    whole.get(start..end).map(Bytes::copy_from_slice)
}
