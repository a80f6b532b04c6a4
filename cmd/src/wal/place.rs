//! Segments by name.

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use mneme_bucket::{Bucket, Error};
use mneme_wal::{Header, HeaderError};

/// More than any usual header, so that it is read in one request.
const HEADER_BYTES: u64 = 16 << 10;

/// An object of a writer's chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) writer: u64,
    pub(super) seq: u64,
}

impl Place {
    /// Reads `WRITER/SEQ` or a whole key.
    ///
    /// # Errors
    /// Where it is neither.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let rest = text.strip_prefix("wal/").unwrap_or(text);
        let (writer, seq) = rest.split_once('/').with_context(|| format!("{text:?} is not WRITER/SEQ"))?;
        let number = |part: &str| part.parse().with_context(|| format!("{part:?} of {text:?} is no number"));
        Ok(Self { writer: number(writer)?, seq: number(seq)? })
    }

    /// The place of an object; `None` if its name is not one of a segment.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        let place = Self::parse(key).ok()?;
        (place.key() == key).then_some(place)
    }

    /// The key.
    pub(super) fn key(&self) -> String {
        format!("wal/{:020}/{:020}", self.writer, self.seq)
    }
}

/// The objects below `wal/`, by their names: segments ascending, with their sizes, and what is none of the log's.
///
/// # Errors
/// The bucket's.
pub(super) async fn list(bucket: &Bucket) -> Result<(Vec<(Place, u64)>, Vec<String>), Error> {
    let objects: Vec<_> = bucket.list("wal", None).try_collect().await?;
    let (mut places, mut foreign) = (Vec::new(), Vec::new());
    for object in objects {
        match Place::of_key(&object.key) {
            Some(place) => places.push((place, object.size)),
            None if object.key.starts_with("wal/log/") => {}
            None => foreign.push(object.key),
        }
    }
    places.sort_unstable();
    foreign.sort_unstable();
    Ok((places, foreign))
}

/// The header of a segment of `size` bytes.
///
/// # Errors
/// What is wrong with it, or the bucket's.
pub(super) async fn header(bucket: &Bucket, key: &str, size: u64) -> anyhow::Result<Header> {
    let start = bucket.get_range(key, 0..size.min(HEADER_BYTES)).await?;
    match decode(key, &start) {
        Err(_) if size > HEADER_BYTES => decode(key, &bucket.get(key).await?),
        decoded => decoded,
    }
}

/// Decodes a header, with its key in the error.
///
/// # Errors
/// What is wrong with it.
pub(super) fn decode(key: &str, bytes: &Bytes) -> anyhow::Result<Header> {
    let place = Place::of_key(key).with_context(|| format!("{key} is not the name of a segment"))?;
    let header = Header::decode(bytes).map_err(|error| match error {
        HeaderError::UnknownFormat(format) => {
            anyhow::anyhow!("{key}: format {format} is newer than this version")
        }
        HeaderError::Corrupt(error) => anyhow::anyhow!("{key}: {error}"),
    })?;
    ensure!(
        (header.writer.0, header.seq) == (place.writer, place.seq),
        "{key}: byte 32: by its header the segment is {}/{}",
        header.writer,
        header.seq
    );
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_have_short_and_long_names() {
        let place = Place { writer: 3, seq: 17 };
        assert_eq!(Place::parse("3/17").unwrap(), place);
        assert_eq!(Place::parse(&place.key()).unwrap(), place);
        assert_eq!(Place::of_key(&place.key()), Some(place));
        for foreign in
            ["wal/log/00000000000000000001", "wal/3/17", "wal/x", "cluster", "wal/00000000000000000003/1"]
        {
            assert_eq!(Place::of_key(foreign), None, "{foreign}");
        }
        assert!(Place::parse("3").is_err() && Place::parse("3/x").is_err());
    }
}
