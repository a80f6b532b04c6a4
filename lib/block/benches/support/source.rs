//! Series as columns in memory.

use mneme_block::Error;
use mneme_block::meta::SeriesKey;
use mneme_block::write::Source;
use mneme_model::chunk::RawSamples;
use mneme_model::{Exemplar, Labels, TimestampMs};

/// A series' labels, times and values.
pub(crate) struct Column {
    pub(crate) labels: Labels,
    pub(crate) t: Vec<TimestampMs>,
    pub(crate) v: Vec<f64>,
}

/// Sorted series.
pub(crate) struct Columns {
    pub(crate) series: Vec<Column>,
}

impl Columns {
    pub(crate) fn new(mut series: Vec<Column>) -> Self {
        series.sort_by(|a, b| SeriesKey::order(a.labels.view(), b.labels.view()));
        Self { series }
    }

    pub(crate) fn samples(&self) -> usize {
        self.series.iter().map(|series| series.t.len()).sum()
    }
}

impl Source for Columns {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, series: usize) -> Labels {
        self.series[series].labels.clone()
    }

    fn bytes(&self, series: usize) -> u64 {
        self.series[series].t.len() as u64
    }

    fn windows(&mut self, series: usize, window_ms: i64, out: &mut Vec<TimestampMs>) -> Result<(), Error> {
        let t = &self.series[series].t;
        if let (Some(first), Some(last)) = (t.first(), t.last()) {
            let start = |t: &i64| t - t.rem_euclid(window_ms);
            out.extend((start(first)..=start(last)).step_by(window_ms as usize));
        }
        Ok(())
    }

    fn read(
        &mut self,
        series: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut RawSamples,
    ) -> Result<(), Error> {
        let series = &self.series[series];
        let from = series.t.partition_point(|t| *t < start);
        let to = series.t.partition_point(|t| *t <= end);
        out.t.extend_from_slice(&series.t[from..to]);
        out.v.extend_from_slice(&series.v[from..to]);
        Ok(())
    }

    fn exemplars(&mut self, _: usize, _: &mut Vec<Exemplar>) -> Result<(), Error> {
        Ok(())
    }
}
