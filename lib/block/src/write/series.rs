//! `series.parquet`: one row per series of a part.

use mneme_model::TimestampMs;
use mneme_model::labels::METRIC_NAME;
use parquet::basic::{ConvertedType, Encoding, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterPropertiesBuilder};
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::sync::Arc;

use super::file::Buffer;
use super::file::Out;
use super::labels::{Arranged, LabelColumn, LabelColumns};
use super::{WriterOptions, columns, file};
use crate::Error;
use crate::meta::FileMeta;
use crate::rows::List;

/// Rows of a page.
const PAGE_ROWS: usize = 4096;

/// Dictionaries stay whole up to this size, so that a label's values are exactly those of its dictionary.
const DICTIONARY_BYTES: usize = 16 << 20;

/// Labels with more values than this have a bloom filter, and these have one always.
const BLOOM_VALUES: usize = 1000;
const ALWAYS_BLOOM: [&str; 2] = ["pod", "instance"];

/// What there is of each series of a part.
#[derive(Debug, Default)]
pub(crate) struct SeriesStats {
    pub(crate) mint: Vec<TimestampMs>,
    pub(crate) maxt: Vec<TimestampMs>,
    pub(crate) samples: Vec<i64>,
}

impl SeriesStats {
    pub(crate) fn new(series: usize) -> Self {
        Self {
            mint: vec![TimestampMs::MAX; series],
            maxt: vec![TimestampMs::MIN; series],
            samples: vec![0; series],
        }
    }

    /// Adds so many samples from `first` to `last`.
    pub(crate) fn add(&mut self, sid: usize, samples: usize, first: TimestampMs, last: TimestampMs) {
        self.mint[sid] = self.mint[sid].min(first);
        self.maxt[sid] = self.maxt[sid].max(last);
        self.samples[sid] += samples as i64;
    }
}

/// Makes the series table.
pub(crate) fn write(
    options: &WriterOptions,
    labels: LabelColumns,
    stats: &SeriesStats,
    out: Out<'_>,
) -> Result<FileMeta, Error> {
    let arranged = labels.arrange(options.max_label_columns);
    let properties = properties(options, &arranged)?;
    let mut writer = file::begin(schema(&arranged)?, properties)?;
    let mut group = writer.next_row_group()?;
    let sids: Vec<i32> = (0..arranged.series as i32).collect();
    columns::scalars::<Int32Type, _>(&mut group, &sids, PAGE_ROWS)?;
    columns::scalars::<Int64Type, _>(&mut group, &stats.mint, PAGE_ROWS)?;
    columns::scalars::<Int64Type, _>(&mut group, &stats.maxt, PAGE_ROWS)?;
    columns::scalars::<Int64Type, _>(&mut group, &stats.samples, PAGE_ROWS)?;
    let Arranged { columns, rest, series } = arranged;
    for (_, column) in columns {
        write_label(&mut group, column, series as usize)?;
    }
    if !rest.is_empty() {
        write_rest(&mut group, rest, series as usize)?;
    }
    group.close()?;
    file::finish(writer, out)
}

fn properties(options: &WriterOptions, arranged: &Arranged) -> Result<WriterPropertiesBuilder, Error> {
    let mut properties = file::properties(options, "series", PAGE_ROWS)?;
    for name in ["sid", "mint", "maxt", "nsamples"] {
        let path = ColumnPath::from(name);
        properties = properties
            .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(path, EnabledStatistics::Page);
    }
    for (name, column) in &arranged.columns {
        let path = ColumnPath::new(vec![format!("l_{name}")]);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), true)
            .set_column_dictionary_page_size_limit(path.clone(), DICTIONARY_BYTES);
        // Only the metric's name is sorted, so that only its pages differ in their bounds.
        if &**name == METRIC_NAME {
            properties = properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::Page);
        }
        if column.dictionary.len() > BLOOM_VALUES || ALWAYS_BLOOM.contains(&&**name) {
            properties = properties
                .set_column_bloom_filter_enabled(path.clone(), true)
                .set_column_bloom_filter_fpp(path.clone(), 0.01)
                .set_column_bloom_filter_max_ndv(path, column.dictionary.len() as u64);
        }
    }
    for leaf in ["key", "value"] {
        let path = ColumnPath::new(vec!["l_rest".to_owned(), "key_value".to_owned(), leaf.to_owned()]);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), true)
            .set_column_dictionary_page_size_limit(path, DICTIONARY_BYTES);
    }
    let sorted = SortingColumn { column_idx: 0, descending: false, nulls_first: false };
    Ok(properties.set_sorting_columns(Some(vec![sorted])))
}

fn schema(arranged: &Arranged) -> Result<TypePtr, Error> {
    let sid = Type::primitive_type_builder("sid", Physical::INT32)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::integer(32, false)))
        .with_converted_type(ConvertedType::UINT_32);
    let mut fields: Vec<TypePtr> = vec![Arc::new(sid.build()?)];
    for name in ["mint", "maxt", "nsamples"] {
        let number = Type::primitive_type_builder(name, Physical::INT64);
        fields.push(Arc::new(number.with_repetition(Repetition::REQUIRED).build()?));
    }
    let text = |name: &str, repetition| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(repetition)
            .with_logical_type(Some(LogicalType::String))
            .with_converted_type(ConvertedType::UTF8)
            .build()
    };
    for (name, _) in &arranged.columns {
        fields.push(Arc::new(text(&format!("l_{name}"), Repetition::OPTIONAL)?));
    }
    if !arranged.rest.is_empty() {
        let pair =
            Type::group_type_builder("key_value").with_repetition(Repetition::REPEATED).with_fields(vec![
                Arc::new(text("key", Repetition::REQUIRED)?),
                Arc::new(text("value", Repetition::REQUIRED)?),
            ]);
        let map = Type::group_type_builder("l_rest")
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(Some(LogicalType::Map))
            .with_converted_type(ConvertedType::MAP)
            .with_fields(vec![Arc::new(pair.build()?)]);
        fields.push(Arc::new(map.build()?));
    }
    Ok(Arc::new(Type::group_type_builder("series").with_fields(fields).build()?))
}

/// Writes a label's column page by page; its memory goes with it.
fn write_label(
    group: &mut SerializedRowGroupWriter<'_, Buffer>,
    column: LabelColumn,
    series: usize,
) -> Result<(), Error> {
    let LabelColumn { dictionary, runs, ids } = column;
    let dictionary = dictionary.into_values();
    let mut having = runs.into_iter().flatten().map(|series| series as usize).peekable();
    let mut ids = ids.into_iter();
    let mut out = columns::next(group)?;
    let (mut defined, mut values) = (Vec::with_capacity(PAGE_ROWS), Vec::with_capacity(PAGE_ROWS));
    for start in (0..series).step_by(PAGE_ROWS) {
        let end = series.min(start + PAGE_ROWS);
        defined.clear();
        defined.resize(end - start, 0i16);
        values.clear();
        while let Some(series) = having.next_if(|series| *series < end) {
            defined[series - start] = 1;
            values.extend(ids.next().map(|id| dictionary.get(id)));
        }
        out.typed::<ByteArrayType>().write_batch(&values, Some(&defined), None)?;
    }
    Ok(out.close()?)
}

/// The labels without columns as maps: two leaves with the same levels.
fn write_rest(
    group: &mut SerializedRowGroupWriter<'_, Buffer>,
    rest: Vec<(Box<str>, LabelColumn)>,
    series: usize,
) -> Result<(), Error> {
    let names: Vec<ByteArray> = rest.iter().map(|(name, _)| ByteArray::from(&**name)).collect();
    let mut entries: Vec<(u32, usize, u32)> = Vec::new();
    let mut dictionaries = Vec::new();
    for (at, (_, column)) in rest.into_iter().enumerate() {
        entries.extend(column.values().map(|(series, id)| (series, at, id)));
        dictionaries.push(column.dictionary.into_values());
    }
    entries.sort_unstable();
    let mut lens = vec![0u32; series];
    entries.iter().for_each(|(series, _, _)| lens[*series as usize] += 1);
    let keys = entries.iter().map(|(_, at, _)| names[*at].clone()).collect();
    columns::lists::<ByteArrayType>(group, &List { values: keys, lens: lens.clone() }, PAGE_ROWS)?;
    let values = entries.iter().map(|(_, at, id)| dictionaries[*at].get(*id));
    columns::lists::<ByteArrayType>(group, &List { values: values.collect(), lens }, PAGE_ROWS)
}
