//! A long table: one row per float sample with its labels, for tools that want nothing to decode.

use std::io::Write;

use mneme_model::{Labels, TimestampMs};
use parquet::basic::Encoding;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::{WriterOptions, columns, file};
use crate::Error;

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 20;

/// Rows of a page.
const PAGE_ROWS: usize = 1 << 16;

const SCHEMA: &str = "message samples {\nrequired binary metric (UTF8);\nrequired binary labels (JSON);\n\
                      required int64 ts;\nrequired double v;\n}";

/// Writes (metric, labels as JSON, time in ms, value) as Parquet.
pub struct LongTable<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    metric: Vec<ByteArray>,
    labels: Vec<ByteArray>,
    t: Vec<i64>,
    v: Vec<f64>,
}

impl<W: Write + Send> LongTable<W> {
    /// Begins a table.
    pub fn new(out: W) -> Result<Self, Error> {
        let mut properties = file::properties(&WriterOptions::flush(), "long", PAGE_ROWS)?;
        for name in ["metric", "labels"] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), true);
        }
        let properties = properties
            .set_column_encoding(ColumnPath::from("ts"), Encoding::DELTA_BINARY_PACKED)
            .set_column_encoding(ColumnPath::from("v"), Encoding::BYTE_STREAM_SPLIT);
        let schema = columns::schema_of(SCHEMA)?;
        let writer = SerializedFileWriter::new(out, schema, std::sync::Arc::new(properties.build()))?;
        Ok(Self { writer, metric: Vec::new(), labels: Vec::new(), t: Vec::new(), v: Vec::new() })
    }

    /// Appends samples of a series.
    pub fn push(&mut self, labels: &Labels, t: &[TimestampMs], v: &[f64]) -> Result<(), Error> {
        let metric = ByteArray::from(labels.metric_name());
        let others = labels.without_metric_name();
        let others = serde_json::to_vec(&crate::meta::SeriesKey(others));
        let others = ByteArray::from(others.map_err(|error| Error::Write(error.to_string()))?);
        let mut rest = t.iter().zip(v);
        while rest.len() > 0 {
            let room = GROUP_ROWS - self.t.len();
            let here = rest.len().min(room);
            for (t, v) in rest.by_ref().take(here) {
                self.t.push(*t);
                self.v.push(*v);
            }
            self.metric.resize(self.t.len(), metric.clone());
            self.labels.resize(self.t.len(), others.clone());
            if self.t.len() == GROUP_ROWS {
                self.end_group()?;
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), Error> {
        if self.t.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        columns::scalars::<ByteArrayType, _>(&mut group, &self.metric, PAGE_ROWS)?;
        columns::scalars::<ByteArrayType, _>(&mut group, &self.labels, PAGE_ROWS)?;
        columns::scalars::<Int64Type, _>(&mut group, &self.t, PAGE_ROWS)?;
        columns::scalars::<DoubleType, _>(&mut group, &self.v, PAGE_ROWS)?;
        group.close()?;
        self.metric.clear();
        self.labels.clear();
        self.t.clear();
        self.v.clear();
        Ok(())
    }

    /// Ends the table.
    pub fn finish(mut self) -> Result<(), Error> {
        self.end_group()?;
        self.writer.finish()?;
        Ok(())
    }
}
