//! Reads a checkpoint from the bucket, piece by piece.

use std::ops::Range;

use bytes::Bytes;
use mneme_bucket::Bucket;
use mneme_model::{Cut, PartitionId};
use mneme_wal::{DecodeError, Error, HeaderError};

use super::directory::{Directory, FOOTER_LEN, Footer, TenantEntry};
use super::page::{self, Record};
use super::{FORMAT, Header, header, key};

/// Objects up to this many bytes are read by one request.
const WHOLE: u64 = 4 << 20;
/// So many bytes of pages are read by one request, unless one page is larger.
const BATCH: u64 = 4 << 20;
/// So much of a large object is read for its header, which is nearly always enough.
const HEADER_GUESS: u64 = 16 << 10;

/// An open checkpoint: header and directory are read and checked, pages are read when asked for.
pub(crate) struct CheckpointReader {
    bucket: Bucket,
    key: String,
    whole: Option<Bytes>,
    pub(crate) header: Header,
    directory: Directory,
}

impl CheckpointReader {
    /// Opens the checkpoint of a partition, an object of `size` bytes.
    ///
    /// # Errors
    /// The bucket's; [`Error::Corrupt`] names where it is broken; [`Error::UnknownFormat`] stops this version.
    pub(crate) async fn open(
        bucket: &Bucket,
        partition: PartitionId,
        count: u16,
        cut: Cut,
        size: u64,
    ) -> Result<Self, Error> {
        let key = key(partition, count, cut);
        if size == 0 {
            return Err(corrupt(&key, 0, "the object is empty"));
        }
        let whole = if size <= WHOLE { Some(range(bucket, &key, 0..size).await?) } else { None };
        let source = Source { bucket, key: &key, whole: whole.as_ref(), size };
        let (header, pages_start) = source.header().await?;
        if (header.partition, header.count, header.cut) != (partition, count, cut) {
            return Err(corrupt(&key, 32, "the checkpoint is another's, by its header"));
        }
        let directory = source.directory(pages_start).await?;
        Ok(Self { bucket: bucket.clone(), key, whole, header, directory })
    }

    /// How many chunks it holds.
    pub(crate) fn chunks(&self) -> u64 {
        self.directory.chunks()
    }

    /// All pages, in runs that one request reads.
    pub(crate) fn batches(&self) -> Vec<Range<usize>> {
        let mut batches: Vec<Range<usize>> = Vec::new();
        let mut bytes = 0;
        for (number, page) in self.directory.pages.iter().enumerate() {
            match batches.last_mut() {
                Some(batch) if bytes + page.len() <= BATCH => batch.end = number + 1,
                _ => {
                    batches.push(number..number + 1);
                    bytes = 0;
                }
            }
            bytes += page.len();
        }
        batches
    }

    /// The stored bytes of a run of pages.
    ///
    /// # Errors
    /// The bucket's.
    pub(crate) async fn fetch(&self, pages: Range<usize>) -> Result<Bytes, Error> {
        let pages = &self.directory.pages[pages];
        let (Some(first), Some(last)) = (pages.first(), pages.last()) else { return Ok(Bytes::new()) };
        let range = first.offset..last.offset + last.len();
        match &self.whole {
            Some(whole) => Ok(whole.slice(range.start as usize..range.end as usize)),
            None => self::range(&self.bucket, &self.key, range).await,
        }
    }

    /// Calls `see` with the tenant's number and each record of a run of pages, whose stored bytes are given.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the key and where in the object: after it, nothing more is read.
    pub(crate) fn read(
        &self,
        pages: Range<usize>,
        stored: &Bytes,
        mut see: impl FnMut(&TenantEntry, Record<'_>) -> Result<(), &'static str>,
    ) -> Result<(), Error> {
        let cuts = self.header.from..self.header.cut;
        let mut start = 0;
        for entry in &self.directory.pages[pages] {
            let at = |error: DecodeError| corrupt(&self.key, entry.offset, error.reason);
            let end = start + entry.len() as usize;
            if end > stored.len() {
                return Err(corrupt(&self.key, entry.offset, "the page is cut off"));
            }
            let (index, data) = page::open(entry, &stored.slice(start..end)).map_err(at)?;
            page::read(&index, &data, cuts.clone(), |tenant, record| {
                let tenant = usize::try_from(tenant).ok().and_then(|place| self.directory.tenants.get(place));
                let tenant = tenant.ok_or(DecodeError { offset: 0, reason: "an undefined tenant" })?;
                see(tenant, record).map_err(|reason| DecodeError { offset: 0, reason })
            })
            .map_err(at)?;
            start = end;
        }
        Ok(())
    }
}

/// An object that is being opened.
struct Source<'a> {
    bucket: &'a Bucket,
    key: &'a str,
    whole: Option<&'a Bytes>,
    size: u64,
}

impl Source<'_> {
    async fn range(&self, range: Range<u64>) -> Result<Bytes, Error> {
        if range.end > self.size || range.start > range.end {
            return Err(self.corrupt(range.start, "the object is cut off"));
        }
        match self.whole {
            Some(whole) if whole.len() as u64 >= range.end => {
                Ok(whole.slice(range.start as usize..range.end as usize))
            }
            Some(_) => Err(self.corrupt(range.start, "the object is cut off")),
            None => self::range(self.bucket, self.key, range).await,
        }
    }

    /// The header, and where the pages start.
    async fn header(&self) -> Result<(Header, u64), Error> {
        let mut bytes = self.range(0..self.size.min(HEADER_GUESS)).await?;
        let stated = Header::stated_len(&bytes).unwrap_or(0);
        if stated > bytes.len() && stated <= header::LONGEST {
            bytes = self.range(0..stated as u64).await?;
        }
        let (header, len) = Header::decode(&bytes).map_err(|error| match error {
            HeaderError::UnknownFormat(found) => {
                Error::UnknownFormat { key: self.key.to_owned(), what: "checkpoint", found, newest: FORMAT }
            }
            HeaderError::Corrupt(error) => self.corrupt(error.offset as u64, error.reason),
        })?;
        Ok((header, len as u64))
    }

    async fn directory(&self, pages_start: u64) -> Result<Directory, Error> {
        let Some(footer_start) = self.size.checked_sub(FOOTER_LEN as u64) else {
            return Err(self.corrupt(0, "the object is cut off"));
        };
        let wrong = |error: DecodeError| self.corrupt(error.offset as u64, error.reason);
        let footer = Footer::decode(&self.range(footer_start..self.size).await?, self.size).map_err(wrong)?;
        let bytes = self.range(footer.offset..footer.offset + u64::from(footer.len)).await?;
        if crc32c::crc32c(&bytes) != footer.crc {
            return Err(self.corrupt(footer.offset, "the directory's checksum is wrong"));
        }
        Directory::decode(&bytes, footer.offset, pages_start).map_err(wrong)
    }

    fn corrupt(&self, offset: u64, reason: &str) -> Error {
        corrupt(self.key, offset, reason)
    }
}

/// A part of an object; one that is shorter than it was listed is broken.
async fn range(bucket: &Bucket, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
    let start = range.start;
    match bucket.get_range(key, range).await {
        Err(mneme_bucket::Error::Range { .. }) => Err(corrupt(key, start, "the object is cut off")),
        other => Ok(other?),
    }
}

fn corrupt(key: &str, offset: u64, reason: &str) -> Error {
    Error::Corrupt { key: key.to_owned(), offset, reason: reason.to_owned() }
}
