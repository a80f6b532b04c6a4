//! Puts a checkpoint into the bucket.

use bytes::Bytes;
use mneme_bucket::{Bucket, Created};
use mneme_model::Cut;
use mneme_wal::Error;

use super::{CheckpointReader, Header, key};

/// What became of a checkpoint.
pub(crate) enum Saved {
    /// It is there, or another one that covers as much.
    There {
        /// The floor that it states.
        floor: Cut,
    },
    /// Something else is in its place: what, in words.
    Taken(String),
}

/// Creates a checkpoint if there is none. One that is there already and covers as much is as good.
///
/// # Errors
/// The bucket's: whether it is there is unknown, try again.
pub(crate) async fn save(bucket: &Bucket, header: &Header, bytes: Bytes) -> Result<Saved, Error> {
    let key = key(header.partition, header.count, header.cut);
    let error = match bucket.create(&key, bytes.clone()).await {
        Created::Yes => return Ok(Saved::There { floor: header.floor }),
        Created::Exists => None,
        Created::Unknown(error) => Some(error),
    };
    let found = match bucket.head(&key).await {
        Ok(found) => found,
        Err(missing) => return Err(error.unwrap_or(missing).into()),
    };
    let opened = CheckpointReader::open(bucket, header.partition, header.count, header.cut, found.size).await;
    let whole = match opened {
        Ok(other) => check_pages(&other).await.map(|()| other),
        Err(error) => Err(error),
    };
    match whole {
        Ok(other) if other.header.from <= header.from => Ok(Saved::There { floor: other.header.floor }),
        Ok(other) => Ok(Saved::Taken(format!("a checkpoint from cut {} on", other.header.from))),
        Err(Error::Corrupt { offset, reason, .. }) => Ok(Saved::Taken(format!("byte {offset}: {reason}"))),
        Err(error) => Err(error),
    }
}

/// Reads all pages: a checkpoint that is there already stands for ours only if it can be read.
async fn check_pages(other: &CheckpointReader) -> Result<(), Error> {
    for pages in other.batches() {
        let stored = other.fetch(pages.clone()).await?;
        other.read(pages, &stored, |_, _| Ok(()))?;
    }
    Ok(())
}
