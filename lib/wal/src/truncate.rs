//! Deletes what checkpoints hold.

use std::collections::BTreeMap;

use futures::StreamExt;
use mneme_bucket::Bucket;
use mneme_model::WriterId;

use crate::Error;
use crate::tail::writer_chain;

/// No listing misses more objects in a row than this.
const WIDE_GAP: u64 = 64;
/// Writers truncated at the same time.
const WRITERS_AT_ONCE: usize = 4;

/// How far each writer's chain may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// The first number to keep, of the writers that go on.
    pub keep_from: BTreeMap<WriterId, u64>,
    /// Writers up to this one that are not in `keep_from` are finished: of each only the newest object stays.
    pub finished_through: WriterId,
    /// Writers up to this one are not looked at: nothing is left of them but their newest object.
    pub skip_through: WriterId,
}

/// What a truncation did, and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Objects deleted.
    pub deleted: u64,
    /// Objects left of the writers that were looked at.
    pub segments: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Writers up to this one need not be looked at again.
    pub clean_through: WriterId,
}

/// Deletes segments in ascending order per writer, never the newest of a chain: a writer that was stopped meets its seal there,
/// however long it was stopped. What was not deleted because of an error is deleted by the next call.
///
/// # Errors
/// The bucket's.
pub async fn truncate(bucket: &Bucket, truncation: &Truncation) -> Result<Kept, Error> {
    let chains = chains(bucket, truncation.skip_through).await?;
    let mut kept = Kept { deleted: 0, segments: 0, bytes: 0, clean_through: truncation.skip_through };
    let mut clean = true;
    let mut doomed = Vec::new();
    for (writer, mut objects) in chains {
        objects.sort_unstable();
        let goes = truncation.goes(writer, &objects);
        let (gone, left) = objects.split_at(goes);
        // A writer whose chain may still grow or shrink is looked at again, and so are all after it.
        clean &= truncation.is_finished(writer) && left.len() == 1;
        if clean {
            kept.clean_through = writer;
        }
        kept.segments += left.len() as u64;
        kept.bytes += left.iter().map(|(_, size)| size).sum::<u64>();
        kept.deleted += gone.len() as u64;
        doomed.push((writer, gone.iter().map(|(seq, _)| *seq).collect::<Vec<u64>>()));
    }
    let mut deletions = futures::stream::iter(doomed)
        .map(|(writer, numbers)| delete(bucket, writer, numbers))
        .buffer_unordered(WRITERS_AT_ONCE);
    while let Some(deleted) = deletions.next().await {
        deleted?;
    }
    Ok(kept)
}

impl Truncation {
    fn is_finished(&self, writer: WriterId) -> bool {
        writer <= self.finished_through && !self.keep_from.contains_key(&writer)
    }

    /// How many of a chain's objects go, the first ones; ascending in numbers.
    fn goes(&self, writer: WriterId, objects: &[(u64, u64)]) -> usize {
        let all_but_newest = objects.len().saturating_sub(1);
        match self.keep_from.get(&writer) {
            Some(first) => objects.partition_point(|(seq, _)| seq < first).min(all_but_newest),
            None if self.is_finished(writer) => all_but_newest,
            None => 0,
        }
    }
}

async fn delete(bucket: &Bucket, writer: WriterId, numbers: Vec<u64>) -> Result<(), Error> {
    let chain = writer_chain(bucket.clone(), writer);
    let Some(mut next) = numbers.first().copied() else { return Ok(()) };
    let mut doomed = Vec::with_capacity(numbers.len());
    for listed in numbers {
        // An object that the listing missed would be an end for who stands on it.
        let unlisted = if listed - next <= WIDE_GAP { next } else { listed };
        doomed.extend((unlisted..=listed).map(|number| chain.key(number)));
        next = listed + 1;
    }
    Ok(bucket.delete_many(&doomed).await?)
}

/// Number and bytes of every object of the writers after `after`, in the order of the listing.
async fn chains(bucket: &Bucket, after: WriterId) -> Result<BTreeMap<WriterId, Vec<(u64, u64)>>, Error> {
    let mut chains: BTreeMap<WriterId, Vec<(u64, u64)>> = BTreeMap::new();
    // Everything below the next number, whatever its name.
    let after = format!("wal/{:020}", after.0.saturating_add(1));
    let mut listing = bucket.list("wal", Some(&after));
    while let Some(object) = listing.next().await {
        let object = object?;
        if let Some((writer, seq)) = place(&object.key) {
            chains.entry(writer).or_default().push((seq, object.size));
        }
    }
    Ok(chains)
}

/// Writer and number of a segment's key.
fn place(key: &str) -> Option<(WriterId, u64)> {
    let (writer, seq) = key.strip_prefix("wal/")?.split_once('/')?;
    let number = |text: &str| {
        let valid = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| text.parse::<u64>().ok()).flatten().filter(|number| *number <= u64::MAX / 2)
    };
    Some((WriterId(number(writer)?), number(seq)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_object_stays_and_a_writer_that_goes_on_keeps_what_is_named() {
        let truncation = Truncation {
            keep_from: BTreeMap::from([(WriterId(2), 5)]),
            finished_through: WriterId(3),
            skip_through: WriterId(0),
        };
        let objects: Vec<(u64, u64)> = (1..=6).map(|seq| (seq, 10)).collect();
        assert_eq!(truncation.goes(WriterId(1), &objects), 5, "finished: all but the newest");
        assert_eq!(truncation.goes(WriterId(2), &objects), 4);
        assert_eq!(truncation.goes(WriterId(2), &objects[..3]), 2, "never the newest");
        assert_eq!(truncation.goes(WriterId(4), &objects), 0, "joined later");
        assert_eq!(truncation.goes(WriterId(1), &[]), 0);
    }

    #[test]
    fn only_segments_have_a_place() {
        let key = format!("wal/{:020}/{:020}", 3, 7);
        assert_eq!(place(&key), Some((WriterId(3), 7)));
        for foreign in ["wal/log/00000000000000000001", "wal/3/7", "tenants/a/b"] {
            assert_eq!(place(foreign), None, "{foreign}");
        }
    }
}
