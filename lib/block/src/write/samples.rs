//! `samples.parquet`: one row per series and window.

use mneme_model::TimestampMs;
use parquet::basic::Encoding;
use parquet::data_type::{DoubleType, Int32Type, Int64Type};
use parquet::file::properties::{EnabledStatistics, WriterPropertiesBuilder};
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnPath;

use super::file::Buffer;
use super::file::{self, Out, Writer};
use super::{WriterOptions, columns};
use crate::Error;
use crate::meta::FileMeta;
use crate::rows::FloatRows;
use crate::schema;

/// Pages of timestamps hold this many rows: the series of one target repeat them.
const TIME_PAGE_ROWS: usize = 2048;

/// The samples table that is being made.
pub(crate) struct SamplesFile {
    writer: Writer,
    rows: FloatRows,
    options: WriterOptions,
}

impl SamplesFile {
    pub(crate) fn new(options: &WriterOptions) -> Result<Self, Error> {
        let schema = columns::schema_of(&schema::samples())?;
        let properties = float_properties(file::properties(options, "samples", options.page_rows)?, options);
        let writer = file::begin(schema, properties)?;
        Ok(Self { writer, rows: FloatRows::default(), options: options.clone() })
    }

    /// Appends the samples of a series in the current window.
    pub(crate) fn push(
        &mut self,
        sid: u32,
        t: &[TimestampMs],
        v: &[f64],
        st: &[TimestampMs],
        out: Out<'_>,
    ) -> Result<(), Error> {
        self.rows.push(sid, t, v, st);
        if self.rows.rows() >= self.options.group_rows || self.rows.samples >= self.options.group_samples {
            self.end_group(out)?;
        }
        Ok(())
    }

    /// Ends the open row group, also at the end of a window.
    pub(crate) fn end_group(&mut self, mut out: Out<'_>) -> Result<(), Error> {
        if self.rows.rows() > 0 {
            let mut group = self.writer.next_row_group()?;
            write_floats(&mut group, &self.rows, self.options.page_rows)?;
            group.close()?;
            self.rows.clear();
            file::drain(&mut self.writer, &mut out)?;
        }
        Ok(())
    }

    /// All row groups are ended.
    pub(crate) fn finish(self, out: Out<'_>) -> Result<FileMeta, Error> {
        file::finish(self.writer, out)
    }
}

/// The properties of the columns of float rows.
pub(crate) fn float_properties(
    mut properties: WriterPropertiesBuilder,
    options: &WriterOptions,
) -> WriterPropertiesBuilder {
    for name in schema::SCALARS {
        properties = properties.set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    for name in ["sid", "t0"] {
        properties =
            properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    let split = if options.byte_stream_split { Encoding::BYTE_STREAM_SPLIT } else { Encoding::PLAIN };
    for name in ["sd", "td", "dl", "f", "d"] {
        properties = properties.set_column_encoding(schema::leaf(name), split);
    }
    for name in ["xi", "xv"] {
        properties = properties.set_column_encoding(schema::leaf(name), Encoding::PLAIN);
    }
    properties.set_column_data_page_row_count_limit(schema::leaf("td"), TIME_PAGE_ROWS)
}

/// Writes the columns of float rows.
pub(crate) fn write_floats(
    group: &mut SerializedRowGroupWriter<'_, Buffer>,
    rows: &FloatRows,
    page: usize,
) -> Result<(), Error> {
    columns::scalars::<Int32Type, _>(group, &rows.sid, page)?;
    columns::scalars::<Int64Type, _>(group, &rows.t0, page)?;
    columns::scalars::<Int32Type, _>(group, &rows.n, page)?;
    columns::scalars::<Int32Type, _>(group, &rows.step, page)?;
    columns::scalars::<Int32Type, _>(group, &rows.k, page)?;
    columns::scalars::<Int32Type, _>(group, &rows.e, page)?;
    columns::scalars::<Int64Type, _>(group, &rows.m0, page)?;
    columns::scalars::<Int64Type, _>(group, &rows.st, page)?;
    columns::lists::<Int32Type>(group, &rows.xi, page)?;
    columns::lists::<DoubleType>(group, &rows.xv, page)?;
    columns::lists::<Int64Type>(group, &rows.sd, page)?;
    columns::lists::<Int32Type>(group, &rows.td, page)?;
    columns::lists::<Int64Type>(group, &rows.dl, page)?;
    columns::lists::<DoubleType>(group, &rows.f, page)?;
    columns::lists::<Int32Type>(group, &rows.d, page)
}
