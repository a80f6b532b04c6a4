//! `hist.parquet`: one row per series, window and layout of native histograms.

use mneme_model::chunk::HistogramSample;
use parquet::basic::Encoding;
use parquet::data_type::{DoubleType, Int32Type, Int64Type};
use parquet::schema::types::ColumnPath;

use super::file::{self, Out, Writer};
use super::samples::{float_properties, write_floats};
use super::{WriterOptions, columns};
use crate::Error;
use crate::meta::FileMeta;
use crate::rows::HistogramRows;
use crate::schema;

/// A row group ends at this many numbers at the latest.
const GROUP_NUMBERS: usize = 2 << 20;

/// The histogram table that is being made.
pub(crate) struct HistogramsFile {
    writer: Writer,
    rows: HistogramRows,
    options: WriterOptions,
}

impl HistogramsFile {
    pub(crate) fn new(options: &WriterOptions) -> Result<Self, Error> {
        let mut properties =
            float_properties(file::properties(options, "histograms", options.page_rows)?, options);
        for (name, kind) in schema::HISTOGRAM_SCALARS {
            let encoding = if kind == "double" { Encoding::PLAIN } else { Encoding::DELTA_BINARY_PACKED };
            properties = properties.set_column_encoding(ColumnPath::from(name), encoding);
        }
        let split = if options.byte_stream_split { Encoding::BYTE_STREAM_SPLIT } else { Encoding::PLAIN };
        for (name, _) in schema::HISTOGRAM_LISTS {
            properties = properties.set_column_encoding(schema::leaf(name), split);
        }
        let writer = file::begin(columns::schema_of(&schema::histograms())?, properties)?;
        Ok(Self { writer, rows: HistogramRows::default(), options: options.clone() })
    }

    /// Appends the histograms of a series in the current window.
    pub(crate) fn push(&mut self, sid: u32, samples: &[HistogramSample], out: Out<'_>) -> Result<(), Error> {
        self.rows.push(sid, samples);
        if self.rows.sums.rows() >= self.options.group_rows || self.rows.numbers() >= GROUP_NUMBERS {
            self.end_group(out)?;
        }
        Ok(())
    }

    /// Ends the open row group, also at the end of a window.
    pub(crate) fn end_group(&mut self, mut out: Out<'_>) -> Result<(), Error> {
        let (rows, page) = (&self.rows, self.options.page_rows);
        if rows.sums.rows() == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        write_floats(&mut group, &rows.sums, page)?;
        columns::scalars::<Int32Type, _>(&mut group, &rows.kind, page)?;
        columns::scalars::<Int32Type, _>(&mut group, &rows.hint, page)?;
        columns::scalars::<Int32Type, _>(&mut group, &rows.schema, page)?;
        columns::scalars::<DoubleType, _>(&mut group, &rows.zero_threshold, page)?;
        columns::scalars::<Int32Type, _>(&mut group, &rows.positive_spans, page)?;
        columns::scalars::<Int32Type, _>(&mut group, &rows.positive_buckets, page)?;
        columns::scalars::<Int32Type, _>(&mut group, &rows.negative_buckets, page)?;
        columns::lists::<Int32Type>(&mut group, &rows.span_offset, page)?;
        columns::lists::<Int32Type>(&mut group, &rows.span_length, page)?;
        columns::lists::<DoubleType>(&mut group, &rows.bounds, page)?;
        columns::lists::<Int64Type>(&mut group, &rows.count, page)?;
        columns::lists::<Int64Type>(&mut group, &rows.zero, page)?;
        columns::lists::<Int64Type>(&mut group, &rows.bucket, page)?;
        columns::lists::<DoubleType>(&mut group, &rows.count_f, page)?;
        columns::lists::<DoubleType>(&mut group, &rows.zero_f, page)?;
        columns::lists::<DoubleType>(&mut group, &rows.bucket_f, page)?;
        group.close()?;
        self.rows.clear();
        file::drain(&mut self.writer, &mut out)
    }

    /// All row groups are ended.
    pub(crate) fn finish(self, out: Out<'_>) -> Result<FileMeta, Error> {
        file::finish(self.writer, out)
    }
}
