//! One Parquet file that is being made: row groups leave memory as they are done.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::{
    BloomFilterPosition, EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;

use super::{Sink, WriterOptions};
use crate::Error;
use crate::codec::checks::{self, Checker};
use crate::meta::{FileKind, FileMeta};

/// Texts in statistics are cut to this many bytes.
const STATISTICS_BYTES: usize = 32;

/// Larger than any page that rows make: pages end by their rows.
const PAGE_BYTES: usize = 128 << 20;

/// Writes one file. Between two row groups its bytes lie in the buffer, until [`drain`] takes them.
pub(crate) type Writer = SerializedFileWriter<Buffer>;

/// Bytes that nobody has taken yet, and the checksums of all that there were.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    checker: Checker,
}

impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.checker.add(bytes);
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Fewer bytes than this wait for the next row group.
const PIECE: usize = 1 << 20;

/// Which file it is, and where its bytes go.
pub(crate) struct Out<'a> {
    pub(crate) sink: &'a mut dyn Sink,
    pub(crate) part: usize,
    pub(crate) kind: FileKind,
}

/// What all files have in common. Statistics and dictionaries are for the columns that ask for them.
pub(crate) fn properties(
    options: &WriterOptions,
    format: &str,
    page_rows: usize,
) -> Result<WriterPropertiesBuilder, Error> {
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    Ok(WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(options.zstd_level)?))
        .set_created_by("mneme".to_owned())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_data_page_row_count_limit(page_rows)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES))
        .set_bloom_filter_position(BloomFilterPosition::End)
        .set_bloom_filter_for_dictionary_encoded_chunks(true)
        .set_key_value_metadata(Some(vec![
            pair("mneme.format", format!("{format}/1")),
            pair("mneme.window_ms", options.window_ms.to_string()),
        ])))
}

/// Begins a file.
pub(crate) fn begin(schema: TypePtr, properties: WriterPropertiesBuilder) -> Result<Writer, Error> {
    Ok(SerializedFileWriter::new(Buffer::default(), schema, Arc::new(properties.build()))?)
}

/// Hands on what is written of a file, if that is worth it. Between row groups only.
pub(crate) fn drain(writer: &mut Writer, out: &mut Out<'_>) -> Result<(), Error> {
    writer.flush().map_err(|error| Error::Write(error.to_string()))?;
    if writer.inner().bytes.len() < PIECE {
        return Ok(());
    }
    let bytes = std::mem::take(&mut writer.inner_mut().bytes);
    out.sink.write(out.part, out.kind, bytes.into())
}

/// Ends a file: hands on the rest, and says what there is to say of it.
pub(crate) fn finish(mut writer: Writer, mut out: Out<'_>) -> Result<FileMeta, Error> {
    drain(&mut writer, &mut out)?;
    // All data has been written, and nothing of the footer.
    let checks = std::mem::take(&mut writer.inner_mut().checker).finish();
    writer.append_key_value_metadata(KeyValue::new(checks::KEY.to_owned(), checks.text()));
    let before = writer.bytes_written() - writer.inner().bytes.len();
    let metadata = writer.finish()?;
    writer.flush().map_err(|error| Error::Write(error.to_string()))?;
    let size = writer.bytes_written();
    let rest = std::mem::take(&mut writer.inner_mut().bytes);
    let behind = || Error::Write("columns end behind their file".to_owned());
    let tail =
        data_end(&metadata).checked_sub(before).and_then(|start| rest.get(start..)).ok_or_else(behind)?;
    let meta = FileMeta {
        size: size as u64,
        tail: u32::try_from(tail.len())
            .map_err(|_| Error::Write("a footer is larger than 4 GiB".to_owned()))?,
        tail_crc: crc32c::crc32c(tail),
    };
    out.sink.write(out.part, out.kind, rest.into())?;
    out.sink.finish(out.part, out.kind)?;
    Ok(meta)
}

/// Where the last column chunk ends.
fn data_end(metadata: &ParquetMetaData) -> usize {
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    columns
        .map(|column| {
            let (start, len) = column.byte_range();
            (start + len) as usize
        })
        .max()
        .unwrap_or(4)
}
