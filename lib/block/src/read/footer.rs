//! A file's footer: what its row groups and columns are, and where their pages lie.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::index_reader::{decode_column_index, decode_offset_index};
use parquet::file::statistics::Statistics;

use crate::Error;
use crate::codec::checks::{self, Checks};
use crate::meta::FileMeta;

/// A footer, with the tail of the file that it was read from.
#[derive(Debug)]
pub(crate) struct Footer {
    /// The object.
    pub(crate) key: Arc<str>,
    metadata: ParquetMetaData,
    tail: Bytes,
    /// Of the data before the tail; `None`: whoever wrote it made none.
    checks: Option<Checks>,
    /// Where the tail starts in the file.
    tail_start: u64,
    columns: HashMap<String, usize>,
    /// Where columns of row groups lie, once it was asked for; group by group.
    chunks: Box<[OnceLock<Arc<Chunk>>]>,
}

/// Where a page lies, and the rows that it holds.
#[derive(Clone, Debug)]
pub(crate) struct PageAt {
    pub(crate) bytes: Range<u64>,
    pub(crate) rows: Range<u32>,
}

/// A column chunk of a row group.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// The column's path.
    pub(crate) column: Arc<str>,
    /// Its dictionary page.
    pub(crate) dictionary: Option<Range<u64>>,
    /// Its data pages, ascending.
    pub(crate) pages: Vec<PageAt>,
    /// Whether pages are packed by zstd; otherwise not at all.
    pub(crate) zstd: bool,
}

impl Footer {
    /// Checks the tail against what the manifest says of the file, and reads it.
    pub(crate) fn parse(key: &str, meta: FileMeta, tail: Bytes) -> Result<Self, Error> {
        let tail_start = meta.size.saturating_sub(u64::from(meta.tail));
        let broken = |reason: String| Error::Corrupt {
            key: key.to_owned(),
            column: "footer".to_owned(),
            offset: tail_start,
            reason,
        };
        // What the checksum has proven was written by a writer: the Thrift reader behind it may trust its lengths.
        if tail.len() != meta.tail as usize || crc32c::crc32c(&tail) != meta.tail_crc {
            return Err(broken("its checksum is not that of the manifest".to_owned()));
        }
        let magic = tail.len().checked_sub(8).ok_or_else(|| broken("it is too short".to_owned()))?;
        let len = tail[magic..].first_chunk().map_or(0, |len| u32::from_le_bytes(*len)) as usize;
        let start = magic.checked_sub(len).ok_or_else(|| broken("it is longer than its file".to_owned()))?;
        let metadata = ParquetMetaDataReader::decode_metadata(&tail[start..magic])
            .map_err(|error| broken(error.to_string()))?;
        let schema = metadata.file_metadata().schema_descr();
        let columns: HashMap<String, usize> =
            (0..schema.num_columns()).map(|at| (schema.column(at).path().string(), at)).collect();
        let chunks = metadata.num_row_groups().saturating_mul(columns.len());
        let chunks = (0..chunks).map(|_| OnceLock::new()).collect();
        let pairs = metadata.file_metadata().key_value_metadata();
        let text =
            pairs.and_then(|all| all.iter().find(|pair| pair.key == checks::KEY)).map(|pair| &pair.value);
        let checks = match text {
            None => None,
            Some(text) => {
                let checks = text.as_deref().and_then(Checks::parse).filter(|checks| checks.fit(tail_start));
                Some(checks.ok_or_else(|| broken("its checksums of the data are not such".to_owned()))?)
            }
        };
        Ok(Self { key: key.into(), metadata, tail, checks, tail_start, columns, chunks })
    }

    /// What to fetch so that a range of data can be checked.
    pub(crate) fn whole(&self, range: Range<u64>) -> Range<u64> {
        match self.checks {
            Some(_) if range.start < range.end => Checks::whole(&range, self.tail_start),
            _ => range,
        }
    }

    /// Compares bytes that start at `start` with their checksums.
    pub(crate) fn check(&self, start: u64, bytes: &[u8]) -> Result<(), Error> {
        match self.checks.as_ref().and_then(|checks| checks.broken(start, bytes, self.tail_start)) {
            None => Ok(()),
            Some(sector) => Err(self.bad("data", sector, "its checksum is not that of the footer")),
        }
    }

    /// Bytes held, about; with where all columns lie.
    pub(crate) fn memory(&self) -> u64 {
        let columns: usize = self.columns.keys().map(|name| name.len() + 80).sum();
        // A page takes more room than in its index.
        (self.metadata.memory_size() + 3 * self.tail.len() + columns + 160 * self.chunks.len()) as u64
    }

    /// How many row groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// Rows of a row group.
    pub(crate) fn rows(&self, group: usize) -> Result<u32, Error> {
        let rows = self.metadata.row_groups().get(group).map_or(0, |group| group.num_rows());
        u32::try_from(rows).map_err(|_| self.bad("rows", 0, "a row group has too many rows"))
    }

    /// All rows of a row group, as a list of one range.
    pub(crate) fn all_rows(&self, group: usize) -> Result<[Range<u32>; 1], Error> {
        let all = 0..self.rows(group)?;
        Ok([all])
    }

    /// The paths of all columns, in the order of the file.
    pub(crate) fn columns(&self) -> impl Iterator<Item = String> + '_ {
        let schema = self.metadata.file_metadata().schema_descr();
        (0..schema.num_columns()).map(move |at| schema.column(at).path().string())
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// An error in this file.
    pub(crate) fn bad(&self, column: &str, offset: u64, reason: &str) -> Error {
        Error::Corrupt {
            key: self.key.to_string(),
            column: column.to_owned(),
            offset,
            reason: reason.to_owned(),
        }
    }

    fn chunk_metadata(&self, group: usize, column: &str) -> Result<&ColumnChunkMetaData, Error> {
        let at = self.columns.get(column).ok_or_else(|| self.bad(column, 0, "there is no such column"))?;
        let group = self.metadata.row_groups().get(group);
        group
            .and_then(|group| group.columns().get(*at))
            .ok_or_else(|| self.bad(column, 0, "a row group lacks it"))
    }

    /// Where the pages of a column lie.
    pub(crate) fn chunk(&self, group: usize, column: &str) -> Result<Arc<Chunk>, Error> {
        let at =
            self.columns.get(column).and_then(|at| at.checked_add(group.checked_mul(self.columns.len())?));
        let place = at.and_then(|at| self.chunks.get(at));
        let place = place.ok_or_else(|| self.bad(column, 0, "there is no such column"))?;
        if let Some(chunk) = place.get() {
            return Ok(Arc::clone(chunk));
        }
        let chunk = Arc::new(self.find_chunk(group, column)?);
        Ok(Arc::clone(place.get_or_init(|| chunk)))
    }

    fn find_chunk(&self, group: usize, column: &str) -> Result<Chunk, Error> {
        let metadata = self.chunk_metadata(group, column)?;
        let zstd = match metadata.compression() {
            Compression::ZSTD(_) => true,
            Compression::UNCOMPRESSED => false,
            _ => return Err(self.bad(column, 0, "it is packed in a way that this version does not know")),
        };
        let index = metadata.offset_index_range().and_then(|range| self.in_tail(&range));
        let index = index.ok_or_else(|| self.bad(column, 0, "it has no offset index"))?;
        let index = decode_offset_index(&index).map_err(|error| self.bad(column, 0, &error.to_string()))?;
        let rows = self.rows(group)?;
        let places = index.page_locations();
        let mut pages = Vec::with_capacity(places.len());
        for (at, place) in places.iter().enumerate() {
            let next = places.get(at + 1).map_or(i64::from(rows), |next| next.first_row_index);
            let number = |value: i64| u32::try_from(value).ok().filter(|row| *row <= rows);
            let (first, next) = number(place.first_row_index)
                .zip(number(next))
                .filter(|(first, next)| first < next)
                .ok_or_else(|| self.bad(column, 0, "its pages' rows do not ascend"))?;
            pages.push(PageAt {
                bytes: self.data(column, place.offset, i64::from(place.compressed_page_size))?,
                rows: first..next,
            });
        }
        let dictionary = match (metadata.dictionary_page_offset(), pages.first()) {
            (Some(start), Some(page)) => {
                Some(self.data(column, start, (page.bytes.start as i64).saturating_sub(start))?)
            }
            _ => None,
        };
        Ok(Chunk { column: column.into(), dictionary, pages, zstd })
    }

    fn data(&self, column: &str, start: i64, len: i64) -> Result<Range<u64>, Error> {
        let range = u64::try_from(start).ok().zip(u64::try_from(len).ok());
        range
            .and_then(|(start, len)| Some(start..start.checked_add(len)?))
            .filter(|range| range.end <= self.tail_start)
            .ok_or_else(|| self.bad(column, 0, "a page lies outside of the file"))
    }

    fn in_tail(&self, range: &Range<u64>) -> Option<Bytes> {
        let start = usize::try_from(range.start.checked_sub(self.tail_start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.tail_start)?).ok()?;
        (start <= end && end <= self.tail.len()).then(|| self.tail.slice(start..end))
    }

    /// The least and the greatest value of a column of integers in a row group.
    pub(crate) fn bounds(&self, group: usize, column: &str) -> Option<(i64, i64)> {
        match self.chunk_metadata(group, column).ok()?.statistics()? {
            Statistics::Int64(bounds) => Some((*bounds.min_opt()?, *bounds.max_opt()?)),
            // Series ids are unsigned.
            Statistics::Int32(bounds) => {
                Some((i64::from(*bounds.min_opt()? as u32), i64::from(*bounds.max_opt()? as u32)))
            }
            _ => None,
        }
    }

    /// The statistics of a column's pages.
    pub(crate) fn page_bounds(&self, group: usize, column: &str) -> Option<ColumnIndexMetaData> {
        let metadata = self.chunk_metadata(group, column).ok()?;
        let index = metadata.column_index_range().and_then(|range| self.in_tail(&range))?;
        decode_column_index(&index, metadata.column_type()).ok()
    }

    /// Whether a column may hold a text, as far as its bloom filter knows.
    pub(crate) fn may_hold(&self, group: usize, column: &str, text: &str) -> bool {
        let filter = || {
            let metadata = self.chunk_metadata(group, column).ok()?;
            let start = u64::try_from(metadata.bloom_filter_offset()?).ok()?;
            let len = u64::try_from(metadata.bloom_filter_length()?).ok()?;
            let bytes = self.in_tail(&(start..start.checked_add(len)?))?;
            Sbbf::from_bytes(&bytes).ok()
        };
        filter().is_none_or(|filter| filter.check(text))
    }

    /// Whether all values of a column are ids into its dictionary.
    pub(crate) fn is_all_dictionary(&self, group: usize, column: &str) -> bool {
        let Ok(metadata) = self.chunk_metadata(group, column) else { return false };
        match (metadata.page_encoding_stats(), metadata.page_encoding_stats_mask()) {
            (Some(stats), _) => stats.iter().all(|stats| {
                stats.page_type == parquet::basic::PageType::DICTIONARY_PAGE
                    || stats.encoding == Encoding::RLE_DICTIONARY
            }),
            (None, Some(mask)) => mask.is_only(Encoding::RLE_DICTIONARY),
            (None, None) => false,
        }
    }
}

impl Chunk {
    /// The pages that hold any of the rows; `rows` are ascending ranges.
    pub(crate) fn pages_of<'a>(&'a self, rows: &'a [Range<u32>]) -> impl Iterator<Item = &'a PageAt> {
        self.pages.iter().filter(move |page| {
            let at = rows.partition_point(|range| range.end <= page.rows.start);
            rows.get(at).is_some_and(|range| range.start < page.rows.end)
        })
    }
}
