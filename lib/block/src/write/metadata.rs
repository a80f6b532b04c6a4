//! `metadata.parquet`: what metric families said of themselves, and when.

use mneme_model::{Metadata, TimestampMs};
use parquet::basic::Encoding;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::schema::types::ColumnPath;

use super::file::Out;
use super::{WriterOptions, columns, file};
use crate::Error;
use crate::meta::FileMeta;
use crate::schema;

const PAGE_ROWS: usize = 4096;

/// One metadata of a metric family, and from when to when it was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataRow {
    /// The family's name.
    pub metric: String,
    /// When it was first seen (milliseconds), as far as this block knows.
    pub first: TimestampMs,
    /// When it was last seen.
    pub last: TimestampMs,
    /// Type, help, unit.
    pub metadata: Metadata,
}

/// Makes the table; equal metadata of a family become one row.
pub(crate) fn write(
    options: &WriterOptions,
    mut rows: Vec<MetadataRow>,
    out: Out<'_>,
) -> Result<FileMeta, Error> {
    rows.sort_by(|a, b| (&a.metric, &a.metadata, a.first).cmp(&(&b.metric, &b.metadata, b.first)));
    rows.dedup_by(|next, kept| {
        let same = next.metric == kept.metric && next.metadata == kept.metadata;
        if same {
            kept.last = kept.last.max(next.last);
        }
        same
    });
    rows.sort();
    let mut properties = file::properties(options, "metadata", PAGE_ROWS)?;
    for name in ["type", "first", "last"] {
        properties = properties.set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    let mut writer = file::begin(columns::schema_of(schema::metadata())?, properties)?;
    let mut group = writer.next_row_group()?;
    let text = |of: fn(&MetadataRow) -> &str| -> Vec<ByteArray> {
        rows.iter().map(|row| ByteArray::from(of(row))).collect()
    };
    let types: Vec<i32> = rows.iter().map(|row| row.metadata.metric_type as i32).collect();
    columns::scalars::<ByteArrayType, _>(&mut group, &text(|row| &row.metric), PAGE_ROWS)?;
    columns::scalars::<Int32Type, _>(&mut group, &types, PAGE_ROWS)?;
    columns::scalars::<ByteArrayType, _>(
        &mut group,
        &text(|row| row.metadata.metric_type.as_str()),
        PAGE_ROWS,
    )?;
    columns::scalars::<ByteArrayType, _>(&mut group, &text(|row| &row.metadata.help), PAGE_ROWS)?;
    columns::scalars::<ByteArrayType, _>(&mut group, &text(|row| &row.metadata.unit), PAGE_ROWS)?;
    columns::scalars::<Int64Type, _>(
        &mut group,
        &rows.iter().map(|row| row.first).collect::<Vec<_>>(),
        PAGE_ROWS,
    )?;
    columns::scalars::<Int64Type, _>(
        &mut group,
        &rows.iter().map(|row| row.last).collect::<Vec<_>>(),
        PAGE_ROWS,
    )?;
    group.close()?;
    file::finish(writer, out)
}
