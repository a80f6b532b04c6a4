//! `exemplars.parquet`: one row per exemplar, sorted by series and time.

use mneme_model::Exemplar;
use parquet::basic::Encoding;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::EnabledStatistics;
use parquet::schema::types::ColumnPath;

use super::file::Out;
use super::{WriterOptions, columns, file};
use crate::Error;
use crate::meta::FileMeta;
use crate::rows::List;
use crate::schema;

/// The label that has a column of its own.
pub(crate) const TRACE_ID: &str = "trace_id";

const PAGE_ROWS: usize = 4096;

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 17;

/// Makes the table; `exemplars` are sorted by series and time.
pub(crate) fn write(
    options: &WriterOptions,
    exemplars: &[(u32, Exemplar)],
    mut out: Out<'_>,
) -> Result<FileMeta, Error> {
    let mut properties = file::properties(options, "exemplars", PAGE_ROWS)?;
    for name in ["sid", "ts"] {
        let path = ColumnPath::from(name);
        properties = properties
            .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(path, EnabledStatistics::Page);
    }
    let key = ColumnPath::new(vec!["labels".to_owned(), "key_value".to_owned(), "key".to_owned()]);
    let properties = properties.set_column_dictionary_enabled(key, true);
    let mut writer = file::begin(columns::schema_of(schema::exemplars())?, properties)?;
    for rows in exemplars.chunks(GROUP_ROWS) {
        let mut group = writer.next_row_group()?;
        let sids: Vec<i32> = rows.iter().map(|(sid, _)| *sid as i32).collect();
        let times: Vec<i64> = rows.iter().map(|(_, it)| it.timestamp).collect();
        let values: Vec<f64> = rows.iter().map(|(_, it)| it.value).collect();
        columns::scalars::<Int32Type, _>(&mut group, &sids, PAGE_ROWS)?;
        columns::scalars::<Int64Type, _>(&mut group, &times, PAGE_ROWS)?;
        columns::scalars::<DoubleType, _>(&mut group, &values, PAGE_ROWS)?;
        let traces: Vec<Option<&str>> = rows.iter().map(|(_, it)| it.labels.get(TRACE_ID)).collect();
        let defined: Vec<i16> = traces.iter().map(|trace| i16::from(trace.is_some())).collect();
        let traces: Vec<ByteArray> = traces.into_iter().flatten().map(ByteArray::from).collect();
        columns::optionals::<ByteArrayType>(&mut group, &traces, &defined, PAGE_ROWS)?;
        let (mut keys, mut texts) = (List::default(), List::default());
        for (_, exemplar) in rows {
            let others = || exemplar.labels.iter().filter(|(name, _)| *name != TRACE_ID);
            keys.push_row(others().map(|(name, _)| ByteArray::from(name)));
            texts.push_row(others().map(|(_, value)| ByteArray::from(value)));
        }
        columns::lists::<ByteArrayType>(&mut group, &keys, PAGE_ROWS)?;
        columns::lists::<ByteArrayType>(&mut group, &texts, PAGE_ROWS)?;
        group.close()?;
        file::drain(&mut writer, &mut out)?;
    }
    file::finish(writer, out)
}
